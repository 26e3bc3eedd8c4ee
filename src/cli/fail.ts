/**
 * The set-up is wrong: something that the operator can put right, told in one sentence. Thrown by the
 * commands, caught in `program.ts` only.
 */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

/** Set-up is wrong (2); everything else that goes wrong is a bug or a finding (1). */
export const SETUP_EXIT_CODE = 2;

/** Says it on stderr and ends the process, with 2 for a wrong set-up and 1 for a bug. */
export function exitWith(error: unknown): never {
  if (error instanceof SetupError) {
    process.stderr.write(`straddle: ${error.message}\n`);
    process.exit(SETUP_EXIT_CODE);
  }
  process.stderr.write(`straddle: bug: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

/** What the operating system says, in words: for sockets and files. `subject` is what was tried. */
export function explainSystemError(subject: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const words = CODES[code];
  if (words !== undefined) return `${subject}: ${words}`;
  const message = error instanceof Error && error.message !== "" ? error.message : code;
  return `${subject}: ${message}`;
}

const CODES: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use already",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "permission denied",
  ENOENT: "there is no such file or socket",
  ECONNREFUSED: "nothing accepts connections there",
  ECONNRESET: "the connection was closed",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "there is no way to that network",
  ENOTFOUND: "no such host is known",
  EAI_AGAIN: "the host's name can't be looked up now",
  ETIMEDOUT: "no answer in time",
};
