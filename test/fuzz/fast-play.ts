import { Greeting } from "../../src/session/greeting.ts";
import type { ServerUser } from "../../src/session/server-connector.ts";
import { Session } from "../../src/session/session.ts";
import { MemorySocket } from "./memory-socket.ts";
import type { Rig } from "./rig.ts";
import { ScriptedServer } from "./scripted-server.ts";

/** What is said in one conversation, and how. */
export interface Script {
  readonly conversation: string;
  /** What the client sends, cut as it is sent; a turn waits for the answers to the one before. */
  readonly turns: readonly (readonly Buffer[])[];
  /** What becomes of the server's messages on their way. */
  readonly onAnswer: (answers: Buffer[]) => readonly Buffer[];
  /** After so many bytes of its own a side is gone, without a word. */
  readonly clientSizeMax: number;
  readonly serverSizeMax: number;
}

export interface Outcome {
  readonly clientSent: Buffer;
  readonly serverReceived: Buffer;
  readonly serverSent: Buffer;
  readonly clientReceived: Buffer;
  readonly server: ScriptedServer;
  /** The session had ended by itself, or by the end of one of its sides, before both were closed. */
  readonly hasEnded: boolean;
  /** It is over now that both sides are closed, sockets and all. */
  readonly isGone: boolean;
}

/** Long enough for all that is put off within a process: ticks, microtasks, and what they put off. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Turns of the event loop in which nothing moved, after which nothing will. */
const IDLE_TURNS = 3;

/** Plays a conversation between a client, a session of the rig and a server, all in this process. */
export async function playFast(rig: Rig, script: Script): Promise<Outcome> {
  const server = new ScriptedServer(rig.book, script.conversation);
  const clientReceived: Buffer[] = [];
  const clientSent: Buffer[] = [];
  const serverSent: Buffer[] = [];
  let onWay: Buffer[] = [];
  let isServerOver = false;
  let user: ServerUser | undefined;
  let serverSocket: MemorySocket | undefined;
  let session: Session | undefined;
  let hasEnded = false;
  let serverSize = 0;
  let clientSize = 0;

  rig.state.connect = (given) => {
    user = given;
    serverSocket = new MemorySocket((bytes) => {
      const answers = script.onAnswer(server.take(bytes));
      for (const answer of answers) {
        const kept = answer.subarray(0, Math.max(0, script.serverSizeMax - serverSize));
        serverSize += kept.length;
        if (kept.length > 0) onWay.push(kept);
        if (kept.length < answer.length) isServerOver = true;
      }
      isServerOver ||= server.isOver;
    });
  };
  const clientSocket = new MemorySocket((bytes) => clientReceived.push(bytes));
  const greeting = new Greeting({
    client: clientSocket,
    tls: undefined,
    timeoutMs: 60_000,
    onStartup: (client, packet, rest) => {
      session = new Session({
        id: 1,
        client,
        clientAddress: "memory",
        packet,
        rest: Buffer.from(rest),
        context: rig.state,
        connectedAt: performance.now(),
        server: { packet, connect: (given) => rig.state.connectServer(given) },
        onEnd: () => {
          hasEnded = true;
        },
      });
    },
    onCancel: (client) => client.destroy(),
    onTimeout: () => undefined,
    onEnd: () => undefined,
  });

  const pending = script.turns.map((turn) => [...turn]);
  let idleTurns = 0;
  let isOpened = false;
  const canRead = (socket: MemorySocket) => !socket.isPaused() && !socket.destroyed;

  /** Moves one thing; says whether there was one. */
  const move = (): boolean => {
    if (user !== undefined && serverSocket !== undefined && !isOpened) {
      isOpened = true;
      user.opened(serverSocket);
      return true;
    }
    if (isOpened && onWay.length > 0 && serverSocket !== undefined && canRead(serverSocket)) {
      const bytes = onWay.length === 1 ? (onWay[0] ?? Buffer.alloc(0)) : Buffer.concat(onWay);
      onWay = [];
      serverSent.push(bytes);
      user?.take(bytes);
      return true;
    }
    if (isServerOver && onWay.length === 0 && serverSocket !== undefined) {
      isServerOver = false;
      serverSocket.deliverEnd();
      return true;
    }
    const turn = pending[0];
    if (turn === undefined || !canRead(clientSocket)) return false;
    const chunk = turn.shift();
    if (chunk === undefined) {
      // The next turn is for when this one is answered.
      if (idleTurns === 0) return false;
      pending.shift();
      return pending.length > 0;
    }
    const kept = chunk.subarray(0, Math.max(0, script.clientSizeMax - clientSize));
    clientSize += kept.length;
    clientSent.push(kept);
    if (kept.length > 0) clientSocket.deliver(kept);
    if (kept.length < chunk.length) {
      pending.length = 0;
      clientSocket.deliverEnd();
    }
    return true;
  };
  while (idleTurns < IDLE_TURNS) {
    idleTurns = move() ? 0 : idleTurns + 1;
    await settled();
  }

  const hadEnded = hasEnded || clientSocket.destroyed;
  clientSocket.deliverEnd();
  serverSocket?.deliverEnd();
  for (let turn = 0; turn < 2 * IDLE_TURNS && !isGone(); turn++) await settled();
  function isGone(): boolean {
    const isServerGone = serverSocket === undefined || !isOpened || serverSocket.destroyed;
    return (session === undefined || hasEnded) && clientSocket.destroyed && isServerGone;
  }
  const outcome = {
    clientSent: Buffer.concat(clientSent),
    serverReceived: server.received,
    serverSent: Buffer.concat(serverSent),
    clientReceived: Buffer.concat(clientReceived),
    server,
    hasEnded: hadEnded,
    isGone: isGone(),
  };
  greeting.destroy();
  serverSocket?.destroy();
  return outcome;
}
