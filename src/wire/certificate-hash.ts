import { createHash } from "node:crypto";

/**
 * The hash of a certificate that SCRAM binds to (`tls-server-end-point`, RFC 5929): by the algorithm
 * that it is signed with, and SHA-256 in place of MD5 and SHA-1. Undefined where that has none (Ed25519)
 * or is not known: there can be no binding then, as in PostgreSQL. `certificate` is DER.
 */
export function certificateHash(certificate: Buffer): Buffer | undefined {
  const algorithm = signatureHash(certificate);
  if (algorithm === undefined) return undefined;
  return createHash(algorithm).update(certificate).digest();
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }; RFC 5280, section 4.1 */
function signatureHash(certificate: Buffer): string | undefined {
  const whole = element(certificate, 0);
  const signed = whole && element(certificate, whole.start);
  const algorithm = signed && element(certificate, signed.end);
  const name = algorithm && element(certificate, algorithm.start);
  if (algorithm === undefined || name === undefined || name.tag !== OBJECT_IDENTIFIER) {
    return undefined;
  }
  const id = certificate.toString("hex", name.start, name.end);
  if (id !== RSASSA_PSS) return SIGNATURES[id];
  return pssHash(certificate.subarray(name.end, algorithm.end));
}

/** RSASSA-PSS-params ::= SEQUENCE { [0] hashAlgorithm DEFAULT sha1, … }; RFC 4055, section 3.1 */
function pssHash(parameters: Buffer): string | undefined {
  const sequence = element(parameters, 0);
  const tagged = sequence && element(parameters, sequence.start);
  if (tagged === undefined || tagged.tag !== FIRST_TAGGED) return "sha256"; // In place of SHA-1.
  const algorithm = element(parameters, tagged.start);
  const name = algorithm && element(parameters, algorithm.start);
  return name && HASHES[parameters.toString("hex", name.start, name.end)];
}

const OBJECT_IDENTIFIER = 0x06;
const FIRST_TAGGED = 0xa0;

/** 1.2.840.113549.1.1.10 */
const RSASSA_PSS = "2a864886f70d01010a";

const SIGNATURES: Readonly<Record<string, string>> = {
  "2a864886f70d010104": "sha256", // MD5 with RSA, 1.2.840.113549.1.1.4
  "2a864886f70d010105": "sha256", // SHA-1 with RSA
  "2a864886f70d01010e": "sha224",
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a8648ce3d0401": "sha256", // SHA-1 with ECDSA, 1.2.840.10045.4.1
  "2a8648ce3d040301": "sha224",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};

const HASHES: Readonly<Record<string, string>> = {
  "2b0e03021a": "sha256", // SHA-1, 1.3.14.3.2.26
  "608648016503040204": "sha224",
  "608648016503040201": "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
};

/** Where the contents of the element of DER at `position` are; undefined where there is none. */
function element(
  bytes: Buffer,
  position: number,
): { readonly tag: number; readonly start: number; readonly end: number } | undefined {
  const tag = bytes[position];
  const short = bytes[position + 1];
  if (tag === undefined || short === undefined) return undefined;
  let start = position + 2;
  let size = short;
  if (short >= 0x80) {
    const count = short & 0x7f;
    if (count === 0 || count > 4 || start + count > bytes.length) return undefined;
    size = bytes.readUIntBE(start, count);
    start += count;
  }
  const end = start + size;
  return end > bytes.length ? undefined : { tag, start, end };
}
