import { Command } from "commander";
import pg from "pg";
import type { Config } from "../config/config.ts";
import { installSql, STATUS_SQL, UNINSTALL_SQL } from "../guard/event-trigger.ts";
import { configFile, loadConfigOrThrow } from "./config-file.ts";
import { withConnection } from "./control-connection.ts";
import { SetupError } from "./fail.ts";

interface Options {
  readonly config?: string;
  readonly role?: string;
  readonly exempt?: readonly string[];
  readonly print?: boolean;
  readonly json?: boolean;
}

/**
 * `straddle guard install|uninstall|status`: the event trigger that refuses DDL without a lock_timeout
 * from connections that do not come through Straddle, too. 0 if it was done (`status`: if it is there and
 * fires, else 1), 2 if the set-up is wrong.
 */
export function guardCommand(): Command {
  const guard = new Command("guard").description(
    "the guard's last line, on the server itself: for connections that go past straddle",
  );
  subcommand(guard, "install", "installs the event trigger, or changes its policy")
    .option("--exempt <role...>", "roles, by their log-in, that may do without a lock_timeout")
    .option("--print", "print the SQL, and run nothing")
    .action(async (options: Options) => {
      const config = configOf(options);
      const { maxMs } = config.guard.lockTimeout;
      const statements = installSql({ maxMs, exempt: options.exempt ?? [] });
      if (options.print === true) {
        process.stdout.write(script(statements));
        return;
      }
      await withConnection(config, (client) => inTransaction(client, statements));
      process.stdout.write(`installed in ${config.control.database}\n`);
    });
  subcommand(guard, "uninstall", "takes the event trigger away, with all that belongs to it")
    .option("--print", "print the SQL, and run nothing")
    .action(async (options: Options) => {
      const config = configOf(options);
      if (options.print === true) {
        process.stdout.write(script(UNINSTALL_SQL));
        return;
      }
      await withConnection(config, (client) => inTransaction(client, UNINSTALL_SQL));
      process.stdout.write(`not in ${config.control.database} any more\n`);
    });
  subcommand(guard, "status", "says whether the event trigger is installed, and its policy")
    .option("--json", "print it as JSON")
    .action(async (options: Options) => {
      const status = await withConnection(configOf(options), statusOf);
      process.stdout.write(
        options.json === true ? `${JSON.stringify(status)}\n` : `${words(status)}\n`,
      );
      if (status.state !== "on") process.exitCode = 1;
    });
  return guard;
}

function subcommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option("-c, --config <file>", "configuration file (default: $STRADDLE_CONFIG, straddle.yaml)")
    .option(
      "--role <role>",
      "log in as this role, which has to be a superuser (default: control.user)",
    );
}

function configOf({ config: file, role }: Options): Config {
  const config = loadConfigOrThrow(configFile(file));
  return role === undefined ? config : { ...config, control: { ...config.control, user: role } };
}

interface Status {
  readonly state: "on" | "disabled" | "absent";
  readonly policy: string | undefined;
}

async function statusOf(client: pg.Client): Promise<Status> {
  const { rows } = await client.query<{ fires: boolean; policy: string | null }>(STATUS_SQL);
  const [row] = rows;
  if (row === undefined) return { state: "absent", policy: undefined };
  return { state: row.fires ? "on" : "disabled", policy: row.policy ?? undefined };
}

function words({ state, policy }: Status): string {
  if (state === "absent") return "not installed: straddle guard install";
  const firing = state === "on" ? "installed" : "installed, but disabled";
  return policy === undefined ? firing : `${firing}: ${policy}`;
}

async function inTransaction(client: pg.Client, statements: readonly string[]): Promise<void> {
  try {
    for (const sql of ["BEGIN", "SET LOCAL lock_timeout = '2s'", ...statements, "COMMIT"]) {
      await client.query(sql);
    }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    const hint = error.code === "42501" ? ": only a superuser can; see --role and --print" : "";
    throw new SetupError(`the server refused: ${error.message}${hint}`);
  }
}

function script(statements: readonly string[]): string {
  return ["BEGIN", ...statements, "COMMIT"].map((sql) => `${sql};\n`).join("");
}
