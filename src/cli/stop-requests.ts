const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Those who want Straddle to end: a first signal asks for it, another one for more haste. Asking by
 * HTTP is asking once, however often it is done.
 */
export class StopRequests {
  /** Resolves at the first request. */
  readonly asked: Promise<void>;
  #resolve: () => void = () => undefined;
  #isAsked = false;
  #onHurry: () => void = () => undefined;

  constructor() {
    this.asked = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** From now on signals don't end the process by themselves. */
  listen(onHurry: () => void): void {
    this.#onHurry = onHurry;
    for (const signal of SIGNALS) process.on(signal, () => this.#signalled());
  }

  ask(): void {
    this.#isAsked = true;
    this.#resolve();
  }

  #signalled(): void {
    if (this.#isAsked) this.#onHurry();
    else this.ask();
  }
}
