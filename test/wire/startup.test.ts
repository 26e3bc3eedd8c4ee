import { expect, test } from "vitest";
import { decodeStartup, encodeStartup, type StartupPacket } from "../../src/wire/startup.ts";
import { hex } from "../support/hex.ts";

const V3_0 = "0003 0000";
const USER = "75736572 00 626f62 00"; // user, bob
const started = (parameters: Record<string, string>, protocol = 0x30000) => ({
  kind: "startup",
  protocol,
  parameters: new Map(Object.entries(parameters)),
  replication: "none",
});

const cases: { name: string; input: string; packet: object; size?: number }[] = [
  { name: "SSLRequest", input: "00000008 04d2162f", packet: { kind: "ssl_request" } },
  { name: "GSSENCRequest", input: "00000008 04d21630", packet: { kind: "gssenc_request" } },
  {
    name: "CancelRequest",
    input: "00000010 04d2162e 00000007 0000002a",
    packet: { kind: "cancel_request", bytes: hex("00000010 04d2162e 00000007 0000002a") },
  },
  {
    name: "a startup with a parameter",
    input: `00000012 ${V3_0} ${USER} 00`,
    packet: started({ user: "bob" }),
  },
  {
    name: "what comes behind the packet is left",
    input: `00000012 ${V3_0} ${USER} 00 51000000`,
    packet: started({ user: "bob" }),
    size: 18,
  },
  {
    name: "a name that comes twice has its last value",
    input: `0000001a ${V3_0} ${USER} 75736572 00 616c00 00`,
    packet: started({ user: "al" }),
  },
  {
    name: "values are bytes, whatever their encoding",
    input: `00000011 ${V3_0} 75736572 00 c3a4 00 00`,
    packet: started({ user: "Ã¤" }),
  },
  { name: "no parameters", input: `00000009 ${V3_0} 00`, packet: started({}) },
  {
    name: "without the end of its parameters: the server says what is wrong",
    input: `00000011 ${V3_0} ${USER}`,
    packet: started({}),
  },
  {
    name: "with bytes behind the end of its parameters: the same",
    input: `00000014 ${V3_0} ${USER} 00 6100`,
    packet: started({}),
  },
  {
    name: "another major version: its parameters are not looked at",
    input: "00000012 00020000 75736572 00 626f62 00 00",
    packet: started({}, 0x20000),
  },
  {
    name: "a later minor version",
    input: `00000012 0003 0002 ${USER} 00`,
    packet: started({ user: "bob" }, 0x30002),
  },
];

for (const { name, input, packet, size } of cases) {
  test(name, () => {
    const bytes = hex(input);
    expect(decodeStartup(bytes)).toMatchObject({ packet, size: size ?? bytes.length });
  });

  test(`cut at every byte it waits: ${name}`, () => {
    const whole = hex(input).subarray(0, size);
    for (let end = 0; end < whole.length; end++) {
      expect(decodeStartup(whole.subarray(0, end))).toBeUndefined();
    }
  });
}

for (const length of [-1, 0, 7, 10_005, 0x7fffffff]) {
  test(`a length of ${length} is refused before anything is held for it`, () => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(length);
    expect(() => decodeStartup(bytes)).toThrow(expect.objectContaining({ code: "startup_size" }));
  });
}

test("the largest packet that the server takes is waited for", () => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(10_004);
  expect(decodeStartup(bytes)).toBeUndefined();
});

test("what is encoded is decoded the same", () => {
  const parameters = new Map([
    ["user", "bob"],
    ["application_name", "Ã¤"],
  ]);
  const bytes = encodeStartup(0x30002, parameters);
  const packet: StartupPacket = {
    kind: "startup",
    protocol: 0x30002,
    parameters,
    replication: "none",
    bytes,
  };
  expect(decodeStartup(bytes)).toEqual({ packet, size: bytes.length });
});

const REPLICATION: readonly (readonly [values: readonly string[], replication: string])[] = [
  [[], "none"],
  [["database"], "database"],
  [["true"], "physical"],
  [["on"], "physical"],
  [["1"], "physical"],
  [["Y"], "physical"],
  [["tr"], "physical"],
  [["false"], "none"],
  [["off"], "none"],
  [["0"], "none"],
  // The server refuses these.
  [["o"], "none"],
  [["DATABASE"], "none"],
  // The last one decides whether it is a walsender, and any of them whether it is one of a database.
  [["true", "false"], "none"],
  [["database", "true"], "database"],
  [["true", "database"], "database"],
  [["database", "false"], "none"],
];

for (const [values, replication] of REPLICATION) {
  test(`replication=${values.join(", replication=")} is ${replication}`, () => {
    const pairs = values.map((value) => `replication\0${value}\0`).join("");
    const body = Buffer.from(`user\0bob\0${pairs}\0`);
    const bytes = Buffer.concat([Buffer.alloc(8), body]);
    bytes.writeInt32BE(bytes.length, 0);
    bytes.writeInt32BE(0x30000, 4);
    expect(decodeStartup(bytes)?.packet).toMatchObject({ kind: "startup", replication });
  });
}
