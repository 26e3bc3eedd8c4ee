import type { VersionTag } from "../version/tag.ts";
import { encodeStartup, STARTUP_SIZE_MAX, type StartupPacket } from "../wire/startup.ts";
import type { Tagging } from "./session-context.ts";

type StartupMessage = Extract<StartupPacket, { kind: "startup" }>;

/** NAMEDATALEN - 1: the server cuts a user's name there, inside a character too. */
const NAME_SIZE_MAX = 63;

/** Bytes of a startup packet without parameters. */
const EMPTY_SIZE = 9;

/** Who the client says it is, as the server takes it. */
export function userOf({ parameters }: Pick<StartupMessage, "parameters">): string {
  return (parameters.get("user") ?? "").slice(0, NAME_SIZE_MAX);
}

/** The startup packet of the same session under the name of `role`. */
export function startupAs(packet: StartupMessage, role: string): StartupMessage {
  const { protocol, parameters } = packet;
  if (parameters.get("user") === role) return packet;
  // By default the database has the client's name, not the role's.
  const database = parameters.get("database") ?? "";
  const changed = new Map(parameters)
    .set("user", role)
    .set("database", database === "" ? userOf(packet) : database);
  return { ...packet, parameters: changed, bytes: encodeStartup(protocol, changed) };
}

/** Why the server would not take this packet; it is told before anybody is asked who he is. */
export function startupProblem({
  protocol,
  parameters,
  bytes,
}: StartupMessage): { readonly sqlstate: string; readonly message: string } | undefined {
  const [major, minor] = [protocol >>> 16, protocol & 0xffff];
  if (major !== 3) {
    const message = `unsupported frontend protocol ${major}.${minor}: server supports 3.0 to 3.2`;
    return { sqlstate: "0A000", message };
  }
  if (parameters.size === 0 && bytes.length > EMPTY_SIZE) {
    const message = "invalid startup packet layout: expected terminator as last byte";
    return { sqlstate: "08P01", message };
  }
  if ((parameters.get("user") ?? "") !== "") return undefined;
  return { sqlstate: "28000", message: "no PostgreSQL user name specified in startup packet" };
}

/**
 * The startup packet as it came, but for the name under which the server is to show the session. By the
 * name of a walsender the server knows its standby, and so it stays; and a packet that would become too
 * large for the server stays as it is.
 */
export function startupBytes(
  { protocol, parameters, replication, bytes }: StartupMessage,
  tagging: Tagging,
  tag: VersionTag | undefined,
): Buffer {
  if (tag === undefined || parameters.size === 0 || replication !== "none") return bytes;
  // Latin1, as the packet is read: the bytes of the UTF-8 text.
  const ownName = Buffer.from(parameters.get("application_name") ?? "", "latin1").toString();
  const name = tagging.applicationName(tag, ownName);
  if (name === undefined) return bytes;
  const value = Buffer.from(name, "utf8").toString("latin1");
  const named = encodeStartup(protocol, new Map(parameters).set("application_name", value));
  return named.length > STARTUP_SIZE_MAX ? bytes : named;
}
