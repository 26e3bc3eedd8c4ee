import { type Straddle, startStraddle } from "../../src/cli/run.ts";
import { parseConfig } from "../../src/config/load.ts";
import type { TestDatabase } from "./server.ts";

/**
 * Straddle in this process, in front of a test's database, on a free port. `yaml` holds further
 * top-level keys. Nothing comes from the environment, and audit and metrics are off. So are the guard's
 * rules, but for lock_timeout: what a test changes of its schema is not what it is about.
 */
export function startTestStraddle(database: TestDatabase, yaml = ""): Promise<Straddle> {
  const { host, port } = database.connection;
  const hasKey = (key: string) => new RegExp(`^${key}:`, "m").test(yaml);
  const parts = {
    listen: "{ port: 0 }",
    server: `{ host: ${host}, port: ${port} }`,
    control: `{ user: postgres, database: ${database.name} }`,
    audit: "{ to: off }",
    metrics: "{ enabled: false }",
    guard: "{ mode: off }",
  };
  const defaults = Object.entries(parts).filter(([key]) => !hasKey(key));
  const text = [...defaults.map(([key, value]) => `${key}: ${value}`), yaml].join("\n");
  const loaded = parseConfig(text, {});
  if (loaded.kind === "error") throw new Error(`${loaded.message}, in:\n${text}`);
  return startStraddle(loaded.config);
}
