import { ByteReader } from "./byte-reader.ts";
import { ProtocolError } from "./protocol-error.ts";

/** PostgreSQL's MAX_STARTUP_PACKET_LENGTH. */
const STARTUP_SIZE_MAX = 10_000 + 4; // The server does not count the length itself.
const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;

/** The first packet of a connection: it has a length but no type byte. */
export type StartupPacket =
  | { readonly kind: "ssl_request" }
  | { readonly kind: "gssenc_request" }
  | { readonly kind: "cancel_request"; readonly bytes: Buffer }
  | {
      readonly kind: "startup";
      /** 3.0 is 196608. */
      readonly protocol: number;
      /**
       * In the order they came; a name that came twice has its last value, as in the server. Empty
       * where the packet is of another major version or not well formed: the server will say so.
       */
      readonly parameters: ReadonlyMap<string, string>;
      /** The packet as it came. */
      readonly bytes: Buffer;
    };

/**
 * Takes the first packet off `bytes`. Undefined while it is incomplete; `size` says how many bytes
 * it took. A length out of bounds is refused before anything is held for it (ProcessStartupPacket).
 * Parameters are latin1 strings: their bytes, whatever their encoding.
 */
export function decodeStartup(
  bytes: Buffer,
): { readonly packet: StartupPacket; readonly size: number } | undefined {
  if (bytes.length < 4) return undefined;
  const size = bytes.readInt32BE(0);
  if (size < 8 || size > STARTUP_SIZE_MAX) {
    throw new ProtocolError("startup_size", "invalid length of startup packet");
  }
  if (bytes.length < size) return undefined;
  return { packet: decodePacket(bytes.subarray(0, size)), size };
}

function decodePacket(bytes: Buffer): StartupPacket {
  const protocol = bytes.readInt32BE(4);
  if (protocol === SSL_REQUEST) return { kind: "ssl_request" };
  if (protocol === GSSENC_REQUEST) return { kind: "gssenc_request" };
  if (protocol === CANCEL_REQUEST) return { kind: "cancel_request", bytes };

  return { kind: "startup", protocol, parameters: decodeParameters(bytes, protocol), bytes };
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

function decodeParameters(bytes: Buffer, protocol: number): ReadonlyMap<string, string> {
  // The server looks for the last byte first, so that nothing can be read past it.
  if (protocol >> 16 !== 3 || bytes[bytes.length - 1] !== 0) return NO_PARAMETERS;
  const reader = new ByteReader(bytes, 8, bytes.length);
  const parameters = new Map<string, string>();
  try {
    for (let name = reader.text("latin1"); name !== ""; name = reader.text("latin1")) {
      parameters.set(name, reader.text("latin1"));
    }
  } catch {
    return NO_PARAMETERS;
  }
  return reader.remaining === 0 ? parameters : NO_PARAMETERS;
}

/** A StartupMessage; names and values are latin1 strings, as `decodeStartup` gives them. */
export function encodeStartup(protocol: number, parameters: ReadonlyMap<string, string>): Buffer {
  let body = "";
  for (const [name, value] of parameters) body += `${name}\0${value}\0`;
  const bytes = Buffer.alloc(8 + body.length + 1);
  bytes.writeInt32BE(bytes.length, 0);
  bytes.writeInt32BE(protocol, 4);
  bytes.write(body, 8, "latin1");
  return bytes;
}

/** As PostgreSQL reads `replication`: a boolean, or `database`. */
export function isReplication(replication: string | undefined): boolean {
  return replication !== undefined && /^(on|t(r(ue?)?)?|y(es?)?|1|database)$/i.test(replication);
}

/** The first packet of who would like TLS. */
export const SSL_REQUEST_BYTES: Buffer = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
