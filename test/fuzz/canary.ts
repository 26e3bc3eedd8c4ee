import type { ServerUser } from "../../src/session/server-connector.ts";
import { Session } from "../../src/session/session.ts";
import { decodeStartup } from "../../src/wire/startup.ts";
import { framesOf, typeOf } from "./frames.ts";
import { MemorySocket } from "./memory-socket.ts";
import type { Rig } from "./rig.ts";
import { ScriptedServer } from "./scripted-server.ts";

/** A healthy session beside the broken ones, which shares all that sessions share. */
export class Canary {
  readonly #socket: MemorySocket;
  #received: Buffer[] = [];

  constructor(rig: Rig) {
    const server = new ScriptedServer(rig.book, "a pipeline with and without errors");
    rig.state.connect = (user: ServerUser) => {
      const socket = new MemorySocket((bytes) => {
        const answers = server.take(bytes);
        setImmediate(() => {
          for (const answer of answers) user.take(answer);
        });
      });
      setImmediate(() => user.opened(socket));
    };
    this.#socket = new MemorySocket((bytes) => this.#received.push(bytes));
    const startup = rig.recordings[0]?.steps[0]?.bytes ?? Buffer.alloc(0);
    const packet = decodeStartup(startup)?.packet;
    if (packet?.kind !== "startup") throw new Error("the recording begins with a log-in");
    new Session({
      id: 2,
      client: this.#socket,
      clientAddress: "memory",
      packet,
      rest: Buffer.alloc(0),
      context: rig.state,
      connectedAt: performance.now(),
      server: { packet, connect: (user) => rig.state.connectServer(user) },
      onEnd: () => undefined,
    });
  }

  /** The types of the messages that answer. */
  async ask(question: Buffer): Promise<string> {
    await this.#quiet();
    this.#received = [];
    this.#socket.deliver(question);
    await this.#quiet();
    return framesOf(Buffer.concat(this.#received)).map(typeOf).join(" ");
  }

  end(): void {
    this.#socket.deliverEnd();
  }

  async #quiet(): Promise<void> {
    for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}
