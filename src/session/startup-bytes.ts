import type { VersionTag } from "../version/tag.ts";
import { encodeStartup, STARTUP_SIZE_MAX, type StartupPacket } from "../wire/startup.ts";
import type { Tagging } from "./session-context.ts";

/**
 * The startup packet as it came, but for the name under which the server is to show the session. By the
 * name of a walsender the server knows its standby, and so it stays; and a packet that would become too
 * large for the server stays as it is.
 */
export function startupBytes(
  { protocol, parameters, replication, bytes }: Extract<StartupPacket, { kind: "startup" }>,
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
