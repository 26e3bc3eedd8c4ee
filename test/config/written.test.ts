import { expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { changedKeys, shownSettings, takeOver } from "../../src/config/written.ts";

function configOf(text: string, env: Readonly<Record<string, string>> = {}): Config {
  const loaded = parseConfig(text, env);
  if (loaded.kind === "error") throw new Error(loaded.message);
  return loaded.config;
}

test("settings are shown by the file's keys, with defaults and without secrets", () => {
  const shown = shownSettings(
    configOf(
      `server: { url: 'postgres://ann:top-secret@db/shop?password=top-secret' }
control: { password: top-secret }
windows: [{ table: orders, rename: { a: b }, old: "<2", new: ">=2" }]`,
      { STRADDLE_LISTEN_PORT: "7000" },
    ),
  );
  expect(JSON.stringify(shown)).not.toContain("top-secret");
  expect(shown).toMatchObject({
    listen: { host: "127.0.0.1", port: 7000 },
    server: { url: "postgres://ann:***@db/shop?password=***", connect_timeout: "5s" },
    control: { user: "ann", database: "shop", password: "***" },
    windows: [{ table: "orders", rename: { a: "b" }, old: "<2", new: ">=2" }],
    guard: { lock_timeout: { max: "5s" } },
    version: { from: [{ comment: true }, { startup: "application_name" }, {}] },
    limits: { cache_size_max: "32MiB" },
  });
});

const BEFORE = "server: { host: db }\nmetrics: { port: 9000 }\nlimits: { sessions_max: 10 }";

const changes: readonly {
  readonly name: string;
  readonly after: string;
  readonly waiting: readonly string[];
  readonly inForce: object;
}[] = [
  {
    name: "what is taken over at a start only waits",
    after:
      "server: { host: db2 }\nmetrics: { port: 9001 }\nlimits: { sessions_max: 20, pipeline_max: 5 }",
    waiting: ["server.host", "metrics.port", "limits.sessions_max"],
    inForce: {
      server: { address: { host: "db" } },
      metrics: { port: 9000 },
      limits: { sessionsMax: 10, pipelineMax: 5 },
    },
  },
  {
    name: "a rule is in force at once",
    after: `${BEFORE}\nguard: { lock_timeout: { on_missing: off } }`,
    waiting: [],
    inForce: { guard: { lockTimeout: { onMissing: "off" } } },
  },
  {
    name: "a default that is written out is no change",
    after: `${BEFORE}\nlisten: { host: 127.0.0.1 }`,
    waiting: [],
    inForce: { listen: { host: "127.0.0.1" } },
  },
  {
    name: "a key that is taken out waits too",
    after: "server: { host: db }\nlimits: { sessions_max: 10 }",
    waiting: ["metrics.port"],
    inForce: { metrics: { port: 9000 } },
  },
];

for (const { name, after, waiting, inForce } of changes) {
  test(name, () => {
    const found = takeOver(configOf(BEFORE), configOf(after));
    expect(found).toMatchObject({ waiting, inForce });
    const shown = shownSettings(found.inForce);
    expect(shown).toMatchObject({
      server: { host: "db" },
      metrics: { port: 9000 },
      limits: { sessions_max: 10 },
    });
  });
}

test("keys that have changed, given a default or none", () => {
  const after = (more: string) => changedKeys(configOf(BEFORE), configOf(`${BEFORE}\n${more}`));
  expect(after("")).toEqual([]);
  expect(after("shutdown: { delay_min: 0s, delay_max: 9s }")).toEqual(["shutdown.delay_max"]);
  expect(after("control: { password: new }\naudit: { to: off }")).toEqual([
    "audit.to",
    "control.password",
  ]);
  expect(after('windows: [{ table: t, rename: { a: b }, old: "<2", new: ">=2" }]')).toEqual([
    "windows",
  ]);
});
