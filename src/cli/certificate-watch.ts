import type { Config } from "../config/config.ts";
import { expiryProblems } from "./certificates.ts";

/** Looks now and then at how long certificates last, and tells when there is something new to say. */
export class CertificateWatch {
  /** What is to be said, in one line; empty where there is nothing. */
  problem = "";
  readonly #config: Config;
  readonly #onChange: (problem: string) => void;
  readonly #poll: NodeJS.Timeout;

  constructor(options: {
    /** Where the files are, which takes a restart to change. */
    readonly config: Config;
    readonly pollIntervalMs: number;
    readonly onChange: (problem: string) => void;
  }) {
    this.#config = options.config;
    this.#onChange = options.onChange;
    this.#poll = setInterval(() => this.#look(), options.pollIntervalMs);
    this.#poll.unref();
    this.#look();
  }

  stop(): void {
    clearInterval(this.#poll);
  }

  #look(): void {
    const problems = expiryProblems(this.#config, Date.now());
    const problem = problems.map(({ key, text }) => `${key}: ${text}`).join("; ");
    if (problem === this.problem) return;
    this.problem = problem;
    this.#onChange(problem);
  }
}
