import { Command } from "commander";
import pg from "pg";
import type { Config } from "../config/config.ts";
import { initSql, initStore, STORE_VERSION, StoreError } from "../control/store.ts";
import { configFile, loadConfigOrThrow } from "./config-file.ts";
import { withConnection } from "./control-connection.ts";
import { SetupError } from "./fail.ts";

interface Options {
  readonly config?: string;
  readonly role?: string;
  readonly sidecar?: readonly string[];
  readonly operator?: readonly string[];
  readonly print?: boolean;
  readonly json?: boolean;
}

/**
 * `straddle control init`: makes the store of `control.mode: database`, or upgrades it. 0 if it is as
 * it should be now, 2 if the set-up is wrong.
 */
export function controlCommand(): Command {
  const control = new Command("control").description(
    "the store that several instances have in common (control.mode: database)",
  );
  control
    .command("init")
    .description("makes the store, or upgrades it; safe to run twice")
    .option("-c, --config <file>", "configuration file (default: $STRADDLE_CONFIG, straddle.yaml)")
    .option("--role <role>", "log in as this role, which then owns it (default: control.user)")
    .option("--sidecar <role...>", "roles that instances log in as, if they are not the owner")
    .option("--operator <role...>", "roles that may open, flip and close windows")
    .option("--print", "print the SQL of a new store, and run nothing")
    .option("--json", "print it as JSON")
    .action(async (options: Options) => {
      const config = configOf(options);
      const { database, schema } = config.control;
      const roles = { sidecars: options.sidecar ?? [], operators: options.operator ?? [] };
      if (options.print === true) {
        process.stdout.write(script(initSql(schema, roles, 0)));
        return;
      }
      const { from, version } = await withConnection(config, (client) =>
        initStore(client, schema, roles).catch(refused),
      );
      if (options.json === true) {
        process.stdout.write(`${JSON.stringify({ database, schema, version, from })}\n`);
        return;
      }
      const what = from === 0 ? "made" : from < version ? `upgraded from version ${from}` : "kept";
      process.stdout.write(`store ${what}: schema ${schema} of ${database}, version ${version}\n`);
    });
  return control;
}

function configOf({ config: file, role }: Options): Config {
  const config = loadConfigOrThrow(configFile(file));
  return role === undefined ? config : { ...config, control: { ...config.control, user: role } };
}

function refused(error: unknown): never {
  if (error instanceof StoreError) throw new SetupError(error.message);
  if (!(error instanceof pg.DatabaseError)) throw error;
  const hint = error.code === "42501" ? "; see --role and --print" : "";
  throw new SetupError(`the server refused: ${error.message}${hint}`);
}

function script(statements: readonly string[]): string {
  const all = ["BEGIN", ...statements, "COMMIT"].map((sql) => `${sql};\n`).join("");
  return `-- Straddle's store, version ${STORE_VERSION}.\n${all}`;
}
