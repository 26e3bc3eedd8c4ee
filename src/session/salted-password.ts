import { pbkdf2 } from "node:crypto";
import { saslPrepared } from "../wire/saslprep.ts";
import { KEY_SIZE } from "../wire/scram.ts";

/** The slow hash of a password that SCRAM is made of, in a thread of its own. */
export function saltedPassword(
  password: Buffer,
  { salt, iterations }: { readonly salt: Buffer; readonly iterations: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(saslPrepared(password), salt, iterations, KEY_SIZE, "sha256", (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}
