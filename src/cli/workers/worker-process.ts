import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import type { Check } from "../../admin/health.ts";
import type { Written } from "../../config/written.ts";
import type { Samples } from "../../metrics/registry.ts";
import { sourceOf } from "../source-of.ts";
import type { Member } from "./flip-board.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";

/** A worker, as its primary has it: the process, and what is known of it. */
export class WorkerProcess implements Member {
  /** From 1; a replacement has the number of the one before. */
  readonly number: number;
  readonly startedMs = Date.now();
  /** Whether clients may be sent there. */
  isServing = false;
  /** Clients that have not said yet what they want. */
  strangersCount = 0;
  sessionsCount = 0;
  heardMs = Date.now();
  checks: readonly Check[] = [];
  samples: Samples = [];
  readonly #child: ChildProcess;

  constructor(options: {
    readonly number: number;
    readonly written: Written;
    /** In hexadecimal. */
    readonly saltKey: string;
    readonly onMessage: (worker: WorkerProcess, message: ToPrimary) => void;
    readonly onExit: (worker: WorkerProcess, how: string) => void;
  }) {
    this.number = options.number;
    this.#child = fork(sourceOf(import.meta.url, "worker"), [String(options.number)]);
    // Trust boundary: the worker runs the same program.
    this.#child.on("message", (message: ToPrimary) => options.onMessage(this, message));
    this.#child.once("exit", (code, signal) => {
      options.onExit(this, signal === null ? `exit status ${code}` : signal);
    });
    this.#child.on("error", () => undefined); // Its exit tells enough.
    this.send({ kind: "start", written: options.written, saltKey: options.saltKey });
  }

  get processId(): number | undefined {
    return this.#child.pid;
  }

  send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Hands a client on. Where that fails the client is closed. */
  sendClient(socket: Socket, isLocal: boolean): void {
    this.strangersCount += 1;
    const message: ToWorker = { kind: "client", isLocal };
    this.#child.send(message, socket, (error) => {
      if (error !== null) socket.destroy();
    });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
