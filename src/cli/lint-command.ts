import { buffer } from "node:stream/consumers";
import { Command, Option } from "commander";
import { isRuleId, RULE_IDS, type RuleId, SEVERITIES, type Severity } from "../base/rule-ids.ts";
import { nearest } from "../config/nearest.ts";
import { NO_FACTS } from "../guard/facts.ts";
import { DEFAULT_POLICY } from "../guard/guard-policy.ts";
import type { Grouping } from "../guard/judge.ts";
import { loadParser } from "../sql/parse.ts";
import { SetupError } from "./fail.ts";
import { jsonReport } from "./lint/json-report.ts";
import { lintFile } from "./lint/lint.ts";
import { decodeUtf8, migrationFiles } from "./lint/migration-files.ts";
import type { MigrationText } from "./lint/migration-script.ts";
import { textReport } from "./lint/text-report.ts";
import { exitStatus } from "./lint/verdict.ts";

interface Options {
  readonly json?: boolean;
  readonly rule: Readonly<Partial<Record<RuleId, Severity>>>;
  readonly transaction: keyof typeof GROUPINGS;
}

const GROUPINGS = {
  one: "together",
  none: "alone",
  "as-written": "as written",
} as const satisfies Record<string, Grouping>;

/** `straddle lint`: 0 if nothing blocks, 1 if something does, 2 if not all could be judged. */
export function lintCommand(): Command {
  return new Command("lint")
    .description("says what the guard has against migration files, before they run")
    .argument("<path...>", "files of SQL, folders of migrations, or - for standard input")
    .option("--json", "print the findings as JSON")
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
    .action(async (paths: readonly string[], options: Options) => {
      await loadParser();
      const files = await readFiles(paths);
      const linted = files.map((file) =>
        lintFile(file, {
          facts: NO_FACTS,
          policy: { ...DEFAULT_POLICY, severities: options.rule },
          grouping: GROUPINGS[options.transaction],
        }),
      );
      process.stdout.write(options.json === true ? jsonReport(linted) : textReport(linted));
      process.exitCode = exitStatus(linted);
    });
}

const STDIN_PATH = "<stdin>";

async function readFiles(paths: readonly string[]): Promise<readonly MigrationText[]> {
  if (!paths.includes("-")) return migrationFiles(paths);
  if (paths.length > 1) throw new SetupError("- is standard input, and has to be the only path");
  return [{ path: STDIN_PATH, text: decodeUtf8(await buffer(process.stdin), "standard input") }];
}

function addRule(
  text: string,
  before: Readonly<Partial<Record<RuleId, Severity>>>,
): Readonly<Partial<Record<RuleId, Severity>>> {
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
