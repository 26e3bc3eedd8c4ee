import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { Catalog, type Column, type Relation } from "../version/catalog.ts";

/**
 * Relations with their live columns, of every schema that a statement could mean. Temporary tables
 * of all sessions are among them, under their pg_temp_N, and sequences, which can hide a table as well.
 */
const CATALOG_SQL = `
  SELECT c.oid::pg_catalog.int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
         pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY a.attnum)
           FILTER (WHERE a.attnum IS NOT NULL) AS names,
         pg_catalog.array_agg(a.attnum::pg_catalog.int4 ORDER BY a.attnum)
           FILTER (WHERE a.attnum IS NOT NULL) AS attnums,
         pg_catalog.array_agg(a.attnum::pg_catalog.int4)
           FILTER (WHERE a.attgenerated <> '') AS generated,
         ARRAY(SELECT i.inhparent::pg_catalog.int8 FROM pg_catalog.pg_inherits i
               WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parents
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_toast'
    AND (n.nspname IN ('pg_catalog', 'information_schema')) = $1
  GROUP BY c.oid, n.nspname, c.relname, c.relkind
  ORDER BY c.oid`;

const DATABASE_SQL = "SELECT pg_catalog.current_database() AS name";

const LOCK_SQL = `
  SELECT 1 FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database
  WHERE d.datname = pg_catalog.current_database() AND l.relation = $1::pg_catalog.oid
    AND l.mode = 'AccessExclusiveLock' LIMIT 1`;
const LOCK_POLL_MS = 20;

export interface CatalogReaderOptions {
  readonly connection: pg.ClientConfig;
  readonly pollMs: number;
  /** The server has this long for an answer; then the connection counts as lost. 0: however long. */
  readonly answerMs: number;
  /** Whether anything hangs on the catalog; while nothing does, the server is only pinged. */
  readonly isNeeded: () => boolean;
  readonly onChange: (catalog: Catalog) => void;
  /** Undefined when all is well again. */
  readonly onProblem: (error: Error | undefined) => void;
}

/**
 * Reads the catalog over a connection of Straddle's own: when asked, and every `pollMs` in case
 * somebody changed it behind Straddle's back. When the connection is lost, or the server does not answer in time, the
 * last snapshot stays, and each reading tries to connect again.
 */
export class CatalogReader {
  readonly #options: CatalogReaderOptions;
  #client: pg.Client | undefined;
  #catalog = new Catalog([], 0, "");
  #text = "";
  /** The server's own relations: they stay as they are while the connection lasts. */
  #system: readonly Relation[] | undefined;
  /** Its name by the server, which a pooler in between may know by another one. */
  #database: string | undefined;
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #isKnown = false;

  constructor(options: CatalogReaderOptions) {
    this.#options = options;
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  /** Whether the last reading has worked; else the snapshot is what there was before. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** The first reading: rejects if the server can't be reached or does not let us in. */
  async start(): Promise<Catalog> {
    await this.#read();
    this.#schedule();
    return this.#catalog;
  }

  /**
   * A snapshot taken after this call. Calls at one time share a reading; never rejects, since the
   * last snapshot stays.
   */
  refresh(): Promise<void> {
    if (this.#reading === undefined) return this.#begin();
    // The one under way may have looked before whatever this call is about.
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  /**
   * A snapshot taken when nobody holds or awaits an exclusive lock on a relation any more, and so
   * whatever was being done to it is done; or after `deadlineMs`.
   */
  async refreshWhenFree(oid: number, deadlineMs: number): Promise<void> {
    const endsMs = performance.now() + deadlineMs;
    do {
      // Also before the first look: what was sent to the server last may have to arrive yet.
      await sleep(LOCK_POLL_MS);
    } while (performance.now() < endsMs && (await this.#isLocked(oid)));
    await this.refresh();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#reading;
    await this.#client?.end();
  }

  #begin(work: () => Promise<void> = () => this.#read()): Promise<void> {
    this.#reading = work()
      .then(() => this.#options.onProblem(undefined))
      .catch((error: unknown) => this.#failed(asError(error)))
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  #failed(error: Error): void {
    this.#isKnown = false;
    // An error of the server's leaves the connection as it was. After anything else it may be dead, and not say so.
    if (!(error instanceof pg.DatabaseError)) this.#drop();
    this.#options.onProblem(error);
  }

  #drop(): void {
    const client = this.#client;
    this.#forget();
    void client?.end().catch(() => undefined);
  }

  /** The connection, and what was only known of the server behind it. */
  #forget(): void {
    this.#client = undefined;
    this.#system = undefined;
    this.#database = undefined;
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      const turn = this.#options.isNeeded() ? this.refresh() : this.#begin(() => this.#ping());
      void turn.then(() => this.#schedule());
    }, this.#options.pollMs);
    this.#timer.unref();
  }

  async #read(): Promise<void> {
    if (this.#isStopped) return;
    const client = await this.#connect();
    this.#system ??= (await client.query<CatalogRow>(CATALOG_SQL, [true])).rows.map(relation);
    this.#database ??= (await client.query<{ name: string }>(DATABASE_SQL)).rows[0]?.name;
    const { rows } = await client.query<CatalogRow>(CATALOG_SQL, [false]);
    this.#isKnown = true;
    const text = JSON.stringify(rows);
    if (text === this.#text) return;
    this.#text = text;
    const relations = [...this.#system, ...rows.map(relation)];
    this.#catalog = new Catalog(relations, this.#catalog.epoch + 1, this.#database ?? "");
    this.#options.onChange(this.#catalog);
  }

  /** Is the server there? Health pages ask, whether or not anything hangs on the catalog. */
  async #ping(): Promise<void> {
    if (this.#isStopped) return;
    const client = await this.#connect();
    await client.query("SELECT 1");
  }

  async #isLocked(oid: number): Promise<boolean> {
    try {
      const client = await this.#connect();
      return (await client.query(LOCK_SQL, [oid])).rows.length > 0;
    } catch {
      return false; // It can't be found out; `refresh` tells of what is wrong.
    }
  }

  async #connect(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const client = new pg.Client({
      application_name: "straddle",
      // The pause between two readings must not look like an idle client to the server.
      keepAlive: true,
      ...this.#options.connection,
      query_timeout: this.#options.answerMs,
    });
    const lost = () => {
      if (this.#client === client) this.#forget();
    };
    client.on("error", lost);
    client.on("end", lost);
    try {
      await client.connect();
    } catch (error) {
      // Its socket may be open all the same.
      void client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    return client;
  }
}

interface CatalogRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly names: readonly string[] | null;
  readonly attnums: readonly number[] | null;
  readonly generated: readonly number[] | null;
  readonly parents: readonly string[];
}

function relation(row: CatalogRow): Relation {
  const { schema, name, kind, names, attnums } = row;
  const columns: Column[] = [];
  for (const [index, column] of (names ?? []).entries()) {
    const attnum = attnums?.[index] ?? 0;
    const isGenerated = row.generated?.includes(attnum) ?? false;
    columns.push({ name: column, attnum, ...(isGenerated && { isGenerated }) });
  }
  const parents = row.parents.map(Number);
  const base = { oid: Number(row.oid), schema, name, kind, columns };
  return parents.length > 0 ? { ...base, parents } : base;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
