import { expect, test } from "vitest";
import { saslPrepared } from "../../src/wire/saslprep.ts";

/** RFC 4013, section 3, and what pg_saslprep adds: what can't be prepared is taken as it is. */
const cases: readonly (readonly [
  name: string,
  password: string | Buffer,
  prepared: string | Buffer,
])[] = [
  ["ASCII is left alone", "pencil", "pencil"],
  ["so are its control characters", "a\x07b", "a\x07b"],
  ["a soft hyphen is mapped to nothing", "I\u00adX", "IX"],
  ["another space is a space", "a\u00a0b", "a b"],
  ["NFKC", "\u2168", "IX"],
  ["NFKC composes", "e\u0301", "\u00e9"],
  ["a forbidden character", "a\u0007\u00e9", "a\u0007\u00e9"],
  ["both directions", "\u0627\u0031", "\u0627\u0031"],
  ["not UTF-8", Buffer.from([0x61, 0xff]), Buffer.from([0x61, 0xff])],
  ["nothing would be left", "\u00ad", "\u00ad"],
];

for (const [name, password, prepared] of cases) {
  test(name, () => {
    expect(saslPrepared(Buffer.from(password))).toEqual(Buffer.from(prepared));
  });
}
