import type { Config } from "../../config/config.ts";
import { assign } from "../../config/environment.ts";
import { takeOver, type Written } from "../../config/written.ts";

/** The settings in force, kept by the primary for all workers. */
export class Settings {
  /** Keys of the file whose change waits for the next start. */
  waitingKeys: readonly string[] = [];
  readonly #auditBufferSize: number;
  readonly #onChange: (written: Written) => void;
  readonly #merge: (config: Config) => Config;
  #inForce: Config;

  constructor(options: {
    readonly config: Config;
    readonly workersCount: number;
    /** What settings that were read become in force as. */
    readonly merge: (config: Config) => Config;
    readonly onChange: (written: Written) => void;
  }) {
    const { config, workersCount } = options;
    this.#inForce = config;
    this.#auditBufferSize = Math.ceil(config.audit.bufferSizeMax / workersCount);
    this.#onChange = options.onChange;
    this.#merge = options.merge;
  }

  get config(): Config {
    return this.#inForce;
  }

  /** What a worker runs with: its share of what is bounded for all of them together. */
  get written(): Written {
    const written: Record<string, unknown> = structuredClone(this.#inForce.written);
    assign(written, ["audit", "buffer_size_max"], this.#auditBufferSize);
    return written;
  }

  /** Takes over what has been read from a changed file, but for keys that need a restart. */
  reload(read: Config): void {
    const { inForce, waiting } = takeOver(this.#inForce, read);
    this.waitingKeys = waiting;
    this.configure(this.#merge(inForce));
  }

  /** These are in force now. */
  configure(config: Config): void {
    this.#inForce = config;
    this.#onChange(this.written);
  }
}
