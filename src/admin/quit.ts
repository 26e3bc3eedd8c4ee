import type { IncomingMessage } from "node:http";
import { isIPv4 } from "node:net";
import { type Answer, plainAnswer } from "./answer.ts";

/** As other sidecars call it, since there is nothing else that would be typed by mistake. */
export const QUIT_PATH = "/quitquitquit";

/**
 * Ends Straddle for those on the same machine, or in the same pod: a Job's main container can so end
 * its sidecar. A page in a browser could send a POST as well, but says where it comes from.
 */
export function quitAnswer(
  { method, headers, socket }: Pick<IncomingMessage, "method" | "headers" | "socket">,
  quit: () => void,
): Answer {
  if (method !== "POST") {
    return { ...plainAnswer(405, "only POST is served here"), allow: "POST" };
  }
  const isBrowser = headers.origin !== undefined || headers["sec-fetch-site"] !== undefined;
  if (isBrowser || !isLoopback(socket.remoteAddress ?? "")) {
    return plainAnswer(403, "only for programs on this machine");
  }
  quit();
  return plainAnswer(200, "straddle is shutting down");
}

function isLoopback(address: string): boolean {
  // Where IPv4 comes in over IPv6.
  const plain = address.replace(/^::ffff:/, "");
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}
