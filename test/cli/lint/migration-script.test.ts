import { beforeAll, expect, test } from "vitest";
import { type MigrationText, upParts } from "../../../src/cli/lint/migration-script.ts";
import { readParts } from "../../../src/cli/lint/script-parts.ts";
import { loadParser } from "../../../src/sql/parse.ts";

/** What each tool runs of its files, and what it takes for one transaction. */

beforeAll(loadParser);

interface Case {
  readonly name: string;
  readonly path: string;
  readonly text: string;
  readonly settings?: string;
  /** `grouping: statement; statement`, one for each part. */
  readonly parts: readonly string[];
}

const ALTER = "ALTER TABLE users ADD COLUMN age int";
const INDEX = "CREATE INDEX CONCURRENTLY users_age ON users (age)";

const cases: readonly Case[] = [
  {
    name: "a byte order mark",
    path: "change.sql",
    text: `\ufeff${ALTER};`,
    parts: [`as written: ${ALTER}`],
  },
  { name: "plain SQL", path: "change.sql", text: `${ALTER};\n`, parts: [`as written: ${ALTER}`] },
  {
    name: "dbmate: up only, in a transaction",
    path: "db/migrations/20240101120000_age.sql",
    text: `-- migrate:up\n${ALTER};\n\n-- migrate:down\nALTER TABLE users DROP COLUMN age;\n`,
    parts: [`together: ${ALTER}`],
  },
  {
    name: "dbmate: transaction:false",
    path: "db/migrations/20240101120000_age.sql",
    text: `-- migrate:up transaction:false\n${INDEX};\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY users_age;\n`,
    parts: [`alone: ${INDEX}`],
  },
  {
    name: "dbmate: that the way down has no transaction says nothing of the way up",
    path: "20240101120000_age.sql",
    text: `-- migrate:up\n${ALTER};\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY users_age;\n`,
    parts: [`together: ${ALTER}`],
  },
  {
    name: "goose, with a function in StatementBegin and StatementEnd",
    path: "00001_create_users.sql",
    text: `-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN 1; -- +goose Down: no mark, since it has no line of its own.
END $$;
-- +goose StatementEnd
-- +goose Down
DROP FUNCTION f;
`,
    parts: [
      "together: CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 1; -- +goose Down: no mark, since it has no line of its own.\nEND $$",
    ],
  },
  {
    name: "goose: NO TRANSACTION",
    path: "20231230174418_schema_version_index.sql",
    text: `-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\n${INDEX};\n-- +goose StatementEnd\n\n-- +goose Down\nDROP INDEX CONCURRENTLY users_age;\n`,
    parts: [`alone: ${INDEX}`],
  },
  {
    name: "sql-migrate",
    path: "1_age.sql",
    text: `-- +migrate Up notransaction\n${INDEX};\n-- +migrate Down\nDROP INDEX users_age;\n`,
    parts: [`alone: ${INDEX}`],
  },
  {
    name: "node-pg-migrate",
    path: "1_age.sql",
    text: `-- Up Migration\n${ALTER};\n-- Down Migration\nDROP TABLE users;\n`,
    parts: [`together: ${ALTER}`],
  },
  {
    name: "Liquibase: a transaction for each changeset of this database, without rollbacks",
    path: "changelog.sql",
    text: `--liquibase formatted sql

--changeset ann:1 labels:users
${ALTER};
--rollback ALTER TABLE users DROP COLUMN age;

--changeset ann:2 runInTransaction:false
${INDEX};

--changeset ann:3 dbms:mysql,oracle
ALTER TABLE users MODIFY age bigint;

--changeset ann:4 dbms:!mysql
SELECT 1;
`,
    parts: [`together: ${ALTER}`, `alone: ${INDEX}`, "together: SELECT 1"],
  },
  {
    name: "golang-migrate: several statements are one transaction, sent as one query",
    path: "migrations/000002_age.up.sql",
    text: `${ALTER};\nSELECT 1;\n`,
    parts: [`together: ${ALTER}; SELECT 1`],
  },
  {
    name: "golang-migrate: one statement is alone",
    path: "migrations/000002_age.up.sql",
    text: INDEX,
    parts: [`alone: ${INDEX}`],
  },
  {
    name: "Prisma: as golang-migrate",
    path: "prisma/migrations/20240101120000_age/migration.sql",
    text: `-- AlterTable\n${ALTER};\n\n-- CreateIndex\n${INDEX};\n`,
    parts: [`together: ${ALTER}; ${INDEX}`],
  },
  {
    name: "Drizzle",
    path: "drizzle/0001_age.sql",
    text: `${ALTER};--> statement-breakpoint\nSELECT 1;\n`,
    parts: [`together: ${ALTER}; SELECT 1`],
  },
  {
    name: "Flyway: a transaction",
    path: "V1_2__age.sql",
    text: `${ALTER};\nSELECT 1;`,
    parts: [`together: ${ALTER}; SELECT 1`],
  },
  {
    name: "Flyway: none where no statement can be in one",
    path: "V2__index.sql",
    text: `${INDEX};`,
    parts: [`alone: ${INDEX}`],
  },
  {
    name: "Flyway: executeInTransaction=false beside it",
    path: "V3__both.sql",
    text: `${ALTER};\n${INDEX};`,
    settings: "executeInTransaction=false\n",
    parts: [`alone: ${ALTER}; ${INDEX}`],
  },
  {
    name: "Flyway: a repeatable one",
    path: "R__views.sql",
    text: "SELECT 1; SELECT 2",
    parts: ["together: SELECT 1; SELECT 2"],
  },
  {
    name: "sqitch: for psql, with its own BEGIN and COMMIT",
    path: "deploy/age.sql",
    text: `-- Deploy app:age to pg\n\\set ON_ERROR_STOP on\nBEGIN;\n${ALTER};\nCOMMIT;\n`,
    parts: [`as written: BEGIN; ${ALTER}; COMMIT`],
  },
  {
    name: "the file's own word goes before its tool's",
    path: "V1__age.sql",
    text: `-- straddle:transaction=none\n${ALTER};\nSELECT 1;`,
    parts: [`alone: ${ALTER}; SELECT 1`],
  },
  {
    name: "straddle:transaction=one",
    path: "change.sql",
    text: `-- straddle:transaction=one\n${ALTER};`,
    parts: [`together: ${ALTER}`],
  },
  {
    name: "sqlx, graphile-migrate: no-transaction",
    path: "20240101_age.sql",
    text: `--! no-transaction\n${INDEX};`,
    parts: [`alone: ${INDEX}`],
  },
  {
    name: "Atlas: txmode none",
    path: "20240101_age.sql",
    text: `-- atlas:txmode none\n\n${INDEX};`,
    parts: [`alone: ${INDEX}`],
  },
  {
    name: "variables of psql and placeholders",
    path: "change.sql",
    text:
      "ALTER TABLE $" +
      "{schema}.t ADD COLUMN a text DEFAULT :'value';\nSELECT a[1:2], b::int FROM :\"name\";",
    parts: [
      "as written: ALTER TABLE $" +
        "{schema}.t ADD COLUMN a text DEFAULT :'value'; SELECT a[1:2], b::int FROM :\"name\"",
    ],
  },
];

for (const { name, path, text, settings, parts } of cases) {
  test(name, () => {
    const file: MigrationText = { path, text, settings };
    const read = readParts(file, "as written").map((part) => {
      if (part.kind === "problem") return part.message;
      const statements = part.statements.map(({ start, end }) =>
        part.restored(part.text.slice(start, end)),
      );
      return `${part.grouping}: ${statements.join("; ")}`;
    });
    expect(read).toEqual(parts);
  });
}

test("a part is as long as its file, and has each line where it was", () => {
  for (const { path, text } of cases) {
    for (const part of upParts({ path, text }, "as written")) {
      expect(part.text.length).toBe(text.length);
      expect(part.text.split("\n").length).toBe(text.split("\n").length);
    }
  }
});

test("what is no SQL is a problem with its place", () => {
  const text = "-- migrate:up\nALTER TABEL t;\n-- migrate:down\nALTER TABEL u;";
  expect(readParts({ path: "1.sql", text }, "as written")).toEqual([
    { kind: "problem", message: 'syntax error at or near "TABEL"', offset: 20 },
  ]);
});
