import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import pg from "pg";
import type { Config } from "../config/config.ts";
import { connectServer } from "../session/server-connector.ts";
import { ControlStream } from "./control-stream.ts";
import { explainSystemError, SetupError } from "./fail.ts";
import { serverTarget } from "./server-target.ts";

/**
 * How Straddle's own connections reach the server. A password file is read for each connection, since
 * secrets are replaced while a process runs.
 */
export function controlConnection(config: Config): pg.ClientConfig {
  const { server, control } = config;
  const target = serverTarget(config);
  const { passwordFile } = control;
  return {
    ...(target.kind === "tcp"
      ? { host: target.host, port: target.port }
      : { host: dirname(target.socket) }),
    // pg knows only sockets that are named for a port, and has no TLS that means what sessions' does.
    ...(target.kind === "tcp" && target.tls === undefined
      ? {}
      : { stream: () => controlStream(config) }),
    user: control.user,
    database: control.database,
    password: passwordFile === undefined ? control.password : () => firstLineOf(passwordFile),
    application_name: "straddle",
    connectionTimeoutMillis: server.connectTimeoutMs,
    keepAlive: server.keepaliveMs > 0,
    keepAliveInitialDelayMillis: server.keepaliveMs,
    // Never by pg itself, which would listen to PGSSLMODE: either in plain, or by the stream.
    ssl: false,
    sslnegotiation: "postgres",
  };
}

function controlStream(config: Config): ControlStream {
  const { connectTimeoutMs } = config.server;
  return new ControlStream((user) => connectServer(serverTarget(config), connectTimeoutMs, user));
}

/** `db:5432`, or the socket's path: for messages. */
export function serverName(config: Config): string {
  const target = serverTarget(config);
  return target.kind === "tcp" ? `${target.host}:${target.port}` : target.socket;
}

/** Runs `work` with a connection of its own. That none can be had is a SetupError. */
export async function withConnection<T>(
  config: Config,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(controlConnection(config));
  client.on("error", () => undefined); // Also told to the query that waits, which is enough.
  try {
    await client.connect();
  } catch (error) {
    // pg leaves the socket open when it is the password function that failed.
    void client.end().catch(() => undefined);
    if (error instanceof SetupError) throw error;
    const subject = `the server ${serverName(config)} can't be reached as ${config.control.user}`;
    throw new SetupError(explainSystemError(subject, error));
  }
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function firstLineOf(file: string): string {
  try {
    return readFileSync(file, "utf8").split(/\r?\n/, 1)[0] ?? "";
  } catch (error) {
    throw new SetupError(explainSystemError(`control.password_file ${file} can't be read`, error));
  }
}
