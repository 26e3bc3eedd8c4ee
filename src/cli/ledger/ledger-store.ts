import pg from "pg";
import type { Config } from "../../config/config.ts";
import { addUses, pruneUses } from "../../control/store-ledger.ts";
import type { UseDelta } from "../../ledger/batch.ts";
import { controlConnection } from "../control-connection.ts";
import type { LedgerSink } from "./ledger-sink.ts";
import { toStored } from "./stored-use.ts";

const PRUNE_MS = 60_000;

/** The ledger in the store that the fleet has in common: each instance adds what it has counted. */
export class LedgerStore implements LedgerSink {
  readonly #config: Config;
  #client: pg.Client | undefined;
  #prunedAt = 0;

  constructor(config: Config) {
    this.#config = config;
  }

  async write(
    uses: readonly UseDelta[],
    _: unknown,
    { isLast }: { readonly isLast: boolean },
  ): Promise<void> {
    const { schema } = this.#config.control;
    try {
      const client = await this.#connect();
      if (uses.length > 0) await addUses(client, schema, uses.map(toStored));
      if (Date.now() - this.#prunedAt > PRUNE_MS) {
        await pruneUses(client, schema, this.#config.ledger.retentionMs);
        this.#prunedAt = Date.now();
      }
    } finally {
      if (isLast) await this.#client?.end();
    }
  }

  async #connect(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const client = new pg.Client(controlConnection(this.#config));
    const lost = () => {
      if (this.#client === client) this.#client = undefined;
    };
    client.on("error", lost);
    client.on("end", lost);
    await client.connect();
    this.#client = client;
    return client;
  }
}
