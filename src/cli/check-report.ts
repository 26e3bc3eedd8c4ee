/** One thing that `straddle check` found. */
export interface Finding {
  readonly level: "ok" | "note" | "warning" | "error";
  /** What it is about: `server`, `public.orders`, ... */
  readonly subject: string;
  readonly text: string;
}

/** One line per finding, for people. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings
    .map(({ level, subject, text }) => `${level.padEnd(8)}${subject}: ${text}\n`)
    .join("");
}

export function hasError(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === "error");
}
