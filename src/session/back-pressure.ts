import type { Socket } from "node:net";
import type { ClientPump } from "./client-pump.ts";
import type { Outbox } from "./outbox.ts";
import type { ServerPump } from "./server-pump.ts";
import type { SessionContext } from "./session-context.ts";
import { setReading } from "./sockets.ts";

/** The two sides of a session, as far as what waits for whom. */
export interface Sides {
  readonly client: Socket;
  readonly toClient: Pick<Outbox, "waitingSize">;
  readonly toServer: Pick<Outbox, "waitingSize">;
  readonly clientPump: Pick<ClientPump, "waitingSize">;
  readonly serverPump: Pick<ServerPump, "isBlocked">;
}

/** Reads from each side of a session only what the other side has room for. */
export class BackPressure {
  readonly #context: Pick<SessionContext, "limits" | "hits">;
  readonly #sides: Sides;
  /** Undefined until it is connected. */
  server: Socket | undefined;

  constructor(context: Pick<SessionContext, "limits" | "hits">, sides: Sides) {
    this.#context = context;
    this.#sides = sides;
  }

  /** Called after every turn of the session: it makes nothing that would have to be collected. */
  apply(): void {
    const { limits, hits } = this.#context;
    const { client, toClient, toServer, clientPump, serverPump } = this.#sides;
    const max = limits.bufferSizeMax;
    const isFull = toServer.waitingSize > max || clientPump.waitingSize > max;
    if (setReading(client, !isFull) && isFull) hits.add("buffer_size_max");
    if (this.server === undefined) return;
    const isStalled = toClient.waitingSize > max;
    const isWanted = !isStalled && !serverPump.isBlocked;
    if (setReading(this.server, isWanted) && isStalled) hits.add("buffer_size_max");
  }
}
