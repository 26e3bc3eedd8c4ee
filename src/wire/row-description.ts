import { ByteReader } from "./byte-reader.ts";
import { encodeFrame } from "./encode.ts";
import { Server } from "./frame-type.ts";

/** One output column, by where it comes from, and the name it is to be shown under. */
export interface FieldRename {
  readonly tableOid: number;
  readonly attnum: number;
  readonly from: string;
  readonly to: string;
}

/** Table OID, column number, type OID, type size, type modifier and format code: after the name. */
const FIELD_TAIL_SIZE = 18;

/**
 * A RowDescription in which the fields that come from renamed columns have their other name. Only a
 * field that still carries the name `from` is changed: one that the statement named otherwise is
 * what the client asked for. Undefined where nothing is to change.
 */
export function renameFields(
  buffer: Buffer,
  start: number,
  end: number,
  renames: readonly FieldRename[],
  encoding: BufferEncoding,
): Buffer | undefined {
  const reader = new ByteReader(buffer, start + 5, end);
  const parts: Buffer[] = [reader.bytes(2)];
  let isChanged = false;
  while (reader.remaining > 0) {
    const name = reader.text(encoding);
    const tail = reader.bytes(FIELD_TAIL_SIZE);
    const tableOid = tail.readUInt32BE(0);
    const attnum = tail.readInt16BE(4);
    const rename = renames.find(
      (each) => each.tableOid === tableOid && each.attnum === attnum && each.from === name,
    );
    if (rename !== undefined) isChanged = true;
    parts.push(Buffer.from(`${rename?.to ?? name}\0`, encoding), tail);
  }
  return isChanged ? encodeFrame(Server.rowDescription, Buffer.concat(parts)) : undefined;
}
