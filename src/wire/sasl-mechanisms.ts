import { ByteReader } from "./byte-reader.ts";
import { encodeFrame } from "./encode.ts";
import { Server } from "./frame-type.ts";

/** The code of AuthenticationSASL, which lists the mechanisms that the server offers. */
const SASL = 10;

/**
 * An AuthenticationSASL without the mechanisms that bind to the TLS connection (`-PLUS`, RFC 5802):
 * behind something that ends TLS, or adds it, client and server never see the same one. Undefined where
 * the Authentication message goes on as it came.
 */
export function withoutChannelBinding(
  buffer: Buffer,
  start: number,
  end: number,
): Buffer | undefined {
  const reader = new ByteReader(buffer, start + 5, end);
  if (reader.int32() !== SASL) return undefined;
  let isOffered = false;
  let kept = "";
  for (let name = reader.text("latin1"); name !== ""; name = reader.text("latin1")) {
    if (name.endsWith("-PLUS")) isOffered = true;
    else kept += `${name}\0`;
  }
  if (!isOffered) return undefined;
  const code = Buffer.from([0, 0, 0, SASL]);
  return encodeFrame(
    Server.authentication,
    Buffer.concat([code, Buffer.from(`${kept}\0`, "latin1")]),
  );
}
