import { expect, test } from "vitest";
import { ProtocolError } from "../../src/wire/protocol-error.ts";
import { withoutChannelBinding } from "../../src/wire/sasl-mechanisms.ts";
import { frame, int32 } from "../support/client-frames.ts";

const sasl = (...mechanisms: readonly string[]) => frame("R", int32(10), ...mechanisms, "");

const cases: {
  readonly name: string;
  readonly before: Buffer;
  readonly after: Buffer | undefined;
}[] = [
  {
    name: "a list with channel binding: it is left out",
    before: sasl("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"),
    after: sasl("SCRAM-SHA-256"),
  },
  {
    name: "the order of the others stays",
    before: sasl("SCRAM-SHA-512-PLUS", "OAUTHBEARER", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"),
    after: sasl("OAUTHBEARER", "SCRAM-SHA-256"),
  },
  {
    name: "nothing but channel binding: an empty list",
    before: sasl("SCRAM-SHA-256-PLUS"),
    after: sasl(),
  },
  { name: "a list without it: as it came", before: sasl("SCRAM-SHA-256"), after: undefined },
  { name: "AuthenticationOk", before: frame("R", int32(0)), after: undefined },
  {
    name: "SASLContinue, whatever is in it",
    before: frame("R", int32(11), Buffer.from("SCRAM-SHA-256-PLUS\0\0")),
    after: undefined,
  },
];

for (const { name, before, after } of cases) {
  test(name, () => {
    const buffer = Buffer.concat([Buffer.from("before"), before, Buffer.from("behind")]);
    expect(withoutChannelBinding(buffer, 6, 6 + before.length)).toEqual(after);
  });
}

test("a list that is cut anywhere is a violation", () => {
  const list = sasl("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256");
  for (let end = 5; end < list.length; end++) {
    expect(() => withoutChannelBinding(list, 0, end)).toThrow(ProtocolError);
  }
});
