import semver from "semver";

/**
 * The semantic version in a text, or undefined. Only what can mean one thing alone is repaired: a
 * `v` in front (`v2.1.0`), and a patch that is missing (`2.1`, `2.1-rc.1`). A lone number, four
 * numbers, a date with leading zeros or a commit's hash is no version: to guess would pick a side of
 * a window. Build metadata (`+sha`) is kept, and does not matter when versions are compared.
 */
export function parseVersion(text: string): string | undefined {
  const match = /^[vV=]?(\d+\.\d+)(\.\d+)?((?:[-+].*)?)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, majorMinor = "", patch = ".0", rest = ""] = match;
  const version = majorMinor + patch + rest;
  return semver.valid(version) === null ? undefined : version;
}
