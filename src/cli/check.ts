import type pg from "pg";
import type { Config } from "../config/config.ts";
import { windowProblems } from "../version/naming.ts";
import { blindSpotFinding, findBlindSpots } from "./blind-spots.ts";
import { expiryProblems } from "./certificates.ts";
import { checkAuth } from "./check-auth.ts";
import type { Finding } from "./check-report.ts";
import { readClientTls } from "./client-tls-files.ts";
import { serverName, withConnection } from "./control-connection.ts";
import { SetupError } from "./fail.ts";
import { LabelFiles } from "./label-files.ts";
import { readCatalog } from "./read-catalog.ts";
import { labelProblems } from "./tagging.ts";

/** The oldest PostgreSQL that Straddle is tested with. */
const SERVER_VERSION_MIN = 14;

/**
 * Looks at everything that can be wrong before sessions come: the server, what the guard needs there,
 * the windows, and what a rename would leave behind. A server that can't be reached is a SetupError.
 */
export async function check(config: Config): Promise<Finding[]> {
  return withConnection(config, async (client) => {
    const findings = [await checkVersion(client, config), await checkGuard(client, config)];
    findings.push(...checkTls(config));
    findings.push(...(await checkAuth(client, config)));
    findings.push(...checkLabels(config), ...(await checkWindows(config)));
    for (const window of config.windows) {
      const spots = await findBlindSpots(client, window, config.control.schema);
      findings.push(...spots.map((spot) => blindSpotFinding(window, spot)));
    }
    return findings;
  });
}

async function checkVersion(client: pg.Client, config: Config): Promise<Finding> {
  const { rows } = await client.query<{ number: number; name: string }>(
    `SELECT pg_catalog.current_setting('server_version_num')::int AS number,
            pg_catalog.current_setting('server_version') AS name`,
  );
  const { number = 0, name = "?" } = rows[0] ?? {};
  const text = `PostgreSQL ${name} answers at ${serverName(config)}`;
  if (Math.floor(number / 10_000) >= SERVER_VERSION_MIN)
    return { level: "ok", subject: "server", text };
  return {
    level: "warning",
    subject: "server",
    text: `${text}; Straddle is not tested with versions below ${SERVER_VERSION_MIN}`,
  };
}

/** The guard's check is a DO block, so PL/pgSQL has to be there. */
async function checkGuard(client: pg.Client, config: Config): Promise<Finding> {
  const { rows } = await client.query<{ usable: boolean }>(
    `SELECT pg_catalog.has_language_privilege(oid, 'USAGE') AS usable
     FROM pg_catalog.pg_language WHERE lanname = 'plpgsql'`,
  );
  const subject = "guard";
  if (rows[0]?.usable === true) {
    const { onMissing, maxMs } = config.guard.lockTimeout;
    return { level: "ok", subject, text: `lock_timeout: ${onMissing} above ${maxMs} ms` };
  }
  const why = rows.length === 0 ? "is not installed" : "may not be used";
  return {
    level: "error",
    subject,
    text: `PL/pgSQL ${why} in database ${config.control.database}; the guard checks statements by DO blocks in it`,
  };
}

/** The files of `listen.tls`, and how long certificates last. Those of `server.tls` were just used. */
function checkTls(config: Config): Finding[] {
  const warnings: readonly Finding[] = expiryProblems(config, Date.now()).map(({ key, text }) => ({
    level: "warning",
    subject: key,
    text,
  }));
  return config.listen.tls.mode === "off" ? [...warnings] : [checkListenTls(config), ...warnings];
}

function checkListenTls({ listen }: Config): Finding {
  try {
    readClientTls(listen.tls);
    return { level: "ok", subject: "listen.tls", text: "the files can be read, and the key fits" };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const [subject = "listen.tls", ...rest] = error.message.split(": ");
    return { level: "error", subject, text: rest.join(": ") };
  }
}

/** Where the command runs, which may be elsewhere than Straddle: a warning at most. */
function checkLabels(config: Config): Finding[] {
  const problems = labelProblems(config, new LabelFiles(() => undefined));
  return problems.map((text) => ({ level: "warning", subject: "version", text }));
}

async function checkWindows(config: Config): Promise<Finding[]> {
  if (config.windows.length === 0)
    return [{ level: "ok", subject: "windows", text: "none is open" }];
  const problems = windowProblems(config.windows, await readCatalog(config));
  if (problems.length > 0) {
    return problems.map((text) => ({ level: "error", subject: "windows", text }));
  }
  return config.windows.map(({ schema, table, old, new: young }) => ({
    level: "ok",
    subject: `${schema}.${table}`,
    text: `the window fits the catalog (old: ${old}, new: ${young})`,
  }));
}
