import { FrameReader, inspectedTypes } from "../wire/frame-reader.ts";
import { Client, Server } from "../wire/frame-type.ts";

/** What of the client's messages carries a decision. CopyData passes. */
const CLIENT_INSPECTED = inspectedTypes(
  Object.values(Client).filter((type) => type !== Client.copyData && type !== Client.flush),
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
