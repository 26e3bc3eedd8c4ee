import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { explainSystemError, SetupError } from "./fail.ts";
import { parseUserList, type UserList } from "./user-list.ts";

/** A user list is looked at this often. */
const POLL_MS = 1_000;

/**
 * A user list, read at the start and again when its contents change. A good change is in force for
 * the log-ins that come after it; after a bad one what was there stays.
 */
export class UserListFile {
  /** What is in force. */
  users: UserList;
  /** Why what is in force is not what the file says; empty while it is. */
  problem = "";

  readonly #key: string;
  readonly #file: string;
  readonly #onChange: (list: UserListFile) => void;
  readonly #poll: NodeJS.Timeout;
  #digest: string;

  /** Throws a SetupError where the file is no good. `key` is the setting that names it. */
  constructor(options: {
    readonly key: string;
    readonly file: string;
    /** The file has changed, and is in force if there is no problem with it. */
    readonly onChange: (list: UserListFile) => void;
  }) {
    this.#key = options.key;
    this.#file = options.file;
    this.#onChange = options.onChange;
    this.#digest = digestOf(contentsOf(options.file));
    this.users = readUserList(options.key, options.file);
    this.#poll = setInterval(() => this.#look(), POLL_MS);
    this.#poll.unref();
  }

  stop(): void {
    clearInterval(this.#poll);
  }

  #look(): void {
    const digest = digestOf(contentsOf(this.#file));
    if (digest === this.#digest) return;
    this.#digest = digest;
    try {
      this.users = readUserList(this.#key, this.#file);
      this.problem = "";
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.#onChange(this);
  }
}

/** What is wrong is a SetupError that names the setting, the file and the line. */
export function readUserList(key: string, file: string): UserList {
  let contents: Buffer;
  try {
    contents = readFileSync(file);
  } catch (error) {
    throw new SetupError(explainSystemError(`${key}: ${file} can't be read`, error));
  }
  const users = parseUserList(contents);
  if (typeof users === "string") throw new SetupError(`${key}: ${file}: ${users}`);
  return users;
}

function contentsOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Tells contents apart; a file that can't be read is a state like any other. */
function digestOf(contents: Buffer | undefined): string {
  if (contents === undefined) return "unreadable";
  return createHash("sha256").update(contents).digest("hex");
}
