import { condition, expression } from "./expressions.ts";
import { EMPTY, type Grammar, literal, number, spell, table, within } from "./grammar.ts";
import { type Column, type Source, TABLE_NAMES } from "./vocabulary.ts";

/** A column of a source, of this kind if there is one. */
function columnOf(grammar: Grammar, source: Source, kind?: Column["kind"]): string {
  const columns = source.columns.filter((column) => kind === undefined || column.kind === kind);
  return spell(grammar, columns[grammar.choices.pick(columns.length || 1)]?.name ?? "id");
}

const TABLES =
  "(SELECT oid FROM pg_class WHERE oid BETWEEN 16384 AND 16600 AND relkind IN ('r', 'p'))";

/** What is stored of the tables, by numbers: what DDL has done is seen in it. */
const PROBES = [
  `SELECT attrelid, attnum, attnotnull, atthasdef, attstattarget, atttypid, attacl::text FROM pg_attribute WHERE attnum > 0 AND attrelid IN ${TABLES} ORDER BY 1, 2`,
  `SELECT indrelid, indkey::text, indisunique FROM pg_index WHERE indrelid IN ${TABLES} ORDER BY 1, 2, 3`,
  `SELECT conrelid, conkey::text, contype FROM pg_constraint WHERE conrelid IN ${TABLES} ORDER BY 1, 2, 3`,
  `SELECT confrelid, confkey::text FROM pg_constraint WHERE confrelid IN ${TABLES} ORDER BY 1, 2`,
  `SELECT objoid, objsubid, description FROM pg_description WHERE objoid IN ${TABLES} ORDER BY 1, 2`,
  `SELECT refobjid, refobjsubid FROM pg_depend WHERE deptype = 'a' AND classid = 'pg_class'::regclass AND refobjid IN ${TABLES} ORDER BY 1, 2`,
  `SELECT conrelid, confdelsetcols::text FROM pg_constraint WHERE conrelid IN ${TABLES} ORDER BY 1, 2`,
  `SELECT prrelid, prattrs::text FROM pg_publication_rel WHERE prrelid IN ${TABLES} ORDER BY 1`,
  `SELECT tgrelid, tgattr::text FROM pg_trigger WHERE tgrelid IN ${TABLES} AND NOT tgisinternal ORDER BY 1`,
] as const;

