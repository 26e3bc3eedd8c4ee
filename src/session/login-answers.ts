import { encodeErrorResponse } from "../wire/encode.ts";
import { decodeFields } from "../wire/fields.ts";
import { Server } from "../wire/frame-type.ts";
import { withoutChannelBinding } from "../wire/sasl-mechanisms.ts";

/** Where the server refuses a client that could bind but was not offered to (`auth-scram.c`). */
const BINDING_REFUSED_IN = "read_client_first_message";

const HINT =
  "The connection is encrypted on both sides of straddle, so channel binding can't hold: set channel_binding=disable on the client, or let straddle verify clients itself, by auth.mode: scram.";

/**
 * What a client reads while it logs in. Authentication is between client and server, and passes
 * through; only channel binding can't, and so is not offered.
 */
export class LoginAnswers {
  #isBindingWithheld = false;

  /** What stands in for a message of the server; undefined where it goes on as it came. */
  instead(type: number, buffer: Buffer, start: number, end: number): Buffer | undefined {
    if (type === Server.authentication) {
      const message = withoutChannelBinding(buffer, start, end);
      this.#isBindingWithheld ||= message !== undefined;
      return message;
    }
    if (type !== Server.errorResponse || !this.#isBindingWithheld) return undefined;
    // As bytes: the server's language and encoding are its own.
    const fields = decodeFields(buffer, start, end, "latin1");
    if (fields.get("R") !== BINDING_REFUSED_IN) return undefined;
    return encodeErrorResponse(fields.set("H", HINT), "latin1");
  }
}
