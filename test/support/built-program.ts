import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * Compiles the program as it is shipped, for tests that run it as a process of its own. Its folder is
 * within the repository, for its packages to be found.
 */
export function buildProgram(): { readonly main: string; remove(): void } {
  mkdirSync(".straddle", { recursive: true });
  const folder = resolve(mkdtempSync(".straddle/program-"));
  const compiler = join("node_modules", ".bin", "tsc");
  const out = join(folder, "dist");
  const result = spawnSync(compiler, ["-p", "tsconfig.build.json", "--outDir", out]);
  if (result.status !== 0) throw new Error(`tsc: ${result.stdout}${result.stderr}`);
  // The program looks for it two folders above itself.
  copyFileSync("package.json", join(folder, "package.json"));
  return {
    main: join(out, "cli", "main.js"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
