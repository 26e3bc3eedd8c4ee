import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { saltedPassword } from "../session/salted-password.ts";
import type {
  Credentials,
  ServerLoginAs,
  TerminatedAuth,
  UserVerifier,
} from "../session/terminated-auth.ts";
import { hmac, ITERATIONS_DEFAULT, keysOf, type ScramVerifier, verifierOf } from "../wire/scram.ts";
import { explainSystemError, SetupError } from "./fail.ts";
import type { UserSecret } from "./user-list.ts";
import { UserListFile } from "./user-list-file.ts";

type Settings = NonNullable<Config["auth"]>;

type Password = Extract<UserSecret, { kind: "password" }>;

const SALT_SIZE = 16;
const SALT_KEY_SIZE_MIN = 16;

/** Terminated authentication with what the settings name: user lists and files of passwords. */
export class OwnAuth implements TerminatedAuth {
  readonly method: TerminatedAuth["method"];
  readonly failures = { client: 0, server: 0 };

  readonly #settings: Settings;
  readonly #report: (problem: string, words: string) => void;
  readonly #saltKey: Buffer;
  readonly #users: UserListFile | undefined;
  readonly #roles: UserListFile | undefined;
  /** Made of passwords, which takes a while: once for each, as long as they are in the list. */
  readonly #made = new WeakMap<Password, Promise<ScramVerifier>>();

  /** Throws a SetupError where a file is no good. */
  constructor(options: {
    readonly settings: Settings;
    /** In place of a random one, where the settings name none. */
    readonly saltKey?: Buffer | undefined;
    readonly onChange: (list: UserListFile) => void;
    readonly report: (problem: string, words: string) => void;
  }) {
    const { settings } = options;
    const onChange = (list: UserListFile) => {
      options.onChange(list);
      this.#warmUp();
    };
    this.#settings = settings;
    this.#report = options.report;
    this.method = settings.mode;
    this.#saltKey =
      settings.saltKeyFile === undefined
        ? (options.saltKey ?? randomBytes(32))
        : readSaltKey(settings.saltKeyFile);
    const { usersFile, serverUsersFile } = settings;
    if (usersFile !== undefined) {
      this.#users = new UserListFile({ key: "auth.users_file", file: usersFile, onChange });
    }
    if (serverUsersFile !== undefined) {
      const key = "auth.server.users_file";
      this.#roles = new UserListFile({ key, file: serverUsersFile, onChange });
    }
    this.#warmUp();
  }

  /** Why what is in force is not what the files say; empty while it is. */
  get problem(): string {
    const problems = [this.#users?.problem ?? "", this.#roles?.problem ?? ""];
    return problems.filter((problem) => problem !== "").join("; ");
  }

  /** Those that `users_file` has. */
  get userNames(): Iterable<string> {
    return this.#users?.users.keys() ?? [];
  }

  stop(): void {
    this.#users?.stop();
    this.#roles?.stop();
  }

  async verifier(user: string): Promise<UserVerifier> {
    const secret = this.#users?.users.get(user);
    if (secret === undefined) return { verifier: this.#mock(user), isKnown: false };
    if (secret.kind === "verifier") return { verifier: secret.verifier, isKnown: true };
    return { verifier: await this.#verifierOf(user, secret), isKnown: true };
  }

  serverLogin(user: string, clientKey: Buffer | undefined): ServerLoginAs {
    const { serverUser } = this.#settings;
    const role = serverUser === undefined ? user : Buffer.from(serverUser).toString("latin1");
    return { role, credentials: this.#credentials({ role, user, clientKey }) };
  }

  failed(side: "client" | "server", words: string): void {
    this.failures[side] += 1;
    this.#report(`authentication failed on the ${side}'s side`, words);
  }

  #credentials(login: {
    readonly role: string;
    readonly user: string;
    readonly clientKey: Buffer | undefined;
  }): Credentials {
    const { role, user, clientKey } = login;
    const { serverPasswordFile } = this.#settings;
    if (serverPasswordFile !== undefined) return readPassword(serverPasswordFile);
    const secret = this.#roles?.users.get(role) ?? this.#users?.users.get(role);
    if (secret === undefined) return { kind: "none", because: "no file of auth has this role" };
    if (secret.kind === "password") return secret;
    // The key that the client has proved itself with is that of its own verifier only.
    const own = this.#users?.users.get(user);
    const isProven =
      own?.kind === "verifier" && own.verifier.storedKey.equals(secret.verifier.storedKey);
    if (clientKey !== undefined && isProven) return { ...secret, clientKey };
    return { kind: "none", because: "it has a SCRAM verifier, with which one can't log in" };
  }

  #mock(user: string): ScramVerifier {
    return {
      iterations: ITERATIONS_DEFAULT,
      salt: this.#salt(user),
      // No proof has these, and nobody is asked to believe them.
      storedKey: randomBytes(32),
      serverKey: randomBytes(32),
    };
  }

  /** One after the other, so that a first log-in takes no longer than that of nobody. */
  #warmUp(): void {
    const warm = async () => {
      for (const [user, secret] of this.#users?.users ?? []) {
        if (secret.kind === "password") await this.#verifierOf(user, secret);
      }
    };
    warm().catch((error: unknown) => this.#report("a password can't be hashed", String(error)));
  }

  #verifierOf(user: string, secret: Password): Promise<ScramVerifier> {
    const known = this.#made.get(secret);
    if (known !== undefined) return known;
    const made = this.#make(secret.password, user);
    this.#made.set(secret, made);
    return made;
  }

  async #make(password: Buffer, user: string): Promise<ScramVerifier> {
    const parameters = { salt: this.#salt(user), iterations: ITERATIONS_DEFAULT };
    return verifierOf(keysOf(await saltedPassword(password, parameters)), parameters);
  }

  /** The same for a user each time, whether there is such a one or not (scram_mock_salt). */
  #salt(user: string): Buffer {
    return hmac(this.#saltKey, user).subarray(0, SALT_SIZE);
  }
}

function readSaltKey(file: string): Buffer {
  let key: Buffer;
  try {
    key = readFileSync(file);
  } catch (error) {
    throw new SetupError(explainSystemError(`auth.salt_key_file: ${file} can't be read`, error));
  }
  if (key.length >= SALT_KEY_SIZE_MIN) return key;
  throw new SetupError(
    `auth.salt_key_file: ${file} has ${key.length} bytes; at least ${SALT_KEY_SIZE_MIN} are needed`,
  );
}

/** Of the moment, since secrets are replaced while a process runs. */
export function readPassword(file: string): Credentials {
  let line: string;
  try {
    line = readFileSync(file, "latin1").split(/\r?\n/, 1)[0] ?? "";
  } catch (error) {
    const subject = `auth.server.password_file: ${file} can't be read`;
    return { kind: "none", because: explainSystemError(subject, error) };
  }
  if (line === "") return { kind: "none", because: `auth.server.password_file: ${file} is empty` };
  return { kind: "password", password: Buffer.from(line, "latin1") };
}
