import { createServer, type Server, type Socket } from "node:net";
import { keepalive } from "../../session/sockets.ts";
import { log } from "../log.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** Clients that wait for a worker while none runs; more than that are closed. */
const WAITING_MAX = 1_000;
/** A worker that has said nothing for this long gets no clients while there are others. */
export const SILENT_MS = 5_000;

/**
 * Owns the listening sockets, and hands each client that connects, unread, to the worker with the
 * fewest. So the death of a worker ends its own sessions only, and long sessions are spread evenly.
 */
export class FrontDoor {
  readonly #workers: () => readonly WorkerProcess[];
  readonly #keepaliveMs: number;
  readonly #servers: Server[] = [];
  #waiting: { readonly socket: Socket; readonly isLocal: boolean }[] = [];

  constructor(options: {
    readonly workers: () => readonly WorkerProcess[];
    /** Silence after which the system asks whether a client is still there; 0 is never. */
    readonly keepaliveMs: number;
  }) {
    this.#workers = options.workers;
    this.#keepaliveMs = options.keepaliveMs;
  }

  /** Listens on a TCP address or a Unix socket; gives the port, 0 for a socket. Rejects if it can't. */
  listen(address: { host: string; port: number } | { path: string }): Promise<number> {
    const isLocal = "path" in address;
    // What is set of a socket stays set in the worker.
    const options = { pauseOnConnect: true, noDelay: true, ...keepalive(this.#keepaliveMs) };
    const server = createServer(options, (socket) => {
      socket.on("error", () => socket.destroy());
      this.#admit(socket, isLocal);
    });
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(address, () => {
        server.off("error", reject);
        server.on("error", (error) => log.problem("a listening socket failed", error));
        const bound = server.address();
        resolve(typeof bound === "object" && bound !== null ? bound.port : 0);
      });
    });
  }

  /** A worker can take clients. */
  workerReady(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { socket, isLocal } of waiting) this.#admit(socket, isLocal);
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const { socket } of this.#waiting) socket.destroy();
    this.#waiting = [];
  }

  #admit(socket: Socket, isLocal: boolean): void {
    const worker = leastLoaded(this.#workers());
    if (worker !== undefined) worker.sendClient(socket, isLocal);
    else if (this.#waiting.length < WAITING_MAX) this.#waiting.push({ socket, isLocal });
    else socket.destroy();
  }
}

function leastLoaded(workers: readonly WorkerProcess[]): WorkerProcess | undefined {
  const serving = workers.filter(({ isServing }) => isServing);
  const heard = serving.filter(({ heardMs }) => Date.now() - heardMs < SILENT_MS);
  const candidates = heard.length > 0 ? heard : serving;
  let best: WorkerProcess | undefined;
  for (const each of candidates) if (best === undefined || load(each) < load(best)) best = each;
  return best;
}

function load({ sessionsCount, strangersCount }: WorkerProcess): number {
  return sessionsCount + strangersCount;
}
