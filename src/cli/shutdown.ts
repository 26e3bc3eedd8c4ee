import type { Listener } from "../session/listener.ts";
import { log } from "./log.ts";

/** How long the end may take; `config/schema.ts` says what each is. */
export interface ShutdownDelays {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
}

/**
 * The end of a Straddle, from SIGTERM on: for a while all goes on as before, new connections included;
 * then sessions end at their transaction boundaries, and by the deadline what is left.
 */
export class Shutdown {
  readonly #listener: Pick<Listener, "stop" | "endSessions">;
  #isHurried = false;
  #goOn: () => void = () => undefined;

  constructor(listener: Pick<Listener, "stop" | "endSessions">) {
    this.#listener = listener;
  }

  /** Resolves when all sessions have ended. */
  async run({ delayMinMs, delayMaxMs }: ShutdownDelays): Promise<void> {
    if (delayMinMs > 0 && !this.#isHurried) {
      log.info(`stopping: new connections are taken for another ${delayMinMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, delayMinMs);
        this.#goOn = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    log.info("stopping: sessions end at their next transaction boundary");
    await this.#listener.stop(this.#isHurried ? 0 : delayMaxMs - delayMinMs);
  }

  /** No more waiting for anybody. */
  hurry(): void {
    if (this.#isHurried) return;
    this.#isHurried = true;
    log.info("stopping at once: all sessions are ended");
    this.#goOn();
    this.#listener.endSessions();
  }
}
