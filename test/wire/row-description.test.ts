import { expect, test } from "vitest";
import { renameFields } from "../../src/wire/row-description.ts";
import { frame, int16, int32 } from "../support/client-frames.ts";

interface Field {
  readonly name: string;
  readonly tableOid?: number;
  readonly attnum?: number;
}

const describe = (...fields: readonly Field[]) =>
  frame(
    "T",
    int16(fields.length),
    ...fields.flatMap(({ name, tableOid = 0, attnum = 0 }) => [
      name,
      int32(tableOid),
      int16(attnum),
      int32(23),
      int16(4),
      int32(-1),
      int16(0),
    ]),
  );

const USER_ID = { tableOid: 16_400, attnum: 2, from: "customer_id", to: "user_id" };
const rename = (bytes: Buffer, encoding: BufferEncoding = "utf8") =>
  renameFields(bytes, 0, bytes.length, [USER_ID], encoding);

const cases: { name: string; before: readonly Field[]; after: readonly Field[] | undefined }[] = [
  {
    name: "a renamed column has the client's name, the others keep theirs",
    before: [
      { name: "id", tableOid: 16_400, attnum: 1 },
      { name: "customer_id", tableOid: 16_400, attnum: 2 },
    ],
    after: [
      { name: "id", tableOid: 16_400, attnum: 1 },
      { name: "user_id", tableOid: 16_400, attnum: 2 },
    ],
  },
  {
    name: "a name that the statement gave stays",
    before: [{ name: "buyer", tableOid: 16_400, attnum: 2 }],
    after: undefined,
  },
  {
    name: "a column of the same name of another table stays",
    before: [{ name: "customer_id", tableOid: 16_401, attnum: 2 }],
    after: undefined,
  },
  {
    name: "an expression of the same name stays",
    before: [{ name: "customer_id" }],
    after: undefined,
  },
  {
    name: "the same column twice",
    before: [
      { name: "customer_id", tableOid: 16_400, attnum: 2 },
      { name: "customer_id", tableOid: 16_400, attnum: 2 },
    ],
    after: [
      { name: "user_id", tableOid: 16_400, attnum: 2 },
      { name: "user_id", tableOid: 16_400, attnum: 2 },
    ],
  },
  { name: "no columns", before: [], after: undefined },
];

for (const { name, before, after } of cases) {
  test(name, () => {
    expect(rename(describe(...before))).toEqual(after && describe(...after));
  });
}

test("an OID above 2^31 is not negative", () => {
  const tableOid = 0x9000_0000;
  const bytes = describe({ name: "customer_id", attnum: 2 });
  bytes.writeUInt32BE(tableOid, 7 + "customer_id".length + 1);
  expect(
    renameFields(bytes, 0, bytes.length, [{ ...USER_ID, tableOid }], "utf8")?.includes("user_id"),
  ).toBe(true);
});

test("names of another encoding keep their bytes", () => {
  const bytes = describe(
    { name: "customer_id", tableOid: 16_400, attnum: 2 },
    { name: "\u00e4\u20ac", tableOid: 16_400, attnum: 3 },
  );
  expect(rename(bytes, "latin1")?.includes("\u00e4\u20ac")).toBe(true);
});

test("cut at every byte it is malformed, but between two fields", () => {
  const bytes = describe(
    { name: "id", tableOid: 16_400, attnum: 1 },
    { name: "customer_id", tableOid: 16_400, attnum: 2 },
  );
  const betweenFields = [7, 7 + "id".length + 1 + 18];
  for (let end = 5; end < bytes.length; end++) {
    const cut = () => renameFields(bytes, 0, end, [USER_ID], "utf8");
    if (betweenFields.includes(end)) expect(cut()).toBeUndefined();
    else expect(cut).toThrow(expect.objectContaining({ code: "frame_malformed" }));
  }
});
