import { chmodSync, existsSync, lstatSync, unlinkSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname } from "node:path";
import type { Listener } from "../session/listener.ts";
import { explainSystemError, SetupError } from "./fail.ts";

const KEY = "listen.socket";

/**
 * Listens on a Unix socket. A process that was killed leaves its socket's file behind, and the system
 * then says that the address is in use: a file that nobody listens on is removed. `mode` is
 * who may connect. What can't be had is a SetupError.
 */
export async function listenOnSocket(
  listener: Pick<Listener, "listen">,
  file: string,
  mode: number,
): Promise<void> {
  const folder = dirname(file);
  if (!existsSync(folder)) {
    throw new SetupError(`${KEY}: ${file} can't be made: there is no folder ${folder}`);
  }
  try {
    await listener.listen({ path: file }).catch(async (error: unknown) => {
      if (codeOf(error) !== "EADDRINUSE") throw error;
      await removeStale(file);
      await listener.listen({ path: file });
    });
    // As the process's umask has it, its own account alone could connect.
    chmodSync(file, mode);
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError(explainSystemError(`${KEY}: ${file}`, error));
  }
}

/** Removes the socket's file if nobody answers there; else a SetupError says who is in the way. */
async function removeStale(file: string): Promise<void> {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return; // Whoever had it has just left.
  if (!found.isSocket()) {
    throw new SetupError(`${KEY}: ${file} is there already, and is no socket`);
  }
  const answer = await connectTo(file);
  if (answer === "ENOENT") return;
  if (answer === "ECONNREFUSED") {
    unlinkSync(file);
    return;
  }
  throw new SetupError(
    answer === "answers"
      ? `${KEY}: another process listens on ${file}: end it, or give another file`
      : `${KEY}: ${file} is there already, and whether a process listens on it can't be told (${answer})`,
  );
}

/** The error code of a connection to the socket; "answers" if there is none. */
function connectTo(file: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ path: file });
    socket.once("connect", () => {
      socket.destroy();
      resolve("answers");
    });
    socket.once("error", (error) => resolve(codeOf(error)));
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
