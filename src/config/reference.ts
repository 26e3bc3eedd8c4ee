import { variableName } from "./environment.ts";
import { configKeys } from "./keys.ts";
import { ConfigFile } from "./schema.ts";

/** The table of all settings for the README, in Markdown: made from the schema, so that it is true. */
export function configReference(): string {
  const rows = configKeys(ConfigFile).map((key) => {
    const fallback = key.default === undefined ? "" : `\`${JSON.stringify(key.default)}\``;
    const variable = key.inList ? "" : `\`${variableName(key)}\``;
    return [`\`${key.name}\``, fallback, variable, key.description.replaceAll("|", "\\|")];
  });
  const head = ["key", "default", "environment", "meaning"];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
