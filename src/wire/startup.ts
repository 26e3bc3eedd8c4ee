import { ByteReader } from "./byte-reader.ts";
import { ProtocolError } from "./protocol-error.ts";

/** PostgreSQL's MAX_STARTUP_PACKET_LENGTH. */
export const STARTUP_SIZE_MAX = 10_000 + 4; // The server does not count the length itself.
const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;

/** Which server process the client asks for: a walsender of a database also runs SQL. */
export type Replication = "none" | "physical" | "database";

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
      readonly replication: Replication;
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

  const list = decodeParameters(bytes, protocol);
  const replication = replicationOf(list);
  return { kind: "startup", protocol, parameters: new Map(list), replication, bytes };
}

type ParameterList = readonly (readonly [name: string, value: string])[];

function decodeParameters(bytes: Buffer, protocol: number): ParameterList {
  // The server looks for the last byte first, so that nothing can be read past it.
  if (protocol >> 16 !== 3 || bytes[bytes.length - 1] !== 0) return [];
  const reader = new ByteReader(bytes, 8, bytes.length);
  const list: [string, string][] = [];
  try {
    for (let name = reader.text("latin1"); name !== ""; name = reader.text("latin1")) {
      list.push([name, reader.text("latin1")]);
    }
  } catch {
    return [];
  }
  return reader.remaining === 0 ? list : [];
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

/**
 * As PostgreSQL reads `replication`: a boolean, or `database`, which sticks where the name comes again.
 * What it can't read it refuses.
 */
function replicationOf(parameters: ParameterList): Replication {
  let isWalsender = false;
  let hasDatabase = false;
  for (const [name, value] of parameters) {
    if (name !== "replication") continue;
    hasDatabase ||= value === "database";
    isWalsender = value === "database" || /^(on|t(r(ue?)?)?|y(es?)?|1)$/i.test(value);
  }
  if (!isWalsender) return "none";
  return hasDatabase ? "database" : "physical";
}

/** The first packet of who would like TLS. */
export const SSL_REQUEST_BYTES: Buffer = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
