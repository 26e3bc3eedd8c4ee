import { expect, test } from "vitest";
import { encodeErrorResponse, encodeNoticeResponse } from "../../src/wire/encode.ts";
import { decodeFields, sqlstateOf } from "../../src/wire/fields.ts";
import { hex } from "../support/hex.ts";

const FIELDS = new Map([
  ["S", "ERROR"],
  ["C", "42703"],
  ["M", 'column "ä€" does not exist'],
]);
const decode = (bytes: Buffer, encoding?: BufferEncoding) =>
  decodeFields(bytes, 0, bytes.length, encoding);

test("fields come in their order, by code", () => {
  const bytes = hex("45 00000010 53 414200 43 4344 00 4d 00 00");
  expect([...decode(bytes)]).toEqual([
    ["S", "AB"],
    ["C", "CD"],
    ["M", ""],
  ]);
});

test("what is encoded is decoded the same", () => {
  expect(decode(encodeErrorResponse(FIELDS))).toEqual(FIELDS);
  expect(decode(encodeNoticeResponse(FIELDS))).toEqual(FIELDS);
});

test("as latin1 the bytes pass as they are", () => {
  const bytes = encodeErrorResponse(FIELDS);
  expect(encodeErrorResponse(decode(bytes, "latin1"), "latin1")).toEqual(bytes);
});

test("empty values are left out", () => {
  expect(encodeErrorResponse(new Map([["H", ""]]))).toEqual(hex("45 00000005 00"));
});

test("the message can be anywhere in its buffer", () => {
  const bytes = encodeErrorResponse(FIELDS);
  const within = Buffer.concat([hex("5a 00000005 49"), bytes, hex("5a 00000005 49")]);
  expect(decodeFields(within, 6, 6 + bytes.length)).toEqual(FIELDS);
  expect(sqlstateOf(within, 6, 6 + bytes.length)).toBe("42703");
});

test("cut at every byte it is malformed, and never read past", () => {
  const bytes = encodeErrorResponse(FIELDS);
  const within = Buffer.concat([bytes, bytes]);
  for (let end = 5; end < bytes.length; end++) {
    expect(() => decodeFields(within, 0, end)).toThrow(
      expect.objectContaining({ code: "frame_malformed" }),
    );
  }
});

test("cut at every byte the SQLSTATE is whole or empty", () => {
  const bytes = encodeErrorResponse(FIELDS);
  for (let end = 0; end <= bytes.length; end++) {
    const isThere = end >= bytes.indexOf("42703") + 6;
    expect(sqlstateOf(bytes, 0, end)).toBe(isThere ? "42703" : "");
  }
});
