import pg from "pg";

const BACK_OFF_MIN_MS = 100;
const BACK_OFF_MAX_MS = 5_000;
/** So that the server finds out within seconds when this machine is gone. */
const KEEPALIVE_SQL =
  "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3";

export type LinkRow = Readonly<Record<string, unknown>>;

export interface ControlLinkOptions {
  readonly connection: pg.ClientConfig;
  /** The channel to listen on. */
  readonly channel: string;
  /** The server has this long for an answer; then the connection counts as lost. */
  readonly queryTimeoutMs: number;
  /** What a new connection is looked at for, before anything else; rejects if it will not do. */
  readonly prepare: (client: pg.ClientBase) => Promise<void>;
  /** A connection is there, by `query`; it is used from when this settles, and lost if it rejects. */
  readonly onUp: () => Promise<void>;
  readonly onDown: (error: Error) => void;
  readonly onNotified: (payload: string) => void;
}

/**
 * One connection that is kept: it listens to notifications, and is made anew with back-off when it is
 * lost. What it is used for is a matter of the options.
 */
export class ControlLink {
  readonly #options: ControlLinkOptions;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #backOffMs = BACK_OFF_MIN_MS;
  #isStopped = false;
  /** The query that was asked last. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ControlLinkOptions) {
    this.#options = options;
  }

  /** The first connection: rejects if it can't be had. */
  async start(): Promise<void> {
    await this.#connect();
  }

  /** One after the other. Rejects also while there is no connection. */
  query(sql: string, values: unknown[] = []): Promise<readonly LinkRow[]> {
    const asked = this.#last.then(() => this.#ask(sql, values));
    this.#last = asked.catch(() => undefined);
    return asked;
  }

  async #ask(sql: string, values: unknown[]): Promise<readonly LinkRow[]> {
    const client = this.#client;
    if (client === undefined) throw new Error("there is no control connection");
    try {
      return (await client.query<LinkRow>(sql, values)).rows;
    } catch (error) {
      // An error of the server's leaves the connection as it was; anything else does not.
      if (!(error instanceof pg.DatabaseError)) this.#lost(client, asError(error));
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const { connection, channel, queryTimeoutMs } = this.#options;
    const client = new pg.Client({ ...connection, query_timeout: queryTimeoutMs });
    client.on("error", (error) => this.#lost(client, error));
    client.on("end", () => this.#lost(client, new Error("the server closed the connection")));
    client.on("notification", ({ payload = "" }) => {
      if (this.#client === client) this.#options.onNotified(payload);
    });
    try {
      await client.connect();
      await this.#options.prepare(client);
      await client.query(`${KEEPALIVE_SQL}; LISTEN ${channel}`);
      this.#client = client;
      await this.#options.onUp();
    } catch (error) {
      if (this.#client === client) this.#client = undefined;
      void client.end().catch(() => undefined);
      throw error;
    }
    this.#backOffMs = BACK_OFF_MIN_MS;
  }

  #lost(client: pg.Client, error: Error): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    void client.end().catch(() => undefined);
    this.#options.onDown(error);
    this.#connectLater();
  }

  #connectLater(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#retry);
    // With jitter: a server that comes back is not met by the whole fleet at once.
    const pauseMs = this.#backOffMs * (0.5 + Math.random() / 2);
    this.#backOffMs = Math.min(this.#backOffMs * 2, BACK_OFF_MAX_MS);
    this.#retry = setTimeout(() => {
      this.#connect().catch((error: unknown) => {
        this.#options.onDown(asError(error));
        this.#connectLater();
      });
    }, pauseMs);
    this.#retry.unref();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
