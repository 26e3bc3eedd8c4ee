import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where a program is: on the PATH, or where distributions put what isn't. Undefined if nowhere. */
export function findProgram(name: string): string | undefined {
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    "/usr/sbin",
    "/usr/local/sbin",
    ...debianFolders(),
  ];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** /usr/lib/postgresql/<version>/bin, newest first. */
function debianFolders(): readonly string[] {
  const parent = "/usr/lib/postgresql";
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(parent, version, "bin"));
}
