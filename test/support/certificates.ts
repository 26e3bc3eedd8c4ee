import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Pair {
  /** Files, in PEM. */
  readonly cert: string;
  readonly key: string;
}

/** An authority in a folder of its own, which issues certificates by the command `openssl`. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), "straddle-tls-"));
  readonly ca: Pair;
  #lastSerial = 0;

  constructor(name = "a test's authority") {
    this.ca = this.#pair("ca");
    const subject = ["-subj", `/CN=${name}`, "-addext", "basicConstraints=critical,CA:TRUE"];
    openssl(
      "req",
      "-x509",
      "-new",
      ...EC,
      "-keyout",
      this.ca.key,
      "-out",
      this.ca.cert,
      ...subject,
    );
  }

  get caPem(): Buffer {
    return readFileSync(this.ca.cert);
  }

  /** For a server on loopback, or for the client of that name. */
  issue(commonName: string): Pair {
    this.#lastSerial += 1;
    const pair = this.#pair(`${this.#lastSerial}`);
    const request = join(this.folder, `${this.#lastSerial}.csr`);
    const extensions = join(this.folder, "extensions");
    writeFileSync(extensions, "subjectAltName=DNS:localhost,IP:127.0.0.1");
    openssl(
      "req",
      "-new",
      ...EC,
      "-keyout",
      pair.key,
      "-out",
      request,
      "-subj",
      `/CN=${commonName}`,
    );
    const issuer = ["-CA", this.ca.cert, "-CAkey", this.ca.key, "-extfile", extensions];
    const serial = ["-set_serial", `${this.#lastSerial}`, "-days", "2"];
    openssl("x509", "-req", "-in", request, "-out", pair.cert, ...issuer, ...serial);
    return pair;
  }

  /** The same key, under a password. */
  encrypt(key: string, password: string): string {
    const encrypted = `${key}.encrypted`;
    openssl("pkey", "-in", key, "-aes256", "-passout", `pass:${password}`, "-out", encrypted);
    return encrypted;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #pair(name: string): Pair {
    return { cert: join(this.folder, `${name}.crt`), key: join(this.folder, `${name}.key`) };
  }
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function openssl(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync("openssl", args, { encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
}

export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
