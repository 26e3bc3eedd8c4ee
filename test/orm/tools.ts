import { spawnSync } from "node:child_process";

export interface Tool {
  readonly name: string;
  readonly script: string;
  readonly program: string;
  /** Debian's package, and a script that fails where it is missing. */
  readonly needs?: { readonly package: string; readonly probe: readonly string[] };
  /** Whether its app reads the schema, too. */
  readonly readsSchema?: true;
}

/** Debian's own, for which its packages are, whatever else comes first in PATH. */
const PYTHON = "/usr/bin/python3";
const NODE = process.execPath;
const SQLALCHEMY = {
  package: "python3-sqlalchemy and python3-psycopg2",
  probe: ["-c", "import sqlalchemy, psycopg2"],
};

export const TOOLS: readonly Tool[] = [
  { name: "Prisma", script: "prisma.mjs", program: NODE },
  { name: "Drizzle", script: "drizzle.mjs", program: NODE },
  { name: "TypeORM", script: "typeorm.mjs", program: NODE, readsSchema: true },
  { name: "Sequelize", script: "sequelize.mjs", program: NODE, readsSchema: true },
  { name: "Knex", script: "knex.mjs", program: NODE, readsSchema: true },
  { name: "Kysely", script: "kysely.mjs", program: NODE, readsSchema: true },
  {
    name: "Django",
    script: "django_app.py",
    program: PYTHON,
    readsSchema: true,
    needs: {
      package: "python3-django and python3-psycopg2",
      probe: ["-c", "import django, psycopg2"],
    },
  },
  {
    name: "SQLAlchemy Core",
    script: "sqlalchemy_core.py",
    program: PYTHON,
    readsSchema: true,
    needs: SQLALCHEMY,
  },
  {
    name: "SQLAlchemy ORM",
    script: "sqlalchemy_orm.py",
    program: PYTHON,
    needs: SQLALCHEMY,
  },
  {
    name: "ActiveRecord",
    script: "active_record.rb",
    program: "ruby",
    readsSchema: true,
    needs: {
      package: "ruby-activerecord and ruby-pg",
      probe: ["-e", 'require "active_record"; require "pg"'],
    },
  },
];

/** What has to be installed first, or nothing. */
export function missingFor({ program, needs }: Tool): string | undefined {
  if (needs === undefined || spawnSync(program, needs.probe).status === 0) return undefined;
  return needs.package;
}
