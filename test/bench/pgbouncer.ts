import { execFileSync } from "node:child_process";
import { chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unprivilegedAccount } from "../../src/cli/embedded/account.ts";
import { freePort } from "../../src/cli/embedded/free-port.ts";
import { findProgram } from "./find-program.ts";
import { type Address, RawClient } from "./raw-client.ts";
import { DATABASE, startProxy, type Target, USER } from "./target.ts";

/** PgBouncer in session mode, where it forwards and does nothing else. Undefined if not installed. */
export async function startPgBouncer(
  server: Address,
  folder: string,
  sessionsMax: number,
): Promise<Target | undefined> {
  const command = findProgram("pgbouncer");
  if (command === undefined) return undefined;
  const port = await freePort();
  const file = join(folder, "pgbouncer.ini");
  const settings = {
    listen_addr: "127.0.0.1",
    listen_port: port,
    unix_socket_dir: "",
    // Everybody is let in, as by the server itself, and to the console, too.
    auth_type: "any",
    admin_users: USER,
    pool_mode: "session",
    max_client_conn: sessionsMax,
    default_pool_size: sessionsMax,
    ignore_startup_parameters: "extra_float_digits",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(
    file,
    `[databases]\n${DATABASE} = host=${server.host} port=${server.port} user=${USER}\n[pgbouncer]\n${lines.join("\n")}\n`,
  );
  // It refuses to run as root.
  const account = unprivilegedAccount();
  if (account !== undefined) chownSync(file, account.uid, account.gid);
  const proxy = await startProxy({ name: "PgBouncer", command, args: [file], port, account });
  return {
    ...proxy,
    // It keeps server connections, whose backends have their caches filled by the run before. All
    // others begin with new ones.
    async beforeRun() {
      const console = await RawClient.connect(proxy, { user: USER, database: "pgbouncer" });
      await console.query(`RECONNECT ${DATABASE}`);
      console.close();
    },
    async tidyMemory() {},
  };
}

/** "PgBouncer 1.18.0"; undefined if not installed. */
export function pgBouncerVersion(): string | undefined {
  const command = findProgram("pgbouncer");
  if (command === undefined) return undefined;
  return execFileSync(command, ["--version"], { encoding: "utf8" }).split("\n")[0];
}
