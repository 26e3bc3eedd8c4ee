import { spawnSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { certificateHash } from "../../src/wire/certificate-hash.ts";
import { hasOpenssl } from "../support/certificates.ts";

/** A certificate that is signed by its own key, in DER. */
function selfSigned(...args: readonly string[]): Buffer {
  const common = ["req", "-x509", "-nodes", "-subj", "/CN=x", "-keyout", "/dev/null"];
  const { stdout, stderr, status } = spawnSync("openssl", [...common, ...args]);
  if (status !== 0) throw new Error(stderr.toString());
  return new X509Certificate(stdout).raw;
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
const RSA = ["-newkey", "rsa:2048"];
const PSS = ["-sigopt", "rsa_padding_mode:pss"];

const cases: readonly (readonly [args: readonly string[], algorithm: string | undefined])[] = [
  [[...RSA, "-sha256"], "sha256"],
  [[...RSA, "-sha384"], "sha384"],
  [[...RSA, "-sha512"], "sha512"],
  [[...RSA, "-sha1"], "sha256"],
  [[...EC, "-sha256"], "sha256"],
  [[...EC, "-sha512"], "sha512"],
  [[...RSA, ...PSS, "-sha256"], "sha256"],
  [[...RSA, ...PSS, "-sha512"], "sha512"],
  [["-newkey", "ed25519"], undefined],
];

describe.skipIf(!hasOpenssl)("the hash that channel binding is by", () => {
  for (const [args, algorithm] of cases) {
    test(`openssl req ${args.join(" ")}: ${algorithm}`, () => {
      const certificate = selfSigned(...args);
      const expected =
        algorithm === undefined ? undefined : createHash(algorithm).update(certificate).digest();
      expect(certificateHash(certificate)).toEqual(expected);
    });
  }

  test("of a certificate that is cut anywhere there is none, or one, but no error", () => {
    const certificate = selfSigned(...EC);
    for (let size = 0; size < certificate.length; size++) {
      expect(certificateHash(certificate.subarray(0, size))).toBe(undefined);
    }
  });
});
