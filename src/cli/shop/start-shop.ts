import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "../../config/config.ts";
import { loadConfigOrThrow } from "../config-file.ts";
import { canEnter, unprivilegedAccount } from "../embedded/account.ts";
import {
  type EmbeddedServer,
  FolderInUse,
  startEmbeddedPostgres,
} from "../embedded/embedded-postgres.ts";
import { freePort, isFreePort } from "../embedded/free-port.ts";
import { explainSystemError, SetupError } from "../fail.ts";
import { nameInOrders, seedShop } from "./seed.ts";
import { shopSettings } from "./settings.ts";

const HOST = "127.0.0.1";
const DATABASE = "shop";
/** Beside Straddle's, if nobody has it. */
const SERVER_PORT = 6433;
const LISTEN_PORT = 6432;
const METRICS_PORT = 9187;

export interface Shop {
  readonly server: EmbeddedServer;
  readonly database: string;
  readonly config: Config;
  readonly configFile: string;
  /** What the database calls the column that the window is about. */
  readonly physicalName: string;
}

/**
 * The example server, its data and the settings; what was there before is kept. The settings file is
 * the one place that knows the ports, so that other commands can be used with it too.
 */
export async function startShop(): Promise<Shop> {
  const folder = fileURLToPath(new URL("../../../.straddle", import.meta.url));
  const configFile = relative(process.cwd(), join(folder, "straddle.yaml"));
  try {
    mkdirSync(folder, { recursive: true });
    if (!existsSync(configFile)) await writeSettings(configFile);
  } catch (error) {
    throw new SetupError(explainSystemError(`${configFile} can't be written`, error));
  }
  const config = loadConfigOrThrow(configFile);

  const { address } = config.server;
  if (address.kind !== "tcp" || address.host !== HOST) {
    throw new SetupError(
      `${configFile} has a server of your own: use npm start -- --config ${configFile}`,
    );
  }
  const server = await startEmbeddedPostgres({
    dataFolder: dataFolderIn(folder),
    port: address.port,
  }).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof FolderInUse) {
      throw new SetupError(`npm start seems to run already in this folder: ${message}`);
    }
    throw new SetupError(`the example server (server.port in ${configFile}): ${message}`);
  });
  const connection = { host: server.host, port: server.port, user: server.user };
  await seedShop(connection, DATABASE);
  const physicalName = await nameInOrders({ ...connection, database: DATABASE });
  return { server, database: DATABASE, config, configFile, physicalName };
}

async function writeSettings(configFile: string): Promise<void> {
  const settings = shopSettings({
    server: { host: HOST, port: (await isFreePort(SERVER_PORT)) ? SERVER_PORT : await freePort() },
    database: DATABASE,
    listenPort: LISTEN_PORT,
    metricsPort: METRICS_PORT,
    auditPath: join(dirname(configFile), "audit.jsonl"),
    windowIn: "file",
  });
  writeFileSync(configFile, settings);
}

/** In the checkout; where root's server can't enter it, under /var/tmp, named for the checkout. */
function dataFolderIn(folder: string): string {
  const account = unprivilegedAccount();
  if (account === undefined || canEnter(account, folder)) return join(folder, "data");
  const name = createHash("sha256").update(dirname(folder)).digest("hex").slice(0, 12);
  const data = join("/var/tmp", `straddle-data-${name}`);
  const found = lstatSync(data, { throwIfNoEntry: false });
  // It is about to be given to that account: a link that anybody put there must not be followed.
  const isOurs = found?.isDirectory() === true && [0, account.uid].includes(found.uid);
  if (found !== undefined && !isOurs) {
    throw new SetupError(`${data} belongs to somebody else: remove it`);
  }
  return data;
}
