import { beforeAll, expect, test } from "vitest";
import { Pins } from "../../src/session/pins.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { describeStatements } from "../../src/sql/statement.ts";

beforeAll(loadParser);

/** `touch 7` pins a relation; `fail` is the end of a message that failed; all else is SQL, a message each. */
const cases: readonly {
  readonly name: string;
  readonly steps: readonly string[];
  readonly pinned: readonly number[];
}[] = [
  { name: "a touch pins", steps: ["BEGIN", "touch 1"], pinned: [1] },
  { name: "COMMIT lets go", steps: ["BEGIN", "touch 1", "COMMIT"], pinned: [] },
  { name: "ROLLBACK lets go", steps: ["BEGIN", "touch 1", "ROLLBACK"], pinned: [] },
  {
    name: "a rollback to a savepoint gives back what came since",
    steps: ["touch 1", "SAVEPOINT one", "touch 2", "ROLLBACK TO one"],
    pinned: [1],
  },
  {
    name: "what was touched before stays, however often it was touched since",
    steps: ["touch 1", "SAVEPOINT one", "touch 1", "ROLLBACK TO SAVEPOINT one"],
    pinned: [1],
  },
  {
    name: "a savepoint can be rolled back to twice",
    steps: ["SAVEPOINT one", "touch 1", "ROLLBACK TO one", "touch 2", "ROLLBACK TO one"],
    pinned: [],
  },
  {
    name: "of two of one name the later one counts, until it is released",
    steps: ["SAVEPOINT one", "touch 1", "SAVEPOINT one", "touch 2", "ROLLBACK TO one"],
    pinned: [1],
  },
  {
    name: "a release keeps the locks, and the outer savepoint takes them back",
    steps: [
      ...["SAVEPOINT one", "touch 1", "SAVEPOINT two", "touch 2", "RELEASE two"],
      ...["touch 3", "ROLLBACK TO one"],
    ],
    pinned: [],
  },
  {
    name: "a rollback to one that is not known gives everything back",
    steps: ["touch 1", "ROLLBACK TO one"],
    pinned: [],
  },
  {
    name: "a savepoint of a message that failed may not be there",
    steps: ["SAVEPOINT one", "touch 1", "SAVEPOINT one", "fail", "ROLLBACK TO one"],
    pinned: [],
  },
  {
    name: "more savepoints than are kept: the oldest are not known",
    steps: [
      ...["SAVEPOINT first", "touch 1"],
      ...Array.from({ length: 64 }, (_, index) => `SAVEPOINT s${index}`),
      "ROLLBACK TO first",
    ],
    pinned: [],
  },
];
for (const { name, steps, pinned } of cases) {
  test(name, () => {
    const pins = new Pins();
    for (const [end, step] of steps.entries()) {
      const touched = /^touch (\d)$/.exec(step)?.[1];
      if (touched !== undefined) pins.add(Number(touched));
      else if (step === "fail") pins.failed(end - 1);
      else for (const facts of describeStatements(step).statements) pins.note(facts, end);
    }
    expect([1, 2, 3].filter((oid) => pins.has(oid))).toEqual(pinned);
  });
}
