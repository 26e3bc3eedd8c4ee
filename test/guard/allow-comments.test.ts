import { beforeAll, expect, test } from "vitest";
import { allowComments } from "../../src/guard/allow-comments.ts";
import { loadParser, parseSql } from "../../src/sql/parse.ts";

beforeAll(loadParser);

const ALLOW = "straddle:allow=ban-cluster reason='at night'";

/** Statement and rules or error, of each comment. */
function comments(text: string): readonly string[] {
  const parsed = parseSql(text);
  if (parsed.kind !== "parsed") throw new Error(text);
  return allowComments(text, parsed.statements).map(({ statement, allowance }) =>
    allowance.kind === "error"
      ? allowance.message
      : `${statement}: ${allowance.rules.join(" ")}: ${allowance.reason}`,
  );
}

const cases = [
  {
    name: "the next statement",
    text: `SELECT 0;\n-- ${ALLOW}\nCLUSTER t;`,
    found: ["1: ban-cluster: at night"],
  },
  {
    name: "on the same line, behind it",
    text: `CLUSTER t; -- ${ALLOW}\nSELECT 1;`,
    found: ["0: ban-cluster: at night"],
  },
  {
    name: "in it",
    text: `SELECT 0; CLUSTER /* ${ALLOW} */ t;`,
    found: ["1: ban-cluster: at night"],
  },
  {
    name: "in front of it, on its line",
    text: `/* ${ALLOW} */ CLUSTER t; SELECT 1`,
    found: ["0: ban-cluster: at night"],
  },
  {
    name: "behind the last one, on a line of its own",
    text: `CLUSTER t;\n-- ${ALLOW}\n`,
    found: ["undefined: ban-cluster: at night"],
  },
  {
    name: "several rules; a quote in the reason",
    text: "-- straddle:allow=ban-cluster,lock-timeout reason='it''s small'\nCLUSTER t;",
    found: ["0: ban-cluster lock-timeout: it's small"],
  },
  { name: "not in a string", text: "SELECT 'straddle:allow=nope'", found: [] },
  {
    name: "an unknown rule",
    text: "-- straddle:allow=ban-clutser reason='x'\nCLUSTER t;",
    found: ['straddle:allow: there is no rule "ban-clutser"'],
  },
  {
    name: "no reason, or an empty one",
    text: "-- straddle:allow=ban-cluster\nCLUSTER t; -- straddle:allow=ban-cluster reason=' '",
    found: [
      "straddle:allow=ban-cluster needs a reason: straddle:allow=ban-cluster reason='…'",
      "straddle:allow=ban-cluster needs a reason: straddle:allow=ban-cluster reason='…'",
    ],
  },
];

for (const { name, text, found } of cases) {
  test(name, () => {
    expect(comments(text)).toEqual(found);
  });
}
