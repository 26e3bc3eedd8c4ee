import { text as readAll } from "node:stream/consumers";
import { Command } from "commander";
import type { Facts } from "../guard/facts.ts";
import { loadParser } from "../sql/parse.ts";
import { parseVersion } from "../version/semantic-version.ts";
import { SetupError } from "./fail.ts";
import { configOf, factsFor, type LintSources, policyOf } from "./lint/lint-settings.ts";
import { planChange } from "./plan/plan-change.ts";
import { planJson, planText } from "./plan/plan-report.ts";

interface Options extends LintSources {
  readonly release: string;
  readonly json?: boolean;
}

/** `straddle plan`: 0 with a plan, 1 if no safe way is known for a part of it, 2 for what is no statement. */
export function planCommand(): Command {
  return new Command("plan")
    .description("prints the whole safe sequence for one schema change, deployments included")
    .argument("<sql>", "one statement, or - for standard input")
    .option("--release <version>", "the first version that knows of the change", "2.0.0")
    .option("-c, --config <file>", "ask the server of this configuration")
    .option("--server <url>", "ask this server for sizes, columns, constraints and indexes")
    .option("--offline", "ask no server, whatever --config says")
    .option("--json", "print the steps as JSON")
    .action(async (argument: string, options: Options) => {
      await loadParser();
      const text = argument === "-" ? await readAll(process.stdin) : argument;
      const version = parseVersion(options.release);
      if (version === undefined) {
        throw new SetupError(`--release must be a version such as 2.1.0, not "${options.release}"`);
      }
      const config = await configOf(options);
      const policy = policyOf(options, config, {});
      const plan = (facts: Facts) => planChange(text, { facts, policy, version });
      const planned = plan(await factsFor(options, config, plan));
      if (typeof planned === "string") throw new SetupError(`no plan: ${planned}`);
      process.stdout.write(options.json === true ? planJson(planned) : planText(planned));
      if (planned.unsafe.length > 0) process.exitCode = 1;
    });
}
