import { statSync } from "node:fs";

/**
 * The file of a Unix socket that a setting names. A path that is a folder, or that ends in a slash,
 * is where libpq's name for the port stands; any other path is the socket itself. It is looked at when
 * it is used, since a folder can be made later.
 */
export function socketFile(path: string, port: number): string {
  if (!path.endsWith("/") && !isFolder(path)) return path;
  return `${path.replace(/\/+$/, "")}/.s.PGSQL.${port}`;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // What is wrong with it will be told by whoever uses it.
  }
}
