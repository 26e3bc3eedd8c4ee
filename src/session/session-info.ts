import type { StartupPacket } from "../wire/startup.ts";
import type { SessionInfo } from "./observer.ts";
import type { Tagging } from "./session-context.ts";

/** What observers know of a session from its startup packet. */
export function sessionInfo(
  { parameters, replication }: Extract<StartupPacket, { kind: "startup" }>,
  session: { readonly id: number; readonly clientAddress: string; readonly tagging: Tagging },
): SessionInfo {
  const user = parameters.get("user") ?? "";
  return {
    id: session.id,
    user,
    database: parameters.get("database") ?? user,
    replication,
    clientAddress: session.clientAddress,
    startedAt: Date.now(),
    tag: session.tagging.fromStartup(parameters),
    bytesReceived: 0,
    bytesSent: 0,
  };
}
