import { beforeEach, expect, test } from "vitest";
import { LimitHits } from "../../src/session/limit-hits.ts";
import {
  type PreparedStatement,
  PreparedStatements,
} from "../../src/session/prepared-statements.ts";

const LONG = "n".repeat(63);

function statement(name: string, text: string): PreparedStatement {
  return {
    name,
    text,
    by: "protocol",
    parameterTypes: Buffer.alloc(2),
    traceId: undefined,
    tag: undefined,
    plan: { statements: [], edits: [], ranText: undefined },
    generation: 0,
    isLost: false,
  };
}

let prepared: PreparedStatements;
beforeEach(() => {
  prepared = new PreparedStatements({ sizeMax: 1_000, hits: new LimitHits() });
});
const textOf = (name: string) => prepared.statement(name)?.text;

test("a statement is known by its name", () => {
  prepared.prepare(statement("s", "SELECT 1"));
  expect([textOf("s"), textOf("t"), textOf("")]).toEqual(["SELECT 1", undefined, undefined]);
});

test("names are cut at 63 bytes, as the server does", () => {
  prepared.prepare(statement(`${LONG}first`, "SELECT 1"));
  expect(textOf(`${LONG}second`)).toBe("SELECT 1");
  expect(textOf(LONG.slice(1))).toBeUndefined();
  prepared.closeStatement(`${LONG}third`);
  expect(textOf(LONG)).toBeUndefined();
});

const failures: { name: string; key: string; wasTried: boolean; left: string | undefined }[] = [
  {
    name: "a named statement whose second Parse failed is still the first",
    key: "s",
    wasTried: true,
    left: "SELECT 1",
  },
  {
    name: "a named statement whose second Parse was never tried is still the first",
    key: "s",
    wasTried: false,
    left: "SELECT 1",
  },
  {
    name: "the unnamed statement is gone when the next Parse fails",
    key: "",
    wasTried: true,
    left: undefined,
  },
  {
    name: "the unnamed statement is still there when the next Parse was never tried",
    key: "",
    wasTried: false,
    left: "SELECT 1",
  },
];
for (const { name, key, wasTried, left } of failures) {
  test(name, () => {
    prepared.prepare(statement(key, "SELECT 1"));
    const undo = prepared.prepare(statement(key, "SELECT 2"));
    expect(textOf(key)).toBe("SELECT 2");
    undo(wasTried);
    expect(textOf(key)).toBe(left);
  });
}

test("several Parses of a batch that failed are taken back, newest first", () => {
  prepared.prepare(statement("", "SELECT 1"));
  const undos = [2, 3, 4].map((each) => prepared.prepare(statement("", `SELECT ${each}`)));
  for (const undo of undos.reverse()) undo(false);
  expect(textOf("")).toBe("SELECT 1");
});

test("a Parse that failed takes back nothing that came after it", () => {
  const undo = prepared.prepare(statement("s", "SELECT 1"));
  prepared.closeStatement("s");
  prepared.prepare(statement("s", "SELECT 2"));
  undo(true);
  expect(textOf("s")).toBe("SELECT 2");
});

test("DEALLOCATE ALL lets go of all statements", () => {
  prepared.prepare(statement("s", "SELECT 1"));
  prepared.prepare(statement("", "SELECT 1"));
  prepared.closeAllStatements();
  expect([textOf("s"), textOf("")]).toEqual([undefined, undefined]);
});
