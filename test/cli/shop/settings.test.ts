import { expect, test } from "vitest";
import { shopSettings } from "../../../src/cli/shop/settings.ts";
import { parseConfig } from "../../../src/config/load.ts";

test("the shop's settings are good, whatever its folder is called", () => {
  const text = shopSettings({
    server: { host: "127.0.0.1", port: 6433 },
    database: "shop",
    listenPort: 6432,
    metricsPort: 9187,
    auditPath: "/tmp/it's: a #folder/audit.jsonl",
    windowIn: "file",
  });
  expect(parseConfig(text, {})).toMatchObject({
    kind: "ok",
    warnings: [],
    config: {
      listen: { host: "127.0.0.1", port: 6432 },
      server: { address: { kind: "tcp", host: "127.0.0.1", port: 6433 } },
      control: { user: "postgres", database: "shop" },
      windows: [
        {
          schema: "public",
          table: "orders",
          renameColumns: new Map([["user_id", "customer_id"]]),
          old: "<2.0.0",
          new: ">=2.0.0",
        },
      ],
      guard: { lockTimeout: { onMissing: "block", maxMs: 5_000 } },
      audit: { to: "file", path: "/tmp/it's: a #folder/audit.jsonl" },
      metrics: { enabled: true, port: 9187 },
    },
  });
});
