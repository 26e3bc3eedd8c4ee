import { spawn, spawnSync } from "node:child_process";

/** 0 where it is not installed. */
export const psqlVersion = Number(
  /(\d+)/.exec(spawnSync("psql", ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1] ?? 0,
);

/** What `psql` prints, or what it complains of. Nothing but its arguments tells it where to go. */
export async function psql(
  connection: string,
  options: { readonly sql?: string; readonly password?: string; readonly flags?: string } = {},
): Promise<string> {
  const { sql = "SELECT session_user", password, flags = "-XAtw" } = options;
  const env = {
    PATH: process.env["PATH"],
    HOME: "/nonexistent",
    ...(password === undefined ? {} : { PGPASSWORD: password }),
  };
  const child = spawn("psql", [flags, "-v", "VERBOSITY=verbose", "-c", sql, connection], { env });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  await new Promise((resolve) => child.on("close", resolve));
  return printed.trimEnd();
}
