import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Who runs PostgreSQL, which refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Unprivileged accounts that systems have, best first. */
const NAMES = ["postgres", "nobody", "daemon"];

/** Another account to run as; undefined where the process itself is unprivileged. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of NAMES) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    `PostgreSQL can't run as root, and none of ${NAMES.join(", ")} is in /etc/passwd`,
  );
}

/** Whether an account may enter a folder and all those above it. */
export function canEnter(account: Account, folder: string): boolean {
  for (let path = folder; ; path = dirname(path)) {
    const { mode, uid } = statSync(path);
    if ((mode & (uid === account.uid ? 0o100 : 0o001)) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

export function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
