import type { LintedFile } from "./lint.ts";
import { countsOf } from "./verdict.ts";

/**
 * Workflow commands of GitHub Actions, which shows them as annotations beside the lines of a pull
 * request (docs.github.com: "Workflow commands for GitHub Actions").
 */
export function githubReport(files: readonly LintedFile[]): string {
  const lines = files.flatMap(({ path, problems, findings }) => [
    ...problems.map(({ message, position }) =>
      command("error", { file: path, line: position.line, col: position.column }, message),
    ),
    ...findings
      .filter(({ allowed }) => allowed === undefined)
      .map(({ rule, severity, message, detail, hint, safeSql, start, end }) => {
        const safe = safeSql === undefined ? [] : ["", ...safeSql.map((sql) => `${sql};`)];
        // A column's end counts only on the line of its start.
        const endColumn = end.line === start.line ? { endColumn: end.column } : {};
        return command(
          severity === "block" ? "error" : "warning",
          {
            file: path,
            line: start.line,
            endLine: end.line,
            col: start.column,
            ...endColumn,
            title: rule,
          },
          [`${message}.`, detail, hint, ...safe].join("\n"),
        );
      }),
  ]);
  const { blocking, warnings } = countsOf(files);
  return `${[...lines, `${files.length} files, ${blocking} errors, ${warnings} warnings`].join("\n")}\n`;
}

function command(
  name: "error" | "warning",
  properties: Readonly<Record<string, string | number>>,
  message: string,
): string {
  const shown = Object.entries(properties).map(
    ([key, value]) =>
      `${key}=${escaped(String(value)).replaceAll(":", "%3A").replaceAll(",", "%2C")}`,
  );
  return `::${name} ${shown.join(",")}::${escaped(message)}`;
}

function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
