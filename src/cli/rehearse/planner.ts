import type pg from "pg";
import { SetupError } from "../fail.ts";

/** An output column, as the server describes it. */
export interface Field {
  readonly name: string;
  readonly typeOid: number;
  readonly tableOid: number;
  readonly attnum: number;
}

export type Plan =
  | {
      readonly kind: "planned";
      /** Undefined for a statement without rows. */
      readonly fields: readonly Field[] | undefined;
    }
  | {
      readonly kind: "failed";
      readonly sqlstate: string;
      readonly message: string;
      readonly detail: string;
      readonly hint: string;
    };

/** `plan`: it has a plan. `analyse`: its names are looked up when it is prepared, and that is all. */
export type Depth = "plan" | "analyse";

/** Straddle's own name for the statement at hand, on a connection of its own. */
const NAME = "rehearsed";

/**
 * Plans statements without running them: prepared by the protocol, which looks up all names and types, then
 * EXPLAINed with a generic plan, so that parameters need no values. The connection is read-only, and has a
 * statement_timeout: IMMUTABLE functions of constants are called by every planner.
 */
export class Planner {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async over(client: pg.Client, searchPath: string): Promise<Planner> {
    await client.query("SET default_transaction_read_only = on");
    await client.query("SET statement_timeout = '10s'");
    await client.query("SET plan_cache_mode = force_generic_plan");
    await client.query("SELECT pg_catalog.set_config('search_path', $1, false)", [searchPath]);
    return new Planner(client);
  }

  async plan(text: string, depth: Depth): Promise<Plan> {
    const preparation = await new Promise<Plan & { parameterCount?: number }>((resolve, reject) => {
      this.#client.query(new Preparation(text, resolve, reject));
    });
    if (preparation.kind === "failed" || depth === "analyse") return preparation;
    const count = preparation.parameterCount ?? 0;
    const values = count === 0 ? "" : ` (${Array(count).fill("NULL").join(", ")})`;
    try {
      await this.#client.query(`EXPLAIN (COSTS OFF) EXECUTE ${NAME}${values}`);
      return preparation;
    } catch (error) {
      const failed = failureOf(error);
      // A domain that forbids NULL says so of the value that stands in for a parameter.
      return failed.sqlstate === "23502" && count > 0 ? preparation : failed;
    }
  }
}

/** One Parse and Describe, as `pg` lets others put them on its connection. */
class Preparation implements pg.Submittable {
  readonly #text: string;
  readonly #resolve: (plan: Plan & { parameterCount?: number }) => void;
  readonly #reject: (error: unknown) => void;
  #fields: readonly Field[] | undefined;
  #parameterCount = 0;

  constructor(
    text: string,
    resolve: (plan: Plan & { parameterCount?: number }) => void,
    reject: (error: unknown) => void,
  ) {
    this.#text = text;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: pg.Connection): void {
    connection.once("parameterDescription", this.#onParameters);
    this.#forget = () => connection.off("parameterDescription", this.#onParameters);
    connection.close({ type: "S", name: NAME }, true);
    connection.parse({ name: NAME, text: this.#text, types: [] }, true);
    connection.describe({ type: "S", name: NAME }, true);
    connection.sync();
  }

  #forget = () => {};
  readonly #onParameters = (message: { parameterCount: number }) => {
    this.#parameterCount = message.parameterCount;
  };

  handleRowDescription(message: { fields: readonly WireField[] }): void {
    this.#fields = message.fields.map(({ name, dataTypeID, tableID, columnID }) => ({
      name,
      typeOid: dataTypeID,
      tableOid: tableID,
      attnum: columnID,
    }));
  }

  /** The last that `pg` tells of it: it forgets a query that has failed. */
  handleError(error: unknown): void {
    this.#forget();
    if (isServerError(error)) this.#resolve(failureOf(error));
    else this.#reject(lost(error));
  }

  handleReadyForQuery(): void {
    this.#forget();
    this.#resolve({
      kind: "planned",
      fields: this.#fields,
      parameterCount: this.#parameterCount,
    });
  }

  handleParseComplete(): void {
    // Nothing to do, but `pg` calls it.
  }
}

interface WireField {
  readonly name: string;
  readonly dataTypeID: number;
  readonly tableID: number;
  readonly columnID: number;
}

function lost(error: unknown): SetupError {
  const because = error instanceof Error ? error.message : String(error);
  return new SetupError(`the connection to the scratch database was lost: ${because}`);
}

function isServerError(error: unknown): error is Error {
  return error instanceof Error && "severity" in error;
}

function failureOf(error: unknown): Extract<Plan, { kind: "failed" }> {
  if (!isServerError(error)) throw lost(error);
  const member = (name: string) => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === "string" ? value : "";
  };
  return {
    kind: "failed",
    sqlstate: member("code"),
    message: error.message,
    detail: member("detail"),
    hint: member("hint"),
  };
}
