import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { Rule } from "../../guard/rule.ts";
import { RULES } from "../../guard/rules.ts";
import type { LintedFile, LintFinding, Problem } from "./lint.ts";
import type { Position } from "./position.ts";

/** The findings as SARIF 2.1.0 (OASIS), which code hosts take; allowed ones are suppressed results. */
export function sarifReport(files: readonly LintedFile[], version: string): string {
  const problems = files.flatMap((file) =>
    file.problems.map((problem) => notification(file.path, problem)),
  );
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "straddle", version, rules: RULES.map(descriptor) } },
        columnKind: "utf16CodeUnits",
        invocations: [
          { executionSuccessful: problems.length === 0, toolExecutionNotifications: problems },
        ],
        results: files.flatMap((file) =>
          file.findings.map((finding) => result(file.path, finding)),
        ),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function descriptor({ id, group, severity, why, instead }: Rule) {
  return {
    id,
    shortDescription: { text: firstSentence(why) },
    fullDescription: { text: why },
    help: { text: `${why}\n\nInstead: ${instead}`, markdown: `${why}\n\n**Instead**: ${instead}` },
    defaultConfiguration: {
      enabled: severity !== "off",
      level: severity === "block" ? "error" : "warning",
    },
    properties: { tags: [group] },
  };
}

function firstSentence(text: string): string {
  return /^.*?[.:](?=\s|$)/s.exec(text)?.[0].replace(/:$/, ".") ?? text;
}

function result(path: string, finding: LintFinding) {
  const { rule, severity, message, detail, hint, safeSql, start, end, allowed } = finding;
  const safe = safeSql === undefined ? [] : [safeSql.map((sql) => `${sql};`).join("\n")];
  return {
    ruleId: rule,
    ruleIndex: RULES.findIndex(({ id }) => id === rule),
    level: severity === "block" ? "error" : "warning",
    message: { text: [`${message}. ${detail}`, hint, ...safe].join("\n\n") },
    locations: [location(path, start, end)],
    ...(allowed === undefined
      ? {}
      : { suppressions: [{ kind: "inSource", justification: allowed }] }),
  };
}

function notification(path: string, { message, position }: Problem) {
  return {
    level: "error",
    message: { text: message },
    locations: [location(path, position, undefined)],
  };
}

function location(path: string, start: Position, end: Position | undefined) {
  return {
    physicalLocation: {
      artifactLocation: { uri: isAbsolute(path) ? pathToFileURL(path).href : encodeURI(path) },
      region: {
        startLine: start.line,
        startColumn: start.column,
        ...(end === undefined ? {} : { endLine: end.line, endColumn: end.column }),
      },
    },
  };
}
