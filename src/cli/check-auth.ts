import pg from "pg";
import type { Config } from "../config/config.ts";
import type { Finding } from "./check-report.ts";
import { controlConnection } from "./control-connection.ts";
import { SetupError } from "./fail.ts";
import { OwnAuth } from "./own-auth.ts";

/** Names that are listed; the rest are counted. */
const SHOWN_MAX = 5;

/**
 * What is wrong with terminated authentication before somebody logs in: its files, the roles that
 * Straddle is to be on the server, and, where that is one for all, whether it gets in. `client` is
 * Straddle's own connection.
 */
export async function checkAuth(client: pg.Client, config: Config): Promise<Finding[]> {
  const { auth } = config;
  if (auth === undefined) return [];
  let own: OwnAuth;
  try {
    own = new OwnAuth({ settings: auth, onChange: () => undefined, report: () => undefined });
  } catch (error) {
    if (error instanceof SetupError) return [finding("error", error.message)];
    throw error;
  }
  own.stop();
  const { serverUser, mode } = auth;
  const users = [...own.userNames];
  const how =
    mode === "cert" ? "clients log in by certificate" : `${users.length} user(s) by SCRAM`;
  const as = serverUser === undefined ? "under their own names" : `as role ${serverUser}`;
  const findings = [finding("ok", `${how}, on the server ${as}`)];
  const roles = serverUser === undefined ? users.map(textOf) : [serverUser];
  findings.push(...(await checkRoles(client, roles)));
  if (serverUser !== undefined) findings.push(await checkLogin(own, config, serverUser));
  else findings.push(...checkVerifiers(own, users));
  return findings;
}

async function checkRoles(client: pg.Client, names: readonly string[]): Promise<Finding[]> {
  const { rows } = await client.query<{ name: string; is_past: boolean }>(
    `SELECT rolname AS name, coalesce(rolvaliduntil < pg_catalog.now(), false) AS is_past
     FROM pg_catalog.pg_roles WHERE rolcanlogin AND rolname = ANY ($1::pg_catalog.name[])`,
    [names],
  );
  const known = new Map(rows.map(({ name, is_past }) => [name, is_past]));
  const missing = names.filter((name) => !known.has(name));
  const past = names.filter((name) => known.get(name) === true);
  return [
    ...(missing.length === 0
      ? []
      : [finding("warning", `no such role may log in to the server: ${listed(missing)}`)]),
    ...(past.length === 0
      ? []
      : [finding("warning", `passwords past their VALID UNTIL on the server: ${listed(past)}`)]),
  ];
}

/** As a session would, but for the proof of the server: by `pg`. */
async function checkLogin(own: OwnAuth, config: Config, role: string): Promise<Finding> {
  const { credentials } = own.serverLogin(Buffer.from(role).toString("latin1"), undefined);
  const password = credentials.kind === "password" ? credentials.password.toString() : undefined;
  const client = new pg.Client({
    ...controlConnection(config),
    user: role,
    password: password ?? "",
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const by = password === undefined ? "without a password" : "with its password";
    return finding("ok", `the server lets straddle in as ${role}, ${by}`);
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    const lacks = credentials.kind === "none" ? ` (${credentials.because})` : "";
    return finding("error", `the server does not let straddle in as ${role}: ${because}${lacks}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function checkVerifiers(own: OwnAuth, users: readonly string[]): Finding[] {
  const without = users.filter(
    (user) => own.serverLogin(user, undefined).credentials.kind !== "password",
  );
  if (without.length === 0) return [];
  const text = `without a password, only a verifier, which is enough where the server has the same one or asks for nothing: ${listed(without.map(textOf))}`;
  return [finding("note", text)];
}

function finding(level: Finding["level"], text: string): Finding {
  return { level, subject: "auth", text };
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_MAX).join(", ");
  const rest = names.length - SHOWN_MAX;
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

/** Names are kept as bytes. */
function textOf(name: string): string {
  return Buffer.from(name, "latin1").toString("utf8");
}