/** DDL and the like on a table, and a look at what it has done. */
export function utility(grammar: Grammar): string[] {
  const { choices } = grammar;
  const { sql, source } = table(grammar);
  const alone = within(EMPTY, [{ ...source, schema: "" }]);
  const column = () => columnOf(grammar, source);
  const int = () => columnOf(grammar, source, "int");
  const done = (text: string) => [text, choices.of(PROBES)];
  const altered = (action: string) => done(`ALTER TABLE ${sql} ${action}`);
  switch (choices.pick(24)) {
    case 16:
      return done(`CREATE SEQUENCE made OWNED BY ${sql}.${int()}`);
    case 17:
      return altered(
        `ADD CONSTRAINT made FOREIGN KEY (${int()}) REFERENCES plain (id) ON DELETE SET NULL (${int()}) NOT VALID`,
      );
    case 18:
      return altered(
        `ADD CONSTRAINT made EXCLUDE USING btree (${column()} WITH =) INCLUDE (${int()}) WHERE (${int()} > 1)`,
      );
    case 19:
      return done(
        `CREATE PUBLICATION made FOR TABLE ${sql} (${column()}, ${int()}) WHERE (${int()} > 1)`,
      );
    case 20:
      return done(
        `CREATE TRIGGER made BEFORE UPDATE OF ${column()} ON ${sql} FOR EACH ROW WHEN (old.${int()} > new.${int()}) EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
      );
    case 21:
      return done(
        `CREATE POLICY made ON ${sql} USING (${condition(grammar, { ...alone, depth: 9 })})`,
      );
    case 22:
    case 23:
      // What comes after it in a transaction is the session's to look after: the table's name can mean what was made.
      return done(given(grammar, source));
    case 0:
      return done(`CREATE INDEX made ON ${sql} (${column()}, (${int()} + 1)) WHERE ${int()} > 1`);
    case 1:
      return done(`CREATE UNIQUE INDEX made ON ${sql} (${column()}) INCLUDE (${column()})`);
    case 2:
      return altered(`ALTER COLUMN ${int()} SET DEFAULT ${number(grammar)}`);
    case 3:
      return altered(`ALTER ${column()} ${choices.of(["DROP NOT NULL", "SET STATISTICS 7"])}`);
    case 4:
      return altered(`ALTER ${int()} TYPE bigint USING ${int()} + 1`);
    case 5:
      return altered(`ADD CONSTRAINT made CHECK (${condition(grammar, { ...alone, depth: 9 })})`);
    case 6:
      return altered(`ADD CONSTRAINT made UNIQUE (${column()}, ${int()})`);
    case 7:
      return done(`COMMENT ON COLUMN ${sql}.${column()} IS 'user_id'`);
    case 8:
      return done(`GRANT SELECT (${column()}) ON ${sql} TO public`);
    case 9:
      return [`ANALYZE ${sql} (${column()}, ${int()})`];
    case 10:
      return [`LOCK TABLE ${choices.of(["", "ONLY "])}${sql} IN ACCESS SHARE MODE`];
    case 11:
      return [`TRUNCATE ${sql} CASCADE`, `SELECT count(*) FROM ${sql}`];
    case 12:
      return done(`CREATE STATISTICS made ON ${column()}, ${int()} FROM ${sql}`);
    case 13:
      return [`CALL touch((${grammar.query(grammar, EMPTY, ["int"]).sql} LIMIT 1), b => 'x')`];
    case 14:
      return altered(`DROP COLUMN ${column()}`);
    default:
      return done(
        `CREATE TABLE made (x int, CONSTRAINT made_key FOREIGN KEY (x) REFERENCES ${sql} (${int()}))`,
      );
  }
}

/** Something that gets a name which a table may have. */
function given(grammar: Grammar, source: Source): string {
  const { choices } = grammar;
  const name = spell(grammar, choices.of(TABLE_NAMES));
  return choices.of([
    `SELECT 1 AS id INTO ${name}`,
    `SELECT 1 AS id INTO TEMP ${name}`,
    `CREATE TABLE IF NOT EXISTS ${name} (id int)`,
    `CREATE SEQUENCE ${name}`,
    `CREATE INDEX ${name} ON plain (${columnOf(grammar, source)})`,
    `CREATE TYPE ${name} AS ENUM ('a')`,
    `CREATE DOMAIN archive.${name} AS int`,
    `ALTER TABLE plain RENAME TO ${name}`,
    `ALTER TABLE archive.${name} SET SCHEMA public`,
    `ALTER TABLE IF EXISTS ${name} SET (fillfactor = 50)`,
    `CREATE TABLE made (user_id int REFERENCES ${name}, customer_id int)`,
  ]);
}

/** COPY FROM of one line, which has two numbers. */
export function copyFrom(grammar: Grammar): string[] {
  const { choices } = grammar;
  const { sql, source } = table(grammar);
  const [first, second] = [columnOf(grammar, source, "int"), columnOf(grammar, source, "int")];
  const alone = within(EMPTY, [{ ...source, schema: "" }]);
  const list = choices.pick(4) === 3 ? "" : ` (${first}, ${second})`;
  const options = choices.of([
    "",
    " (DELIMITER '|')",
    ` (FORMAT csv, FORCE_NULL (${first}), DELIMITER '|')`,
    ` (FORMAT csv, FORCE_NOT_NULL (${second}), DELIMITER '|')`,
    " (DELIMITER '|', HEADER)",
    " (DELIMITER '|', HEADER match)",
  ]);
  const where = choices.chance(3) ? ` WHERE ${condition(grammar, { ...alone, depth: 9 })}` : "";
  return [`COPY ${sql}${list} FROM STDIN${options}${where}`, `SELECT * FROM ${sql}`];
}

/** A cursor, and what is done at its row. */
export function currentOf(grammar: Grammar): string[] {
  const { choices } = grammar;
  const { sql, source } = table(grammar);
  const scope = within(EMPTY, [source]);
  const set = `${columnOf(grammar, source, "int")} = ${expression(grammar, scope, "int")}`;
  return [
    `DECLARE c CURSOR FOR SELECT * FROM ${sql}${choices.of([" FOR UPDATE", ""])}`,
    "FETCH 1 FROM c",
    choices.of([
      `UPDATE ${sql} SET ${set} WHERE CURRENT OF c RETURNING *`,
      `DELETE FROM ${sql} WHERE CURRENT OF c RETURNING ${columnOf(grammar, source)}`,
    ]),
    `SELECT * FROM ${sql}`,
  ];
}

/** PREPARE with parameters, and what EXECUTE gives for them. */
export function prepared(grammar: Grammar): string[] {
  const inner: Grammar = { ...grammar, hasParameters: true };
  const { sql } = grammar.query(inner, EMPTY, undefined);
  const run = () =>
    `EXECUTE p(${[1, 2, 3].map(() => literal({ ...grammar, hasParameters: false }, "int")).join(", ")})`;
  return [`PREPARE p(int, int, int) AS ${sql}`, run(), run()];
}
