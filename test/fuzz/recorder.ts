import { connect, createServer, type Server, type Socket } from "node:net";
import { flush } from "../support/client-frames.ts";
import type { Address } from "../support/wire-client.ts";
import type { Turn } from "./conversations.ts";
import { framesOf, typeOf } from "./frames.ts";
import type { Leg, Step } from "./recording.ts";

/** An answer is over when nothing has come for so long. */
const QUIET_MS = 25;

/** Between Straddle and the server: hears both, and tells of Straddle's sessions, not its control connection. */
export class Tap {
  /** Where the bytes of the next session go. */
  hear: (leg: Leg, bytes: Buffer) => void = () => undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: Address) {
    this.#server = createServer({ noDelay: true }, (client) => {
      const server = connect({ ...target, noDelay: true });
      let hear: Tap["hear"] | undefined;
      client.on("data", (bytes: Buffer) => {
        const isOwn = bytes.includes("application_name\0straddle\0");
        hear ??= isOwn ? () => undefined : this.hear;
        hear(">>", bytes);
        server.write(bytes);
      });
      server.on("data", (bytes: Buffer) => {
        hear?.("<<", bytes);
        client.write(bytes);
      });
      for (const [socket, other] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => other.end());
      }
    });
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, "127.0.0.1", () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Marks the end of the log-in among the steps. */
export const LOGGED_IN = Buffer.alloc(0);

/** Extended messages, whose answers the server keeps back without a Flush. */
const FLUSHED = new Set("PBDEC");

/**
 * Says a conversation through Straddle, one message at a time, and writes down all that passes on
 * both sides of it. Flush lets each message be followed by its answers; it is not written down.
 */
export async function record(
  tap: Tap,
  address: Address,
  startup: Buffer,
  turns: readonly Turn[],
): Promise<readonly Step[]> {
  const steps: Step[] = [];
  let lastMs = performance.now();
  let isFirst = true;
  const hear = (leg: Leg, bytes: Buffer) => {
    lastMs = performance.now();
    const frames = leg === ">>" && isFirst ? [bytes] : framesOf(bytes);
    if (leg === ">>") isFirst = false;
    for (const frame of frames) if (typeOf(frame) !== "H") steps.push({ leg, bytes: frame });
  };
  tap.hear = hear;
  const socket = connect({ ...address, noDelay: true });
  socket.on("error", () => undefined);
  socket.on("data", (bytes: Buffer) => hear("<", bytes));
  const quiet = async () => {
    lastMs = performance.now();
    while (performance.now() - lastMs < QUIET_MS) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  steps.push({ leg: ">", bytes: startup });
  socket.write(startup);
  await quiet();
  await quiet();
  steps.push({ leg: "|", bytes: LOGGED_IN });
  for (const turn of turns) {
    for (const frame of turn) {
      steps.push({ leg: ">", bytes: frame });
      socket.write(FLUSHED.has(typeOf(frame)) ? Buffer.concat([frame, flush()]) : frame);
      await quiet();
    }
    steps.push({ leg: "|", bytes: Buffer.alloc(0) });
  }
  socket.destroy();
  return steps;
}
