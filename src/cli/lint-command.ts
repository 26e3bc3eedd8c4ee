import { buffer } from "node:stream/consumers";
import { Command, Option } from "commander";
import { isRuleId, RULE_IDS, SEVERITIES } from "../base/rule-ids.ts";
import { nearest } from "../config/nearest.ts";
import type { Facts } from "../guard/facts.ts";
import type { Grouping } from "../guard/judge.ts";
import { loadParser } from "../sql/parse.ts";
import { SetupError } from "./fail.ts";
import { githubReport } from "./lint/github-report.ts";
import { jsonReport } from "./lint/json-report.ts";
import { type LintedFile, lintFile } from "./lint/lint.ts";
import {
  configOf,
  factsFor,
  type LintSources,
  policyOf,
  type Severities,
} from "./lint/lint-settings.ts";
import { decodeUtf8, migrationFiles } from "./lint/migration-files.ts";
import type { MigrationText } from "./lint/migration-script.ts";
import { sarifReport } from "./lint/sarif-report.ts";
import { textReport } from "./lint/text-report.ts";
import { exitStatus } from "./lint/verdict.ts";
import { packageVersion } from "./package-version.ts";

interface Options extends LintSources {
  readonly json?: boolean;
  readonly format: "text" | "json" | "sarif" | "github";
  readonly rule: Severities;
  readonly transaction: keyof typeof GROUPINGS;
}

const GROUPINGS = {
  one: "together",
  none: "alone",
  "as-written": "as written",
} as const satisfies Record<string, Grouping>;

const REPORTS: Readonly<
  Record<Options["format"], (files: readonly LintedFile[], version: string) => string>
> = { text: textReport, json: jsonReport, sarif: sarifReport, github: githubReport };

/** `straddle lint`: 0 if nothing blocks, 1 if something does, 2 if not all could be judged. */
export function lintCommand(): Command {
  return new Command("lint")
    .description("says what the guard has against migration files, before they run")
    .argument("<path...>", "files of SQL, folders of migrations, or - for standard input")
    .option("-c, --config <file>", "take settings and windows from it, and ask its server")
    .option("--server <url>", "ask this server for sizes, constraints and indexes")
    .option("--offline", "ask no server, whatever --config says")
    .option(
      "--rule <id=severity>",
      "block, warn or off, for one rule; can be repeated",
      addRule,
      {},
    )
    .addOption(
      new Option("--transaction <how>", "for files that don't say how their tool runs them")
        .choices(Object.keys(GROUPINGS))
        .default("as-written"),
    )
    .addOption(
      new Option("--format <format>", "how findings are printed")
        .choices(Object.keys(REPORTS))
        .default("text"),
    )
    .option("--json", "the same as --format json")
    .action(async (paths: readonly string[], options: Options) => {
      await loadParser();
      const files = await readFiles(paths);
      const linted = await lintAll(files, options);
      const report = REPORTS[options.json === true ? "json" : options.format];
      process.stdout.write(report(linted, packageVersion()));
      process.exitCode = exitStatus(linted);
    });
}

async function lintAll(
  files: readonly MigrationText[],
  options: Options,
): Promise<readonly LintedFile[]> {
  const config = configOf(options);
  const policy = policyOf(config, options.rule);
  const grouping = GROUPINGS[options.transaction];
  const judge = (facts: Facts) => files.map((file) => lintFile(file, { facts, policy, grouping }));
  return judge(await factsFor(options, config, judge));
}

const STDIN_PATH = "<stdin>";

async function readFiles(paths: readonly string[]): Promise<readonly MigrationText[]> {
  if (!paths.includes("-")) return migrationFiles(paths);
  if (paths.length > 1) throw new SetupError("- is standard input, and has to be the only path");
  return [{ path: STDIN_PATH, text: decodeUtf8(await buffer(process.stdin), "standard input") }];
}

function addRule(text: string, before: Severities): Severities {
  const [id = "", severity = ""] = text.split("=");
  if (!isRuleId(id)) {
    const near = nearest(id, RULE_IDS);
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    throw new SetupError(`--rule ${text}: there is no rule "${id}"${hint}`);
  }
  const known = SEVERITIES.find((each) => each === severity);
  if (known === undefined) {
    throw new SetupError(
      `--rule ${text}: a severity is ${SEVERITIES.join(", ")}, such as ${id}=warn`,
    );
  }
  return { ...before, [id]: known };
}
