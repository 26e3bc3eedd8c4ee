import type pg from "pg";
import { packet, terminate } from "../support/client-frames.ts";
import { until as untilTrue } from "../support/until.ts";
import { type Address, WireClient } from "../support/wire-client.ts";

/** Where a case is played: what it may need beside its own connection. */
export interface Stage {
  readonly address: Address;
  /** What every session of this run gives at startup; `user` and `database` among them. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Send every byte on its own. */
  readonly isFragmented: boolean;
  /** A direct connection, for what another session does. */
  readonly other: pg.Client;
}

export type Step = (client: WireClient, stage: Stage) => Promise<void>;

/** A conversation. Direct and through Straddle, its transcripts have to be the same. */
export interface ContractCase {
  readonly name: string;
  /** Texts that the direct transcript has to contain: the case gets to what it is about. */
  readonly sees: readonly string[];
  readonly steps: readonly Step[];
  /** The steps make their own startup, or none. */
  readonly isBare?: boolean;
}

export const send =
  (...frames: readonly Buffer[]): Step =>
  (client) =>
    client.send(...frames);

export const until =
  (...names: readonly string[]): Step =>
  (client) =>
    client.until(...names);

export const untilClosed = (): Step => (client) => client.untilClosed();

/** Sends in one write, and waits for one ReadyForQuery. */
export const ask =
  (...frames: readonly Buffer[]): Step =>
  async (client) => {
    await client.send(...frames);
    await client.until("ReadyForQuery");
  };

/** The session's startup, with changes; a parameter that is undefined is left out. */
export const start =
  (changes: Readonly<Record<string, string | undefined>> = {}, password = ""): Step =>
  (client, { parameters }) => {
    const given = Object.entries({ ...parameters, ...changes });
    const kept = given.filter((entry): entry is [string, string] => entry[1] !== undefined);
    return client.start(Object.fromEntries(kept), password);
  };

/** Cancels what the session runs, once it sleeps: on a connection of its own, as clients do. */
export const cancelSleep = (): Step => async (client, stage) => {
  await untilTrue("the session sleeps", async () => {
    const { rows } = await stage.other.query(
      "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'",
      [client.pid],
    );
    return rows.length === 1;
  });
  const canceller = await WireClient.connect(stage.address, stage);
  await canceller.send(packet(80877102, client.key));
  await canceller.untilClosed();
};

/** Another session runs a statement, directly. */
export const meanwhile =
  (sql: string): Step =>
  async (_client, { other }) => {
    await other.query(sql);
  };

/** Plays a case and gives the whole conversation. */
export async function play({ steps, isBare }: ContractCase, stage: Stage): Promise<string[]> {
  const client = await WireClient.connect(stage.address, stage);
  try {
    if (isBare !== true) await start()(client, stage);
    for (const step of steps) await step(client, stage);
    if (isBare !== true) await client.send(terminate());
    await client.untilClosed();
    return client.transcript;
  } finally {
    client.abandon();
  }
}
