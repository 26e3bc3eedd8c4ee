import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Config } from "../config/config.ts";

/** How long before its end a certificate is worth a warning. */
const WARNED_DAYS = 14;
const DAY_MS = 86_400_000;

interface CertificateFile {
  readonly key: string;
  readonly file: string;
  /** Of a chain every link is needed; of several authorities one will do. */
  readonly needs: "every" | "one";
}

/** The files with certificates that the settings name. */
function certificateFiles({ listen, server }: Config): readonly CertificateFile[] {
  const clientLeg = listen.tls.mode === "off" ? undefined : listen.tls;
  const files = [
    { key: "listen.tls.cert", file: clientLeg?.cert, needs: "every" },
    { key: "listen.tls.ca", file: clientLeg?.ca, needs: "one" },
    { key: "server.tls.cert", file: server.tls?.client?.cert, needs: "every" },
    { key: "server.tls.ca", file: server.tls?.ca, needs: "one" },
  ] as const;
  return files.flatMap(({ key, file, needs }) =>
    file === undefined ? [] : [{ key, file, needs }],
  );
}

export interface ExpiryProblem {
  /** The file's key in the settings. */
  readonly key: string;
  readonly text: string;
}

/**
 * What is to be said of certificates that have expired, or soon will. Of a file that can't be read
 * nothing: whoever uses it tells of that.
 */
export function expiryProblems(config: Config, nowMs: number): ExpiryProblem[] {
  return certificateFiles(config).flatMap((each) => {
    const endMs = endOf(each);
    if (endMs === undefined || endMs - nowMs > WARNED_DAYS * DAY_MS) return [];
    const day = new Date(endMs).toISOString().slice(0, 10);
    const text = `${each.file} ${endMs <= nowMs ? "expired" : "expires"} on ${day}`;
    return [{ key: each.key, text }];
  });
}

function endOf({ file, needs }: CertificateFile): number | undefined {
  try {
    const pems = readFileSync(file, "utf8").match(CERTIFICATE) ?? [];
    const ends = pems.map((pem) => Date.parse(new X509Certificate(pem).validTo));
    if (ends.length === 0) return undefined;
    return needs === "every" ? Math.min(...ends) : Math.max(...ends);
  } catch {
    return undefined;
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
