import type pg from "pg";
import { OBJECT_QUERIES, UNCOPIED } from "./schema-objects.ts";

/** One object of a schema, and the statement that makes it again. */
export interface SchemaObject {
  readonly what: string;
  readonly sql: string;
}

export interface Schema {
  readonly objects: readonly SchemaObject[];
  /** Kinds of objects that are never copied, with how many there are: `2 aggregates`. */
  readonly uncopied: readonly string[];
  /** The settings that names are looked up by. */
  readonly searchPath: string;
}

/** Reads the schema as one snapshot. Takes no lock but those of reading the catalog. */
export async function readSchema(client: pg.Client): Promise<Schema> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    const path = await client.query<{ path: string }>(
      "SELECT pg_catalog.current_setting('search_path') AS path",
    );
    await client.query("SET LOCAL search_path = pg_catalog");
    const objects: SchemaObject[] = [];
    for (const query of OBJECT_QUERIES) {
      objects.push(...(await client.query<SchemaObject>(query)).rows);
    }
    const { rows } = await client.query<{ kind: string; count: number }>(UNCOPIED);
    const uncopied = rows.map(({ kind, count }) => `${count} ${kind}${count === 1 ? "" : "s"}`);
    return { objects, uncopied, searchPath: path.rows[0]?.path ?? "" };
  } finally {
    await client.query("ROLLBACK");
  }
}

/** An object that could not be made in the copy. */
export interface Missing {
  readonly what: string;
  readonly because: string;
}

/**
 * Makes the objects. One that fails is tried again as long as others succeed, since what it hangs on may come
 * later: a view on a view, a function in a default. What is left in the end is returned.
 */
export async function makeObjects(
  client: pg.Client,
  objects: readonly SchemaObject[],
): Promise<Missing[]> {
  await client.query("SET search_path = pg_catalog; SET check_function_bodies = off");
  let pending = objects;
  for (;;) {
    const failed: { object: SchemaObject; because: string }[] = [];
    for (const object of pending) {
      const because = await make(client, object);
      if (because !== undefined) failed.push({ object, because });
    }
    if (failed.length === 0 || failed.length === pending.length) {
      return failed.map(({ object, because }) => ({ what: object.what, because }));
    }
    pending = failed.map(({ object }) => object);
  }
}

/** Made together with another: a constraint of a parent, a schema of an extension. */
const IS_THERE = new Set(["42P06", "42P07", "42710", "42723"]);

async function make(client: pg.Client, { sql }: SchemaObject): Promise<string | undefined> {
  try {
    await client.query(sql);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = "code" in error ? String(error.code) : "";
    if (code === "") throw error; // The connection, not the statement.
    return IS_THERE.has(code) ? undefined : error.message;
  }
}
