import pg from "pg";
import type { Straddle } from "../../src/cli/run.ts";
import { startup } from "../support/client-frames.ts";
import type { TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { createTwins, type Twins } from "../support/twins.ts";
import type { Address } from "../support/wire-client.ts";
import { RESET, SCHEMA } from "./conversations.ts";
import { Relay } from "./relay.ts";

/** Where conversations are played: `plain` without a window, the others as a version under one. */
export const WAYS = ["plain", "old", "new"] as const;
export type Way = (typeof WAYS)[number];

const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
metrics: { port: 0 }
`;

export interface Place {
  readonly direct: Address;
  readonly through: Address;
  readonly startups: { readonly direct: Buffer; readonly through: Buffer };
  readonly column: string;
}

/**
 * Databases of the same contents, one for each version's names, and Straddle in front of them: once
 * without settings, and once with a rename window open. One conversation at a time.
 */
export class Stage {
  readonly places: Readonly<Record<Way, Place>>;
  /** In front of the server, and the two kinds of Straddle that know no other server. */
  readonly relay: Relay;
  readonly relayed: Readonly<Record<Way, Address>>;
  readonly #twins: Twins;
  readonly #plain: Straddle;
  readonly #behindRelay: readonly Straddle[];
  readonly #clients: readonly pg.Client[];

  static async create(): Promise<Stage> {
    const flip = "ALTER TABLE orders RENAME user_id TO customer_id";
    const twins = await createTwins({ schema: SCHEMA, flip, settings: WINDOW });
    const plain = await startTestStraddle(twins.old, "metrics: { port: 0 }");
    const { host = "", port = 0 } = twins.shared.connection;
    const relay = new Relay({ host, port });
    const connection = { ...twins.shared.connection, port: await relay.listen() };
    const relayed = { ...twins.shared, connection };
    const behindRelay = [
      // Without the setting as a source of versions it asks nothing on its own.
      await startTestStraddle(relayed, "metrics: { port: 0 }\nversion: { from: [comment: true] }"),
      await startTestStraddle(relayed, WINDOW),
    ];
    const clients = [twins.old, twins.new, twins.shared].map(
      ({ connection }) => new pg.Client(connection),
    );
    for (const client of clients) await client.connect();
    return new Stage({ twins, plain, behindRelay, relay }, clients);
  }

  private constructor(
    parts: {
      readonly twins: Twins;
      readonly plain: Straddle;
      readonly behindRelay: readonly Straddle[];
      readonly relay: Relay;
    },
    clients: readonly pg.Client[],
  ) {
    const { twins, plain, behindRelay } = parts;
    this.relay = parts.relay;
    const [first, second] = behindRelay.map(({ port }) => ({ host: "127.0.0.1", port }));
    if (first === undefined || second === undefined) throw new Error("there are two of them");
    this.relayed = { plain: first, old: second, new: second };
    this.#behindRelay = behindRelay;
    this.#twins = twins;
    this.#plain = plain;
    this.#clients = clients;
    const { old, shared } = twins;
    const windowed = twins.straddle;
    this.places = {
      plain: place({ direct: old, through: old, straddle: plain, application: "fuzz" }),
      old: place({ direct: old, through: shared, straddle: windowed, application: "shop@1.0.0" }),
      new: {
        ...place({
          direct: twins.new,
          through: shared,
          straddle: windowed,
          application: "shop@2.0.0",
        }),
        column: "customer_id",
      },
    };
  }

  get straddles(): readonly Straddle[] {
    return [this.#plain, this.#twins.straddle, ...this.#behindRelay];
  }

  /** A client through each Straddle. */
  async healthy(): Promise<pg.Client[]> {
    const databases = [this.#twins.old, this.#twins.shared];
    const clients = this.straddles
      .slice(0, 2)
      .map(
        ({ port }, index) =>
          new pg.Client({ ...databases[index]?.connection, host: "127.0.0.1", port }),
      );
    for (const client of clients) await client.connect();
    return clients;
  }

  async reset(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.query(RESET)));
  }

  async end(): Promise<void> {
    for (const client of this.#clients) await client.end();
    await this.#plain.stop();
    for (const straddle of this.#behindRelay) await straddle.stop();
    await this.relay.end();
    await this.#twins.end();
  }
}

function place(parts: {
  readonly direct: TestDatabase;
  readonly through: TestDatabase;
  readonly straddle: Straddle;
  readonly application: string;
}): Place {
  const { host = "", port = 0 } = parts.direct.connection;
  const packet = (database: TestDatabase) =>
    startup({ user: "postgres", database: database.name, application_name: parts.application });
  return {
    direct: { host, port },
    through: { host: "127.0.0.1", port: parts.straddle.port },
    startups: { direct: packet(parts.direct), through: packet(parts.through) },
    column: "user_id",
  };
}

/** How many sessions of a Straddle ended by a bug, as its metrics say. */
export async function bugCount(straddle: Straddle): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${straddle.metricsPort}/metrics`);
  const text = await answer.text();
  const counts = [...text.matchAll(/^straddle_session_ends_total\{[^}]*"bug"[^}]*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
