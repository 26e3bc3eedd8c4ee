import { FrameReader, inspectedTypes, LENGTH_MAX, SMALL_LENGTH_MAX } from "../wire/frame-reader.ts";
import { Client, Server } from "../wire/frame-type.ts";

/** Those of which the server takes no more than 10 000 bytes (SocketBackend in tcop/postgres.c). */
const CLIENT_SMALL: ReadonlySet<number> = new Set([
  Client.close,
  Client.copyDone,
  Client.copyFail,
  Client.describe,
  Client.execute,
  Client.flush,
  Client.sync,
  Client.terminate,
]);
/** PG_MAX_AUTH_TOKEN_LENGTH: of an answer in authentication. */
const PASSWORD_LENGTH_MAX = 65_535;
/** Until authentication is over. */
const LOGIN_LENGTH_MAX = new Int32Array(256);
for (const type of Object.values(Client)) {
  LOGIN_LENGTH_MAX[type] = CLIENT_SMALL.has(type) ? SMALL_LENGTH_MAX : LENGTH_MAX;
}
LOGIN_LENGTH_MAX[Client.password] = PASSWORD_LENGTH_MAX;
/** From then on. The server refuses a password by its type, whatever its length. */
export const SESSION_LENGTH_MAX: Int32Array = LOGIN_LENGTH_MAX.slice();
SESSION_LENGTH_MAX[Client.password] = 0;

/** What of the client's messages carries a decision, or is wrong. CopyData passes. */
const CLIENT_INSPECTED = inspectedTypes(
  Array.from({ length: 256 }, (_, type) => type).filter(
    (type) => type !== Client.copyData && type !== Client.flush,
  ),
);
/** What of the server's messages carries a decision. Rows and CopyData pass. */
const SERVER_INSPECTED = inspectedTypes(
  Object.values(Server).filter((type) => type !== Server.dataRow && type !== Server.copyData),
);

/** Enough for the names at the head of a Bind, which are cut at 63 bytes by the server. */
const HEAD_SIZE_MAX = 4_096;
/** Replies that are looked into are small; one that isn't is passed on unseen. */
const SERVER_FRAME_SIZE_MAX = 1024 * 1024;

export function clientReader(statementSizeMax: number): FrameReader {
  return new FrameReader({
    inspected: CLIENT_INSPECTED,
    lengthMax: LOGIN_LENGTH_MAX,
    frameSizeMax: statementSizeMax,
    headSizeMax: HEAD_SIZE_MAX,
  });
}

export function serverReader(): FrameReader {
  return new FrameReader({
    inspected: SERVER_INSPECTED,
    frameSizeMax: SERVER_FRAME_SIZE_MAX,
    headSizeMax: HEAD_SIZE_MAX,
  });
}
