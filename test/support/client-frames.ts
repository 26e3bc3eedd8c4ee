/** Messages of a client, built without any code of `src/`: the tests' second opinion. */

type Part = string | Buffer;

export const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

/** Text with the NUL that ends a String of the protocol. */
export const text = (value: string): Buffer => Buffer.from(`${value}\0`);

function join(parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? text(part) : part)));
}

/** A message; strings among the parts get their NUL. */
export function frame(type: string, ...parts: readonly Part[]): Buffer {
  const body = join(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

/** A first packet: it has no type byte. */
export function packet(code: number, ...parts: readonly Part[]): Buffer {
  const body = join(parts);
  return Buffer.concat([int32(body.length + 8), int32(code), body]);
}

export const PROTOCOL_3_0 = 0x30000;
export const SSL_REQUEST = packet(80877103);
export const GSSENC_REQUEST = packet(80877104);

export function startup(
  parameters: Readonly<Record<string, string>>,
  protocol: number = PROTOCOL_3_0,
): Buffer {
  return packet(protocol, ...Object.entries(parameters).flat(), Buffer.alloc(1));
}

export const query = (sql: string): Buffer => frame("Q", sql);

export const parse = (name: string, sql: string, types: readonly number[] = []): Buffer =>
  frame("P", name, sql, int16(types.length), ...types.map(int32));

export const bind = (
  portal: string,
  statement: string,
  values: readonly (string | null)[] = [],
  resultFormats: readonly number[] = [],
): Buffer =>
  frame(
    "B",
    portal,
    statement,
    int16(0),
    int16(values.length),
    ...values.flatMap((value) =>
      value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), Buffer.from(value)],
    ),
    int16(resultFormats.length),
    ...resultFormats.map(int16),
  );

export const describeStatement = (name: string): Buffer => frame("D", Buffer.from("S"), name);
export const describePortal = (name: string): Buffer => frame("D", Buffer.from("P"), name);
export const execute = (portal: string, rowsMax = 0): Buffer => frame("E", portal, int32(rowsMax));
export const closeStatement = (name: string): Buffer => frame("C", Buffer.from("S"), name);
export const closePortal = (name: string): Buffer => frame("C", Buffer.from("P"), name);
export const sync = (): Buffer => frame("S");
export const flush = (): Buffer => frame("H");
export const terminate = (): Buffer => frame("X");
export const copyData = (data: string): Buffer => frame("d", Buffer.from(data));
export const copyDone = (): Buffer => frame("c");
export const copyFail = (reason: string): Buffer => frame("f", reason);

/** Arguments and the result in text format. */
export const functionCall = (oid: number, values: readonly string[]): Buffer =>
  frame(
    "F",
    int32(oid),
    int16(0),
    int16(values.length),
    ...values.flatMap((value) => [int32(Buffer.byteLength(value)), Buffer.from(value)]),
    int16(0),
  );
