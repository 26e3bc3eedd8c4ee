import { type Command, CommanderError } from "commander";
import { stringify } from "yaml";
import { SetupError } from "../../src/cli/fail.ts";
import type { Printed } from "../../src/cli/window/outcome.ts";
import { windowCommand } from "../../src/cli/window-command.ts";
import type { TestDatabase } from "./server.ts";
import { writeConfig } from "./straddle-process.ts";

/** Runs `straddle window …` in this process, on a database's store, with further settings; `config` is their file. */
export function windowRunner(
  database: TestDatabase,
  {
    control: more = {},
    ...settings
  }: { readonly control?: object; readonly [key: string]: unknown } = {},
) {
  const control = { mode: "database", user: "postgres", database: database.name, ...more };
  const config = writeConfig(database, stringify({ control, ...settings }));
  const run = async (...args: readonly string[]): Promise<Printed> => {
    let result: Printed = { out: "", err: "", status: -1 };
    const command = quiet(
      windowCommand((printed) => {
        result = printed;
      }),
    );
    try {
      await command.parseAsync([...args, "--config", config], { from: "user" });
    } catch (error) {
      if (!(error instanceof SetupError || error instanceof CommanderError)) throw error;
      return { out: "", err: error.message, status: 2 };
    }
    return result;
  };
  return Object.assign(run, { config });
}

function quiet(command: Command): Command {
  for (const each of command.commands) quiet(each);
  return command.exitOverride().configureOutput({ writeErr: () => undefined });
}

/** The arguments that plan the window of the shop: `orders.user_id` becomes `customer_id`. */
export const SHOP_PLAN = [
  "plan",
  "--table",
  "public.orders",
  "--rename",
  "user_id=customer_id",
  "--old",
  "<2.0.0",
  "--new",
  ">=2.0.0",
] as const;
