import { stringify } from "yaml";

/** What the generated settings of the shop depend on. */
export interface ShopSettings {
  readonly server: { readonly host: string; readonly port: number };
  readonly database: string;
  readonly listenPort: number;
  readonly metricsPort: number;
  readonly auditPath: string;
  /** Whether the window is in this file, or to be opened in the store, for several instances. */
  readonly windowIn: "file" | "store";
}

/** straddle.yaml for the shop: one open window, in which `orders.user_id` becomes `customer_id`, or none. */
export function shopSettings(options: ShopSettings): string {
  const { server, database, listenPort, metricsPort, auditPath, windowIn } = options;
  return `# Written by npm start. Edit it while Straddle runs: a good change takes effect at once, but for
# listen, server, control, audit, metrics and limits.sessions_max, which take a restart.
${stringify({
  listen: { host: "127.0.0.1", port: listenPort },
  server,
  control: { mode: windowIn === "file" ? "file" : "database", user: "postgres", database },
  windows: windowIn === "file" ? [WINDOW] : [],
  guard: { lock_timeout: { on_missing: "block", max: "5s" } },
  audit: { to: "file", path: auditPath },
  metrics: { host: "127.0.0.1", port: metricsPort },
})}`;
}

const WINDOW = {
  table: "public.orders",
  rename: { user_id: "customer_id" },
  old: "<2.0.0",
  new: ">=2.0.0",
};
