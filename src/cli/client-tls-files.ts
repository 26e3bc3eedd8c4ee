import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { ClientTls } from "../session/client-tls.ts";
import { explainSystemError, SetupError } from "./fail.ts";

/**
 * The files behind `listen.tls`: reads them at the start, and again when their contents change. A good
 * change is in force for the connections that come after it; after a bad one what was there stays.
 */
export class ClientTlsFiles {
  /** What is in force; undefined where TLS is off. */
  current: ClientTls | undefined;
  /** Why what is in force is not what the files say; empty while it is. */
  problem = "";

  readonly #settings: Config["listen"]["tls"];
  readonly #onChange: (problem: string) => void;
  readonly #poll: NodeJS.Timeout | undefined;
  #digest = "";

  /** Throws a SetupError where the files are no good. */
  constructor(options: {
    readonly settings: Config["listen"]["tls"];
    readonly pollIntervalMs: number;
    /** The files have changed, and are in force if there is no problem with them. */
    readonly onChange: (problem: string) => void;
  }) {
    this.#settings = options.settings;
    this.#onChange = options.onChange;
    if (options.settings.mode === "off") return;
    this.#digest = this.#digestNow();
    this.#load();
    if (this.problem !== "") throw new SetupError(this.problem);
    this.#poll = setInterval(() => this.#look(), options.pollIntervalMs);
    this.#poll.unref();
  }

  stop(): void {
    clearInterval(this.#poll);
  }

  #look(): void {
    const digest = this.#digestNow();
    if (digest === this.#digest) return;
    this.#digest = digest;
    this.#load();
    this.#onChange(this.problem);
  }

  #load(): void {
    try {
      this.current = readClientTls(this.#settings);
      this.problem = "";
    } catch (error) {
      this.problem =
        error instanceof SetupError ? error.message : explainSystemError("listen.tls", error);
    }
  }

  /** Tells contents apart; a file that can't be read is a state like any other. */
  #digestNow(): string {
    const { cert, key, keyPasswordFile, ca } = this.#settings;
    const hash = createHash("sha256");
    for (const file of [cert, key, keyPasswordFile, ca]) {
      hash.update(contentsDigest(file));
    }
    return hash.digest("hex");
  }
}

function contentsDigest(file: string | undefined): string {
  if (file === undefined) return "none";
  try {
    return createHash("sha256").update(readFileSync(file)).digest("hex");
  } catch {
    return "unreadable";
  }
}

/** Reads and checks all of them; what is wrong with one is a SetupError. */
export function readClientTls({
  mode,
  cert,
  key,
  keyPasswordFile,
  ca,
  clientCert,
}: Config["listen"]["tls"]) {
  const certPem = contents("cert", cert);
  const keyPem = contents("key", key);
  const caPem = ca === undefined ? undefined : contents("ca", ca);
  const password =
    keyPasswordFile === undefined
      ? undefined
      : contents("key_password_file", keyPasswordFile).toString("utf8").split(/\r?\n/)[0];
  const certificate = certificateIn("cert", cert, certPem);
  // Node.js takes a file without any certificate for an authority that has issued none.
  if (caPem !== undefined) certificateIn("ca", ca, caPem);
  if (!certificate.checkPrivateKey(privateKeyIn(key, keyPem, password))) {
    throw new SetupError(`listen.tls.key: ${key} is not the key of ${cert}`);
  }
  return new ClientTls({
    isRequired: mode === "require",
    clientCertificate: caPem === undefined ? "none" : clientCert,
    cert: certPem,
    key: keyPem,
    keyPassword: password,
    ca: caPem,
  });
}

function contents(name: string, file: string | undefined): Buffer {
  if (file === undefined) throw new SetupError(`listen.tls.${name} is missing`);
  try {
    return readFileSync(file);
  } catch (error) {
    throw new SetupError(explainSystemError(`listen.tls.${name}: ${file}`, error));
  }
}

function certificateIn(name: string, file: string | undefined, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new SetupError(`listen.tls.${name}: ${file} is not a certificate in PEM`);
  }
}

function privateKeyIn(file: string | undefined, pem: Buffer, password: string | undefined) {
  try {
    return createPrivateKey({
      key: pem,
      ...(password === undefined ? {} : { passphrase: password }),
    });
  } catch (error) {
    const subject = `listen.tls.key: ${file} is not a private key in PEM, or its password is wrong`;
    throw new SetupError(explainSystemError(subject, error));
  }
}
