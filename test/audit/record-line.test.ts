import { expect, test } from "vitest";
import { type ParameterPolicy, RecordLines } from "../../src/audit/record-line.ts";
import type { StatementRecord } from "../../src/session/observer.ts";
import { hex } from "../support/hex.ts";
import { SHAPE, sessionInfo, statementRecord } from "../support/statement-record.ts";

function fields(record: StatementRecord, parameters: ParameterPolicy = "redact"): unknown {
  const line = new RecordLines({ parameters, parameterSizeMax: 100 }).line(record);
  expect(line.endsWith("}\n")).toBe(true);
  expect(line.indexOf("\n")).toBe(line.length - 1);
  return JSON.parse(line);
}

/** What an ordinary statement's record says. */
const ORDINARY = {
  time: "2026-03-01T08:15:30.042Z",
  session: "69a3f200.7",
  user: "alice",
  database: "shop",
  client: "127.0.0.1:50312",
  app: "shop",
  version: "1.4.0",
  protocol: "simple",
  verb: "SELECT",
  sql: "SELECT user_id FROM orders WHERE id = $1",
  fingerprint: "0123456789abcdef",
  tables: ["orders"],
  columns: ["id", "user_id"],
  verdict: "pass",
  duration_ms: 1.25,
  overhead_ms: 0.013,
  rows: 1,
  transaction: "idle",
};

/** "42" and NULL, in text. */
const bind = hex("42 00000019 00 7300 0000 0002 00000002 3432 ffffffff 0000");
const ranText = "SELECT user_id FROM orders AS orders(id, user_id) WHERE id = 42";

const cases: {
  name: string;
  parameters?: ParameterPolicy;
  changes: Partial<StatementRecord>;
  differs: Record<string, unknown>;
}[] = [
  { name: "an ordinary statement", changes: {}, differs: {} },
  {
    name: "a rewritten one tells what ran, without literals",
    changes: { verdict: "rewrite", ranText },
    differs: {
      verdict: "rewrite",
      ran: "SELECT user_id FROM orders AS orders(id, user_id) WHERE id = $1",
    },
  },
  {
    name: "a refused one tells the rule and the SQLSTATE",
    changes: { verdict: "refuse", rule: "lock-timeout", sqlstate: "55000", transactionStatus: "E" },
    differs: { verdict: "refuse", rule: "lock-timeout", sqlstate: "55000", transaction: "failed" },
  },
  {
    name: "a session without a tag has neither app nor version",
    changes: { tag: undefined },
    differs: { app: undefined, version: undefined },
  },
  {
    name: "the statement's own tag counts, not the session's",
    changes: { tag: { app: "jobs", version: "2.0.0" } },
    differs: { app: "jobs", version: "2.0.0" },
  },
  {
    name: "trace id and open transaction",
    changes: { traceId: "0af7651916cd43dd8448eb211c80319c", transactionStatus: "T" },
    differs: { trace_id: "0af7651916cd43dd8448eb211c80319c", transaction: "open" },
  },
  {
    name: "redacted parameters are sizes",
    changes: { protocol: "extended", bind },
    differs: { protocol: "extended", parameter_sizes: [2, null] },
  },
  {
    name: "full parameters are values, and the text is as sent",
    parameters: "full",
    changes: { protocol: "extended", bind },
    differs: {
      protocol: "extended",
      sql: "SELECT user_id FROM orders WHERE id = 42",
      parameters: ["42", null],
    },
  },
  {
    name: "without parameters the text is as sent",
    parameters: "none",
    changes: { protocol: "extended", bind, ranText },
    differs: {
      protocol: "extended",
      sql: "SELECT user_id FROM orders WHERE id = 42",
      ran: ranText,
    },
  },
  {
    name: "a Bind that contradicts itself has no parameters",
    changes: { bind: bind.subarray(0, 14) },
    differs: {},
  },
  {
    name: "hostile names stay inside their strings",
    changes: {
      session: sessionInfo({ user: 'a","user":"root', database: "a\nb\u2028\ud800" }),
      tag: { app: '"}', version: "\\" },
      shape: { ...SHAPE, tables: ['"', "\n"] },
    },
    differs: {
      user: 'a","user":"root',
      database: "a\nb\u2028\ud800",
      app: '"}',
      version: "\\",
      tables: ['"', "\n"],
    },
  },
];
for (const { name, parameters, changes, differs } of cases) {
  test(name, () => {
    const expected = Object.entries({ ...ORDINARY, ...differs }).filter(
      ([, value]) => value !== undefined,
    );
    expect(fields(statementRecord(changes), parameters)).toEqual(Object.fromEntries(expected));
  });
}

test("a literal of the text is nowhere in a redacted line", () => {
  const secret = "swordfish";
  const lines = new RecordLines({ parameters: "redact", parameterSizeMax: 100 });
  const line = lines.line(
    statementRecord({
      sentText: `SELECT '${secret}'`,
      ranText: `SELECT '${secret}' /* ${secret} */`,
      bind: Buffer.concat([
        hex("42 00000000 0000 0000 0001 00000009"),
        Buffer.from(secret),
        hex("0000"),
      ]),
    }),
  );
  expect(line).not.toContain(secret);
  expect(line).toContain('"parameter_sizes":[9]');
});

test("what is kept for one session, tag or shape is not told of another", () => {
  const lines = new RecordLines({ parameters: "redact", parameterSizeMax: 100 });
  const records = [
    statementRecord(),
    statementRecord({ session: sessionInfo({ id: 8, tag: { app: "jobs", version: "2.0.0" } }) }),
    statementRecord({ shape: { ...SHAPE, verb: "DELETE", tables: ["people"] } }),
    statementRecord(),
  ];
  const seen = records.map((record) => {
    const { session, app, verb, tables } = JSON.parse(lines.line(record));
    return `${session} ${app} ${verb} ${tables}`;
  });
  expect(seen).toEqual([
    "69a3f200.7 shop SELECT orders",
    "69a3f200.8 jobs SELECT orders",
    "69a3f200.7 shop DELETE people",
    "69a3f200.7 shop SELECT orders",
  ]);
});
