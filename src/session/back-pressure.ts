import type { Socket } from "node:net";
import type { ClientPump } from "./client-pump.ts";
import type { Outbox } from "./outbox.ts";
import type { ServerPump } from "./server-pump.ts";
import type { SessionContext } from "./session-context.ts";
import { setReading } from "./sockets.ts";

/** Reads from each side of a session only what the other side has room for. */
export function applyBackPressure(
  { limits, hits }: Pick<SessionContext, "limits" | "hits">,
  sides: {
    readonly client: Socket;
    /** Undefined until it is connected. */
    readonly server: Socket | undefined;
    readonly toClient: Pick<Outbox, "waitingSize">;
    readonly toServer: Pick<Outbox, "waitingSize">;
    readonly clientPump: Pick<ClientPump, "waitingSize">;
    readonly serverPump: Pick<ServerPump, "isBlocked">;
  },
): void {
  const max = limits.bufferSizeMax;
  const isFull = sides.toServer.waitingSize > max || sides.clientPump.waitingSize > max;
  if (setReading(sides.client, !isFull) && isFull) hits.add("buffer_size_max");
  if (sides.server === undefined) return;
  const isStalled = sides.toClient.waitingSize > max;
  const isWanted = !isStalled && !sides.serverPump.isBlocked;
  if (setReading(sides.server, isWanted) && isStalled) hits.add("buffer_size_max");
}
