import { expect, test } from "vitest";
import { servingLine } from "../../src/cli/run-command.ts";
import { parseConfig } from "../../src/config/load.ts";

const WINDOW = 'windows: [{ table: orders, rename: { a: b }, old: "<2", new: ">=2" }]';

const cases: readonly {
  readonly yaml: string;
  readonly at: { port: number; socket: string | undefined; metricsPort: number | undefined };
  readonly line: string;
}[] = [
  {
    yaml: "server: { host: db }",
    at: { port: 6432, socket: undefined, metricsPort: undefined },
    line: "listening on 127.0.0.1:6432; server db:5432, database postgres; 0 window(s) open; metrics off",
  },
  {
    yaml: `server: { url: 'postgres://ann:secret@db:5433/shop' }\nlisten: { host: '::1' }\n${WINDOW}`,
    at: { port: 7000, socket: "/run/f.sock", metricsPort: 9187 },
    line: "listening on [::1]:7000 and /run/f.sock; server db:5433, database shop; 1 window(s) open; metrics http://127.0.0.1:9187/metrics",
  },
];

for (const { yaml, at, line } of cases) {
  test(line, () => {
    const loaded = parseConfig(yaml, {});
    if (loaded.kind === "error") throw new Error(loaded.message);
    const { length: windowsCount } = loaded.config.windows;
    expect(servingLine(loaded.config, { ...at, windowsCount })).toBe(line);
  });
}
