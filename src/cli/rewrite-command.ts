import { text as readAll } from "node:stream/consumers";
import { Command } from "commander";
import { loadParser } from "../sql/parse.ts";
import { tagFromSetting } from "../version/find-tag.ts";
import { namingFor } from "../version/naming.ts";
import type { VersionTag } from "../version/tag.ts";
import { configFile, loadConfigOrThrow } from "./config-file.ts";
import { withConnection } from "./control-connection.ts";
import { SetupError } from "./fail.ts";
import { readCatalog } from "./read-catalog.ts";
import { formatRefusal, rewriteText } from "./rewrite.ts";
import { explainRewriting } from "./rewrite-explained.ts";

interface Options {
  readonly config?: string;
  readonly as: string;
  readonly json?: boolean;
  readonly explain?: boolean;
}

/** `straddle rewrite`: 0 if the text can run, 1 if it is refused or no SQL, 2 if the set-up is wrong. */
export function rewriteCommand(): Command {
  return new Command("rewrite")
    .description("prints what a version's SQL becomes on the database as it is; SQL on stdin")
    .requiredOption("--as <app@version>", "who says it, such as orders-api@1.4.0")
    .option("-c, --config <file>", "configuration file (default: $STRADDLE_CONFIG, straddle.yaml)")
    .option(
      "--json",
      "print each statement with its edits and their reasons, its tables and why it is refused",
    )
    .option("--explain", "say what each name means, and why each edit is made")
    .action(async (options: Options) => {
      const tag = parseTag(options.as);
      const config = loadConfigOrThrow(configFile(options.config));
      await loadParser();
      const sql = await readAll(process.stdin);
      const searchPath = await withConnection(config, async (client) => {
        const path = "SELECT pg_catalog.current_schemas(true)::text[] AS schemas";
        const { rows } = await client.query<{ schemas: string[] }>(path);
        return rows[0]?.schemas ?? [];
      });
      const catalog = await readCatalog(config);
      const naming = namingFor(tag, config.windows, catalog);
      const result = rewriteText({ text: sql, naming, catalog, searchPath });
      if (options.explain === true && options.json !== true && "statements" in result) {
        process.stdout.write(explainRewriting(sql, result));
        if (result.sql === undefined) process.exitCode = 1;
      } else print(result, options.json === true);
    });
}

function print(result: ReturnType<typeof rewriteText>, asJson: boolean): void {
  if (asJson) process.stdout.write(`${JSON.stringify(result)}\n`);
  if ("syntaxError" in result) {
    if (!asJson) process.stderr.write(`ERROR:  42601: ${result.syntaxError}\n`);
    process.exitCode = 1;
    return;
  }
  if (result.sql === undefined) process.exitCode = 1;
  if (asJson) return;
  if (result.sql !== undefined) process.stdout.write(result.sql);
  for (const { refusal } of result.statements) {
    if (refusal !== undefined) process.stderr.write(formatRefusal(refusal));
  }
}

export function parseTag(text: string): VersionTag {
  const tag = tagFromSetting([{ kind: "setting" }], text);
  if (tag !== undefined) return tag;
  throw new SetupError(`--as must be app@version, such as orders-api@1.4.0, not "${text}"`);
}
