import { beforeAll, expect, test } from "vitest";
import { RULE_IDS } from "../../src/base/rule-ids.ts";
import { Decider, type PlanInput } from "../../src/session/decider.ts";
import { planFrom, planTemplate } from "../../src/session/plan-template.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { scanStatement } from "../../src/sql/scan.ts";
import { tokenize } from "../../src/sql/tokens.ts";
import { HOSTILE } from "../rewrite/hostile-cases.ts";
import { READS } from "../rewrite/reads-cases.ts";
import { V1, WINDOWS } from "../rewrite/setting.ts";
import { WRITES } from "../rewrite/writes-cases.ts";

beforeAll(loadParser);

const decider = () =>
  new Decider({
    policy: { onMissing: "block", maxMs: 5_000, injectMs: 2_000 },
    rules: RULE_IDS,
    cacheSizeMax: 32 * 1024 * 1024,
  });

function inputOf(text: string): PlanInput {
  const bytes = Buffer.from(text);
  return { text, scan: scanStatement(bytes, 0, bytes.length, true), windows: WINDOWS, ...V1 };
}

/** The text with other constants, other blanks, and comments. */
function disguised(text: string): string {
  let result = "/* ' */ ";
  let done = 0;
  for (const { kind, start, end } of tokenize(text)) {
    const gap = text.slice(done, start);
    result += gap === "" || gap.includes("\n") ? gap : "  /* ; */\t";
    const token = text.slice(start, end);
    if (kind === "number") result += `${token}7`;
    else result += kind === "string" && token.startsWith("'") ? "'it''s é other'" : token;
    done = end;
  }
  return result + text.slice(done);
}

const texts = [...READS, ...WRITES].map(({ before }) => before).concat(HOSTILE);

test("a text of a known shape gets the plan that it would get by itself", () => {
  let templateCount = 0;
  for (const text of texts) {
    const known = decider();
    known.plan(inputOf(text));
    const other = disguised(text);
    const { edits, ranText, statements } = decider().plan(inputOf(other));
    const planned = known.plan(inputOf(other));
    expect({ text, edits: planned.edits, ranText: planned.ranText }).toEqual({
      text,
      edits,
      ranText,
    });
    expect(planned.statements.map(({ answers, refusal, touched }) => [answers, refusal, touched]))
      // A refusal's offset is the text's own.
      .toEqual(statements.map(({ answers, refusal, touched }) => [answers, refusal, touched]));
    if (planTemplate(text, known.plan(inputOf(text))) !== undefined) templateCount += 1;
  }
  // Not by planning each anew.
  expect(templateCount).toBeGreaterThan(texts.length / 2);
});

const PLANNED = "SELECT user_id FROM orders WHERE id = 1";
const template = () => planTemplate(PLANNED, decider().plan(inputOf(PLANNED)));

test("lays edits over the same tokens, wherever they stand", () => {
  const known = template();
  expect(known && planFrom(known, "SELECT user_id\nFROM orders WHERE id = 4711")?.ranText).toBe(
    "SELECT user_id\nFROM orders AS orders(id, user_id) WHERE id = 4711",
  );
});

test("does not fit a text with other tokens", () => {
  const known = template();
  expect(known).toBeDefined();
  expect(known && planFrom(known, "SELECT user_id FROM orders")).toBeUndefined();
});

const untemplated = [
  { name: "what is not rewritten", text: "SELECT total FROM plain WHERE id = 1" },
  { name: "what is refused", text: "SELECT NULL::orders FROM orders WHERE id = 1" },
  { name: "several statements", text: "SELECT user_id FROM orders; SELECT 1" },
  { name: "a flip", text: "ALTER TABLE orders RENAME COLUMN customer_id TO user_id" },
];
for (const { name, text } of untemplated) {
  test(`no template of ${name}`, () => {
    expect(planTemplate(text, decider().plan(inputOf(text)))).toBeUndefined();
  });
}
