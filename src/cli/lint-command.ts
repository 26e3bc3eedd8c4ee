import { buffer } from "node:stream/consumers";
import { Command, Option } from "commander";
import { isRuleId, RULE_IDS, SEVERITIES } from "../base/rule-ids.ts";
import { nearest } from "../config/nearest.ts";
import type { Grouping } from "../guard/judge.ts";
import { RULES } from "../guard/rules.ts";
import { loadParser } from "../sql/parse.ts";
import { SetupError } from "./fail.ts";
import { fixFile } from "./lint/fix.ts";
import { githubReport } from "./lint/github-report.ts";
import { jsonReport } from "./lint/json-report.ts";
import { type LintedFile, type LintOptions, lintFile } from "./lint/lint.ts";
import {
  configOf,
  factsFor,
  type LintSources,
  policyOf,
  type Severities,
} from "./lint/lint-settings.ts";
import { decodeUtf8, migrationFiles } from "./lint/migration-files.ts";
import type { MigrationText } from "./lint/migration-script.ts";
import { ruleList, rulePage } from "./lint/rule-page.ts";
import { ruleReference, ruleTable } from "./lint/rule-reference.ts";
import { sarifReport } from "./lint/sarif-report.ts";
import { textReport } from "./lint/text-report.ts";
import { exitStatus } from "./lint/verdict.ts";
import { packageVersion } from "./package-version.ts";

interface Options extends LintSources {
  readonly json?: boolean;
  readonly fix?: boolean;
  readonly explain?: string | true;
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
    .argument("[path...]", "files of SQL, folders of migrations, or - for standard input")
    .option("-c, --config <file>", "take settings and windows from it, and ask its server")
    .option("--server <url>", "ask this server for sizes, constraints and indexes")
    .option("--offline", "ask no server, whatever --config says")
    .option("--admin <host:port...>", "ask these instances of straddle who uses what")
    .option("--quiet-for <duration>", "how long nobody must have used it (default: 24h)")
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
    .option("--fix", "print the file with the safe statements in it, and on stderr what is left")
    .option(
      "--explain [rule]",
      "print what a rule is about, without one which rules there are; all and table as Markdown",
    )
    .action(async (paths: readonly string[], options: Options) => {
      if (options.explain !== undefined) {
        process.stdout.write(await explanation(options.explain));
        return;
      }
      if (paths.length === 0)
        throw new SetupError("lint what? Give files, folders, or - for stdin");
      await loadParser();
      const files = await readFiles(paths);
      if (options.fix === true) {
        await fixOnly(files, options);
        return;
      }
      const linted = (await linterFor(files, options))(lintFile);
      const report = REPORTS[options.json === true ? "json" : options.format];
      process.stdout.write(report(linted, packageVersion()));
      process.exitCode = exitStatus(linted);
    });
}

type Linter = <Result>(
  work: (file: MigrationText, options: LintOptions) => Result,
) => readonly Result[];

/** Runs `work` on each file, with settings and facts. */
async function linterFor(files: readonly MigrationText[], options: Options): Promise<Linter> {
  const config = await configOf(options);
  const policy = policyOf(options, config, options.rule);
  const grouping = GROUPINGS[options.transaction];
  const facts = await factsFor(options, config, (asked) => {
    for (const file of files) lintFile(file, { facts: asked, policy, grouping });
  });
  return (work) => files.map((file) => work(file, { facts, policy, grouping }));
}

async function fixOnly(files: readonly MigrationText[], options: Options): Promise<void> {
  if (files.length !== 1) {
    throw new SetupError(`--fix prints one file, and these are ${files.length}`);
  }
  const fixed = (await linterFor(files, options))(fixFile);
  for (const { text } of fixed) process.stdout.write(text);
  const left = fixed.map((each) => each.left);
  process.stderr.write(textReport(left));
  process.exitCode = exitStatus(left);
}

async function explanation(id: string | true): Promise<string> {
  if (id === true) return ruleList();
  if (id === "table") return `${ruleTable()}\n`;
  if (id === "all") {
    await loadParser();
    return ruleReference();
  }
  const rule = RULES.find((each) => each.id === id);
  if (rule === undefined) throw new SetupError(`--explain: ${unknownRule(id)}`);
  return rulePage(rule);
}

function unknownRule(id: string): string {
  const near = nearest(id, RULE_IDS);
  return `there is no rule "${id}"${near === undefined ? "" : `; did you mean ${near}?`}`;
}

const STDIN_PATH = "<stdin>";

async function readFiles(paths: readonly string[]): Promise<readonly MigrationText[]> {
  if (!paths.includes("-")) return migrationFiles(paths);
  if (paths.length > 1) throw new SetupError("- is standard input, and has to be the only path");
  return [{ path: STDIN_PATH, text: decodeUtf8(await buffer(process.stdin), "standard input") }];
}

function addRule(text: string, before: Severities): Severities {
  const [id = "", severity = ""] = text.split("=");
  if (!isRuleId(id)) throw new SetupError(`--rule ${text}: ${unknownRule(id)}`);
  const known = SEVERITIES.find((each) => each === severity);
  if (known === undefined) {
    throw new SetupError(
      `--rule ${text}: a severity is ${SEVERITIES.join(", ")}, such as ${id}=warn`,
    );
  }
  return { ...before, [id]: known };
}
