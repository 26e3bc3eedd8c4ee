import { expect, test } from "vitest";
import {
  encodeBind,
  encodeClose,
  encodeExecute,
  encodeFrame,
  encodeParse,
  encodeQuery,
  FLUSH,
  SYNC,
  TERMINATE,
} from "../../src/wire/encode.ts";
import {
  bind,
  closePortal,
  closeStatement,
  execute,
  flush,
  frame,
  int16,
  int32,
  parse,
  query,
  sync,
  terminate,
} from "../support/client-frames.ts";

// The other side is the tests' own builder, which shares no code with this one.
const cases: { name: string; built: Buffer; expected: Buffer }[] = [
  { name: "Sync", built: SYNC, expected: sync() },
  { name: "Flush", built: FLUSH, expected: flush() },
  { name: "Terminate", built: TERMINATE, expected: terminate() },
  { name: "Query", built: encodeQuery("SELECT 'ä'", "utf8"), expected: query("SELECT 'ä'") },
  {
    name: "Query, its bytes as they are",
    built: encodeQuery("SELECT 'Ã¤'", "latin1"),
    expected: query("SELECT 'ä'"),
  },
  {
    name: "Parse without parameter types",
    built: encodeParse("s", "SELECT 1", "utf8"),
    expected: parse("s", "SELECT 1"),
  },
  {
    name: "Parse with the client's parameter types",
    built: encodeParse("s", "SELECT $1", "utf8", Buffer.concat([int16(2), int32(23), int32(25)])),
    expected: parse("s", "SELECT $1", [23, 25]),
  },
  {
    name: "Parse under a name that is bytes, with a text that is characters",
    built: encodeParse("Ã¤", "SELECT 'ä'", "utf8"),
    expected: parse("ä", "SELECT 'ä'"),
  },
  { name: "Bind", built: encodeBind("p", "s"), expected: bind("p", "s") },
  { name: "Execute", built: encodeExecute("p"), expected: execute("p") },
  {
    name: "Close of a statement",
    built: encodeClose("statement", "s"),
    expected: closeStatement("s"),
  },
  { name: "Close of a portal", built: encodeClose("portal", "p"), expected: closePortal("p") },
  {
    name: "a frame with another body",
    built: encodeFrame(0x54, int16(0)),
    expected: frame("T", int16(0)),
  },
];

for (const { name, built, expected } of cases) {
  test(name, () => {
    expect(built.toString("hex")).toBe(expected.toString("hex"));
  });
}
