import { mkdirSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { initStore } from "../../../src/control/store.ts";
import { type Address, RawClient } from "../raw-client.ts";
import { startStraddle, windowOf } from "../straddle.ts";
import { DATABASE, type Target, USER } from "../target.ts";

export const VERSIONS = ["1.0.0", "2.0.0"] as const;
export type Version = (typeof VERSIONS)[number];

/** What each version calls the column. */
export const COLUMNS = { "1.0.0": "user_id", "2.0.0": "customer_id" } as const;

/** A way to rename a column that two versions use. */
export interface Way {
  readonly name: string;
  /** A session of the application; `number` spreads them, where there is more than one place. */
  connect(version: Version, number: number): Promise<RawClient>;
  /** Where the RENAME is sent. */
  connectToFlip(): Promise<RawClient>;
  stop(): Promise<void>;
}

interface Place {
  readonly server: Address;
  readonly folder: string;
}

export const WAY_NAMES = ["direct", "views", "straddle", "workers", "instances"] as const;
export type WayName = (typeof WAY_NAMES)[number];

/** In the order in which they are measured; each starts what it needs. */
export const WAYS: Readonly<Record<WayName, (place: Place) => Promise<Way>>> = {
  direct: async ({ server }) => ({
    name: "direct",
    connect: (version) => connectTo(server, { application_name: `shop@${version}` }),
    connectToFlip: () => connectTo(server),
    stop: async () => undefined,
  }),
  views,
  straddle: (place) => throughStraddle(place, { name: "Straddle", count: 1, workers: 1 }),
  workers: (place) => throughStraddle(place, { name: "Straddle, 2 workers", count: 1, workers: 2 }),
  instances: async (place) => {
    await makeStore(place.server);
    return throughStraddle(place, { name: "two Straddles", count: 2, workers: 1 });
  },
};

/**
 * What tools for expand and contract make of a rename (pgroll's rename_column): a schema for each
 * version, with a view that has the version's names, chosen by `search_path`; at the end the column
 * itself is renamed, and the views follow.
 */
async function views({ server }: Place): Promise<Way> {
  const admin = await connectTo(server);
  const schemaOf = (version: Version) => `v${version.replaceAll(".", "_")}`;
  for (const version of VERSIONS) {
    const schema = schemaOf(version);
    await admin.query(
      `CREATE SCHEMA ${schema};
       CREATE VIEW ${schema}.flip_orders AS
         SELECT id, user_id AS ${COLUMNS[version]}, total FROM public.flip_orders`,
    );
  }
  return {
    name: "a view for each version",
    connect: (version) =>
      connectTo(server, { options: `-c search_path=${schemaOf(version)},public` }),
    connectToFlip: () => connectTo(server),
    async stop() {
      for (const version of VERSIONS) {
        await admin.query(`DROP SCHEMA ${schemaOf(version)} CASCADE`);
      }
      admin.close();
    },
  };
}

/** Several of them have their windows in their files, and agree on flips through the store. */
async function throughStraddle(
  { server, folder }: Place,
  options: { readonly name: string; readonly count: number; readonly workers: number },
): Promise<Way> {
  const { name, count, workers } = options;
  const straddles: Target[] = [];
  for (let number = 1; number <= count; number++) {
    const ownFolder = join(folder, `${name.replaceAll(/\W+/g, "-")}-${number}`);
    mkdirSync(ownFolder);
    const straddle = await startStraddle(server, ownFolder, {
      ...{ sessionsMax: 200, nodeOptions: [], workers, hasStore: count > 1 },
      windows: [windowOf("shop", "flip_orders", { user_id: "customer_id" })],
    });
    straddles.push(straddle);
  }
  const [first = server] = straddles;
  return {
    name,
    connect: (version, number) => {
      // Of each kind of session, and of each version, some are on each.
      const straddle = straddles[(number >> 3) % straddles.length] ?? first;
      return connectTo(straddle, { application_name: `shop@${version}` });
    },
    connectToFlip: () => connectTo(first),
    async stop() {
      for (const straddle of straddles) await straddle.stop();
    },
  };
}

async function makeStore({ host, port }: Address): Promise<void> {
  const client = new pg.Client({ host, port, user: USER, database: DATABASE });
  await client.connect();
  await initStore(client, "straddle", { sidecars: [], operators: [] });
  await client.end();
}

function connectTo(
  address: Address,
  parameters: Readonly<Record<string, string>> = {},
): Promise<RawClient> {
  return RawClient.connect(address, { user: USER, database: DATABASE, ...parameters });
}
