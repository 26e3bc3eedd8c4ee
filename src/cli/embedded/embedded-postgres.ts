import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { type Account, canEnter, unprivilegedAccount } from "./account.ts";
import { binariesIn, embeddedBinaries } from "./binaries.ts";
import { freePort } from "./free-port.ts";

export interface EmbeddedOptions {
  /** Kept between runs; `temporary` is removed at the end. */
  readonly dataFolder: string | "temporary";
  /** A free one when left out. */
  readonly port?: number;
  /** Server settings. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A folder with `initdb` and `postgres`, in place of the npm package's. */
  readonly binaries?: string;
}

export interface EmbeddedServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly socketFolder: string;
  readonly user: "postgres";
  readonly dataFolder: string;
  /** Fast shutdown. */
  stop(): Promise<void>;
}

const START_MS = 60_000;

/**
 * A real PostgreSQL, started as a child process and ended with this one. It listens on loopback only
 * and trusts whoever connects: it is for trying out and for tests.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const account = unprivilegedAccount();
  const scratch = scratchFolder(account);
  const removeScratch = () => rmSync(scratch, { recursive: true, force: true });
  try {
    return await start(options, { account, scratch, removeScratch });
  } catch (error) {
    removeScratch();
    throw error;
  }
}

async function start(
  options: EmbeddedOptions,
  place: {
    readonly account: Account | undefined;
    readonly scratch: string;
    readonly removeScratch: () => void;
  },
): Promise<EmbeddedServer> {
  const { account, scratch, removeScratch } = place;
  const isTemporary = options.dataFolder === "temporary";
  const dataFolder = isTemporary ? join(scratch, "data") : options.dataFolder;
  const copyParent = account === undefined ? tmpdir() : "/var/tmp";
  const binaries =
    options.binaries === undefined
      ? embeddedBinaries({ copyParent, account })
      : binariesIn(options.binaries);

  if (!existsSync(join(dataFolder, "PG_VERSION"))) initialise(binaries.initdb, dataFolder, account);
  checkVersion(binaries.postgres, dataFolder, account);

  const port = options.port ?? (await freePort());
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: scratch,
    ...options.settings,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = spawn(binaries.postgres, ["-D", dataFolder, ...args], {
    ...account,
    cwd: scratch,
    // A session of its own, since Ctrl-C would else end it before those who use it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_MESSAGES: "C" },
  });
  // At the process's end there is no time to wait: SIGINT is a fast shutdown, SIGQUIT an immediate one.
  const leave = () => {
    server.kill(isTemporary ? "SIGQUIT" : "SIGINT");
    if (isTemporary) removeScratch();
  };
  process.once("exit", leave);
  const stop = async () => {
    process.off("exit", leave);
    await ended(server);
    removeScratch();
  };
  try {
    await untilReady(server, { socketFolder: scratch, port });
  } catch (error) {
    await stop();
    throw error;
  }
  return { host: "127.0.0.1", port, socketFolder: scratch, user: "postgres", dataFolder, stop };
}

/** Ends a server by a fast shutdown, if it runs. */
async function ended(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const exit = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGINT");
  await exit;
}

/** A short path, since that of a Unix socket has 107 bytes at most. */
function scratchFolder(account: Account | undefined): string {
  const parent = account === undefined || canEnter(account, tmpdir()) ? tmpdir() : "/var/tmp";
  const folder = mkdtempSync(join(parent, "straddle-"));
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  return folder;
}

function initialise(initdb: string, dataFolder: string, account: Account | undefined): void {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  if (account !== undefined && !canEnter(account, dirname(dataFolder))) {
    throw new Error(
      `PostgreSQL can't run as root, and others may not enter ${dirname(dataFolder)}`,
    );
  }
  if (account !== undefined) chownSync(dataFolder, account.uid, account.gid);
  const args = ["-D", dataFolder, "-U", "postgres", "-A", "trust", "-E", "UTF8"];
  // Every system has this locale, and messages stay in English.
  const result = spawnSync(initdb, [...args, "--locale=C", "--no-sync", "--no-instructions"], {
    ...account,
    cwd: "/",
    encoding: "utf8",
  });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) {
    const words = `${result.stderr}${result.stdout}`.trim().split("\n").slice(-3).join(" ");
    throw new Error(`initdb could not make ${dataFolder}: ${words}`);
  }
}

function checkVersion(postgres: string, dataFolder: string, account: Account | undefined): void {
  const found = readFileSync(join(dataFolder, "PG_VERSION"), "utf8").trim();
  const result = spawnSync(postgres, ["--version"], { ...account, cwd: "/", encoding: "utf8" });
  if (result.error !== undefined) throw result.error;
  const major = /(\d+)/.exec(result.stdout)?.[1] ?? found;
  if (found !== major) {
    throw new Error(
      `${dataFolder} was made by PostgreSQL ${found}, and this is ${major}: remove the folder to start anew`,
    );
  }
}

async function untilReady(
  server: ChildProcess,
  at: { readonly socketFolder: string; readonly port: number },
): Promise<void> {
  let output = "";
  const collect = (chunk: Buffer) => {
    output = `${output}${chunk.toString()}`.slice(-4_000);
  };
  server.once("error", (error) => {
    output = error.message;
  });
  server.stderr?.on("data", collect);
  server.stdout?.on("data", collect);
  const deadline = Date.now() + START_MS;
  for (;;) {
    if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) {
      await new Promise((resolve) => setImmediate(resolve)); // Its last words.
      throw whyEnded(output, at.port);
    }
    if (await canConnect(at.socketFolder, at.port)) return;
    if (Date.now() > deadline) throw new Error("PostgreSQL did not start within 60 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Another server runs on the data folder. */
export class FolderInUse extends Error {}

/** PostgreSQL's last words as one sentence. */
function whyEnded(output: string, port: number): Error {
  const other = /another postmaster \(PID (\d+)\) running in data directory "(.*?)"/.exec(output);
  if (other !== null) {
    const [, processId, folder] = other;
    return new FolderInUse(
      `another PostgreSQL (process ${processId}) runs on ${folder}; end what started it, or itself with kill -INT ${processId}`,
    );
  }
  if (/could not bind .*: Address already in use/.test(output)) {
    return new Error(`PostgreSQL can't listen on 127.0.0.1:${port}: the port is in use already`);
  }
  return new Error(`PostgreSQL did not start: ${output.trim().split("\n").slice(-3).join(" ")}`);
}

/** By the socket, which is this server's for sure: on the port another one could answer. */
async function canConnect(host: string, port: number): Promise<boolean> {
  const client = new pg.Client({ host, port, user: "postgres", database: "postgres" });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}
