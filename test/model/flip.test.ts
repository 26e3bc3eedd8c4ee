import { expect, test } from "vitest";
import { flipModel, type World } from "./flip-model.ts";
import { ALL_RULES, type Rules } from "./rules.ts";
import { search } from "./search.ts";

/** Every interleaving of the flip across a fleet, in worlds that are small enough. See README.md here. */

const WORLD: World = {
  ...{ instanceCount: 2, joinerCount: 0, sessionCount: 1, coordinators: ["own"] },
  ...{ flipCount: 1, faultCount: 0, leaveCount: 0 },
};
const SESSIONS_FLIP: World = { ...WORLD, coordinators: ["session"] };
const TWO_COORDINATORS: World = {
  ...{ ...WORLD, instanceCount: 1, coordinators: ["own", "session"], flipCount: 2 },
};
const JOINER: World = { ...WORLD, joinerCount: 1 };
const ONE_INSTANCE: World = { ...WORLD, instanceCount: 1, flipCount: 2, faultCount: 2 };
const FAULT: World = { ...WORLD, faultCount: 1 };

const STATES_MAX = 2_000_000;
const TIMEOUT_MS = 300_000;
/** Also the worlds that take minutes. */
const IS_FULL = process.env["STRADDLE_MODEL_FULL"] !== undefined;

const worlds: readonly { readonly name: string; readonly world: World; readonly isLarge?: true }[] =
  [
    { name: "two instances, straddle window flip", world: WORLD },
    { name: "two instances, a client's RENAME", world: SESSIONS_FLIP },
    { name: "two coordinators at once, forth and back", world: TWO_COORDINATORS },
    { name: "a late joiner", world: JOINER },
    { name: "one that leaves", world: { ...WORLD, leaveCount: 1 } },
    { name: "one instance, two faults, forth and back", world: ONE_INSTANCE },
    { name: "two instances, any one fault", world: FAULT, isLarge: true },
    {
      name: "two instances, any one fault, a client's RENAME",
      world: { ...SESSIONS_FLIP, faultCount: 1 },
      isLarge: true,
    },
    { name: "forth and back", world: { ...WORLD, flipCount: 2 }, isLarge: true },
    { name: "a late joiner, any one fault", world: { ...JOINER, faultCount: 1 }, isLarge: true },
    {
      name: "three instances, one of them late",
      world: { ...WORLD, instanceCount: 3, joinerCount: 1 },
      isLarge: true,
    },
  ];
for (const { name, world, isLarge } of worlds) {
  test.skipIf(isLarge === true && !IS_FULL)(
    `no counter-example: ${name}`,
    () => {
      const { stateCount, stepCount, counterExample } = search(
        flipModel(world, ALL_RULES),
        STATES_MAX,
      );
      console.log(`${name}: ${stateCount} states, ${stepCount} steps`);
      expect(counterExample).toBeUndefined();
      // Flips do happen in it.
      expect(stateCount).toBeGreaterThan(1_000);
    },
    TIMEOUT_MS,
  );
}

const WRONG_NAME = "the server got a statement with the other name";

/** What is left out, where it shows, and how. */
const needed: readonly {
  readonly without: keyof Rules;
  readonly world: World;
  readonly reason: string;
}[] = [
  { without: "acknowledgements", world: WORLD, reason: WRONG_NAME },
  { without: "fence", world: WORLD, reason: WRONG_NAME },
  { without: "recheck", world: WORLD, reason: WRONG_NAME },
  { without: "margin", world: WORLD, reason: WRONG_NAME },
  { without: "oneAtATime", world: TWO_COORDINATORS, reason: WRONG_NAME },
  { without: "joinerReads", world: JOINER, reason: WRONG_NAME },
  { without: "joinerHolds", world: JOINER, reason: WRONG_NAME },
  { without: "drain", world: WORLD, reason: WRONG_NAME },
  { without: "releaseReads", world: WORLD, reason: WRONG_NAME },
  { without: "holdLasts", world: WORLD, reason: WRONG_NAME },
  { without: "deadlineReads", world: WORLD, reason: WRONG_NAME },
  { without: "excuses", world: ONE_INSTANCE, reason: WRONG_NAME },
  { without: "excuses", world: SESSIONS_FLIP, reason: WRONG_NAME },
  {
    without: "deadline",
    world: ONE_INSTANCE,
    reason: "a statement stays held until somebody helps",
  },
  {
    without: "recover",
    world: ONE_INSTANCE,
    reason: "a flip is neither finished nor abandoned until somebody helps",
  },
];
for (const { without, world, reason } of needed) {
  test(
    `without "${without}" there is a counter-example: ${world.coordinators.join(" and ")}`,
    () => {
      const { counterExample } = search(
        flipModel(world, { ...ALL_RULES, [without]: false }),
        STATES_MAX,
      );
      expect(counterExample?.reason, counterExample?.steps.join("\n")).toBe(reason);
    },
    TIMEOUT_MS,
  );
}

test(
  "without the withdrawal nothing goes wrong, as holds last longer than renames may",
  () => {
    const rules = { ...ALL_RULES, withdrawal: false };
    expect(search(flipModel(WORLD, rules), STATES_MAX).counterExample).toBeUndefined();
  },
  TIMEOUT_MS,
);
