/**
 * Builds the messages that Straddle itself sends. Names and texts are given as strings in the
 * session's encoding: `utf8`, or `latin1` where bytes are to pass as they are.
 */
import { Client, Server } from "./frame-type.ts";

const NO_BYTES = Buffer.alloc(0);

function frame(type: number, ...parts: readonly Buffer[]): Buffer {
  let size = 5;
  for (const part of parts) size += part.length;
  const result = Buffer.allocUnsafe(size);
  result[0] = type;
  result.writeInt32BE(size - 1, 1);
  let position = 5;
  for (const part of parts) position += part.copy(result, position);
  return result;
}

function text(value: string, encoding: BufferEncoding = "utf8"): Buffer {
  return Buffer.from(`${value}\0`, encoding);
}

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export const SYNC = frame(Client.sync);
export const FLUSH = frame(Client.flush);
/** ReadyForQuery, outside of a transaction. */
export const READY_IDLE = frame(Server.readyForQuery, Buffer.from("I"));
export const TERMINATE = frame(Client.terminate);

export function encodeQuery(sql: string, encoding: BufferEncoding): Buffer {
  return frame(Client.query, text(sql, encoding));
}

/** `parameterTypes` is the tail of a Parse message: the count and the OIDs, as they came. */
export function encodeParse(
  name: string,
  sql: string,
  encoding: BufferEncoding,
  parameterTypes: Buffer = NO_PARAMETER_TYPES,
): Buffer {
  return frame(Client.parse, text(name, "latin1"), text(sql, encoding), parameterTypes);
}
const NO_PARAMETER_TYPES = int16(0);

/** A Bind without parameters, with every result column as text. */
export function encodeBind(portal: string, statement: string): Buffer {
  const noFormats = Buffer.alloc(6);
  return frame(Client.bind, text(portal, "latin1"), text(statement, "latin1"), noFormats);
}

export function encodeExecute(portal: string): Buffer {
  return frame(Client.execute, text(portal, "latin1"), Buffer.alloc(4));
}

export function encodeClose(target: "statement" | "portal", name: string): Buffer {
  return frame(Client.close, Buffer.from(target === "statement" ? "S" : "P"), text(name, "latin1"));
}

/**
 * An ErrorResponse from its fields by code letter ("Error and Notice Message Fields"). Empty values
 * are left out.
 */
export function encodeErrorResponse(
  fields: ReadonlyMap<string, string>,
  encoding: BufferEncoding = "utf8",
): Buffer {
  return encodeFields(Server.errorResponse, fields, encoding);
}

export function encodeNoticeResponse(
  fields: ReadonlyMap<string, string>,
  encoding: BufferEncoding = "utf8",
): Buffer {
  return encodeFields(Server.noticeResponse, fields, encoding);
}

function encodeFields(
  type: number,
  fields: ReadonlyMap<string, string>,
  encoding: BufferEncoding,
): Buffer {
  let body = "";
  for (const [code, value] of fields) if (value !== "") body += `${code}${value}\0`;
  return frame(type, text(body, encoding));
}

/** A frame with another body: the type is kept, the length is made anew. */
export function encodeFrame(type: number, body: Buffer = NO_BYTES): Buffer {
  return frame(type, body);
}
