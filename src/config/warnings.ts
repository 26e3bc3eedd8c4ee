import type { Config } from "./config.ts";

/** What is allowed but probably not meant, a sentence each. `today` is YYYY-MM-DD. */
export function configWarnings(config: Config, today: string): string[] {
  const warnings: string[] = [];
  config.windows.forEach((window, index) => {
    if (window.closes !== undefined && window.closes < today) {
      warnings.push(
        `windows[${index}] (${window.schema}.${window.table}) was to close on ${window.closes}`,
      );
    }
    const { unknown } = config.version;
    if (window.app !== undefined && unknown.kind === "treat_as" && unknown.app === "") {
      warnings.push(
        `version.unknown names no application, so windows[${index}], which is for ${window.app} only, does not apply to sessions without a version`,
      );
    }
  });
  if (config.windows.length > 0 && config.version.sources.length === 0) {
    warnings.push("version.from is empty, so no session can say which names it uses");
  }
  return warnings;
}
