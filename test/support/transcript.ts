/** What the messages of either side are called. */
const CLIENT_NAMES: Readonly<Record<string, string>> = {
  B: "Bind",
  C: "Close",
  D: "Describe",
  E: "Execute",
  F: "FunctionCall",
  H: "Flush",
  P: "Parse",
  Q: "Query",
  S: "Sync",
  X: "Terminate",
  c: "CopyDone",
  d: "CopyData",
  f: "CopyFail",
  p: "Password",
};
const SERVER_NAMES: Readonly<Record<string, string>> = {
  "1": "ParseComplete",
  "2": "BindComplete",
  "3": "CloseComplete",
  A: "NotificationResponse",
  C: "CommandComplete",
  D: "DataRow",
  E: "ErrorResponse",
  G: "CopyInResponse",
  H: "CopyOutResponse",
  I: "EmptyQueryResponse",
  K: "BackendKeyData",
  N: "NoticeResponse",
  R: "Authentication",
  S: "ParameterStatus",
  T: "RowDescription",
  V: "FunctionCallResponse",
  W: "CopyBothResponse",
  Z: "ReadyForQuery",
  c: "CopyDone",
  d: "CopyData",
  n: "NoData",
  s: "PortalSuspended",
  t: "ParameterDescription",
  v: "NegotiateProtocolVersion",
};

export function clientLine(bytes: Buffer): string {
  const name = CLIENT_NAMES[String.fromCharCode(bytes[0] ?? 0)];
  const isWhole = bytes.length >= 5 && bytes.readInt32BE(1) === bytes.length - 1;
  if (name === undefined || !isWhole) return `> ${shown(bytes)}`;
  return `> ${name} ${shown(bytes.subarray(5))}`.trimEnd();
}

export function serverName(type: number): string {
  const letter = String.fromCharCode(type);
  return SERVER_NAMES[letter] ?? `message ${letter}`;
}

/**
 * A message of the server, all of its bytes, as one line. This is the one place where values are
 * masked that differ between two sessions of the same server: process ids, keys, salts and nonces.
 * Of a key the size stays.
 */
export function serverLine(bytes: Buffer, ownPid: number): string {
  const name = serverName(bytes[0] ?? 0);
  const body = bytes.subarray(5);
  switch (name) {
    case "BackendKeyData":
      return `< ${name} (pid) (key of ${body.length - 4} bytes)`;
    case "Authentication": {
      const method = body.readInt32BE(0);
      const isSecret = [5, 11, 12].includes(method); // MD5's salt; SASL's nonce and signature.
      return `< ${name} ${method} ${isSecret ? "(secret)" : shown(body.subarray(4))}`.trimEnd();
    }
    case "NotificationResponse": {
      const from = body.readInt32BE(0) === ownPid ? "(own pid)" : "(other pid)";
      return `< ${name} ${from} ${shown(body.subarray(4))}`;
    }
    default:
      return `< ${name} ${shown(body)}`.trimEnd();
  }
}

/** What came before the end of the connection and is no message. */
export function restLine(bytes: Buffer): string {
  return `< ${shown(bytes)}`;
}

/** Bytes as a quoted text, without loss: what is not printable ASCII is escaped. */
function shown(bytes: Buffer): string {
  if (bytes.length === 0) return "";
  const escaped = bytes
    .toString("latin1")
    .replaceAll(/[\\"]/g, "\\$&")
    .replaceAll(/[^\x20-\x7e]/g, (character) => {
      const code = character.charCodeAt(0);
      return code === 0 ? "\\0" : `\\x${code.toString(16).padStart(2, "0")}`;
    });
  return `"${escaped}"`;
}
