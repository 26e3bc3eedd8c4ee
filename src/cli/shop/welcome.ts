import type { EmbeddedServer } from "../embedded/embedded-postgres.ts";

/** What `npm start` says once everything runs: what there is and what to try. */
export function welcome(options: {
  readonly port: number;
  readonly metricsPort: number | undefined;
  readonly auditPath: string | undefined;
  readonly configFile: string;
  readonly server: Pick<EmbeddedServer, "host" | "port" | "user" | "dataFolder">;
  readonly database: string;
  /** What the database calls the column now. */
  readonly physicalName: string;
}): string {
  const { port, metricsPort, auditPath, configFile, server, database, physicalName } = options;
  const as = (application: string) =>
    `psql "host=127.0.0.1 port=${port} user=${server.user} dbname=${database} application_name=${application}"`;
  const otherName = physicalName === "user_id" ? "customer_id" : "user_id";
  return `
Straddle serves a small shop (customers, orders, order_items) on 127.0.0.1:${port}.
A window is open: versions before 2.0.0 say orders.user_id, later ones say orders.customer_id.
The database says orders.${physicalName} now.

Connect
  as v1      ${as("shop@1.4.0")}
  as v2      ${as("shop@2.0.0")}
  directly   psql "host=${server.host} port=${server.port} user=${server.user} dbname=${database}"

Try as v1 and as v2
  SELECT * FROM orders LIMIT 3;
      Each sees its own name.
  ALTER TABLE orders ADD COLUMN note text;
      Is refused: while it waits for its lock, every query behind it would wait too.
  SET lock_timeout = '2s';
  ALTER TABLE orders RENAME COLUMN ${physicalName} TO ${otherName};
      Both versions work on, prepared statements too; "npm run demo" shows it under load.

Look at
  settings   ${configFile} (a change takes effect when the file is written)
  audit      ${auditPath ?? "off"}
  metrics    ${metricsPort === undefined ? "off" : `http://127.0.0.1:${metricsPort}/metrics`}

Ctrl-C ends all of it. The data stay in ${server.dataFolder}.
`;
}
