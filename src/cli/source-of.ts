import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** The path of a module beside another one, for a process of its own: `.js` when built. */
export function sourceOf(moduleUrl: string, name: string): string {
  return fileURLToPath(new URL(`${name}${extname(moduleUrl)}`, moduleUrl));
}
