import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Makes certificates with the command `openssl`, in a folder of their own that the caller removes. */
export class ServerCertificates {
  readonly folder = mkdtempSync(join(tmpdir(), "straddle-tls-"));

  /** An authority: its certificate is the file to trust. */
  authority(name: string): Pair {
    const pair = this.#pair(name);
    const subject = ["-subj", `/CN=${name}`, "-days", "2"];
    this.#run(["req", "-x509", ...NEW_KEY, "-keyout", pair.key, "-out", pair.cert, ...subject]);
    return pair;
  }

  /** A certificate of an authority. `validity` is in days; below 0 it is past. */
  certificate(options: {
    readonly name: string;
    readonly issuer: Pair;
    readonly commonName: string;
    /** Such as `DNS:localhost`. */
    readonly alternativeNames?: string;
    readonly validity?: number;
  }): Pair {
    const { name, issuer, commonName, alternativeNames, validity = 2 } = options;
    const pair = this.#pair(name);
    const request = join(this.folder, `${name}.csr`);
    const extensions = join(this.folder, `${name}.ext`);
    writeFileSync(
      extensions,
      alternativeNames === undefined ? "" : `subjectAltName=${alternativeNames}\n`,
    );
    const subject = ["-subj", `/CN=${commonName}`];
    this.#run(["req", ...NEW_KEY, "-keyout", pair.key, "-out", request, ...subject]);
    const from = ["-CA", issuer.cert, "-CAkey", issuer.key, "-CAcreateserial"];
    const how = ["-days", String(validity), "-extfile", extensions];
    this.#run(["x509", "-req", "-in", request, ...from, ...how, "-out", pair.cert]);
    return pair;
  }

  #pair(name: string): Pair {
    return { cert: join(this.folder, `${name}.crt`), key: join(this.folder, `${name}.key`) };
  }

  #run(args: readonly string[]): void {
    execFileSync("openssl", args, { stdio: "pipe" });
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
