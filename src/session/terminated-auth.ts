import type { ScramVerifier } from "../wire/scram.ts";

/**
 * Terminated authentication: Straddle finds out itself who a client is, and logs in to the server with
 * credentials of its own. Names of users are latin1 strings, as startup packets are read.
 */
export interface TerminatedAuth {
  /** How clients prove who they are. */
  readonly method: "scram" | "cert";
  /** Of a user who is not known, one that no password fits, and the same each time. */
  verifier(user: string): Promise<UserVerifier>;
  /** Who Straddle is on the server for this client's session. `clientKey` was seen at its log-in. */
  serverLogin(user: string, clientKey: Buffer | undefined): ServerLoginAs;
  /** A log-in did not come about, on the side that asks for proof: counted, and told to the operator. */
  failed(side: "client" | "server", words: string): void;
}

export interface UserVerifier {
  readonly verifier: ScramVerifier;
  readonly isKnown: boolean;
}

export interface ServerLoginAs {
  readonly role: string;
  readonly credentials: Credentials;
}

export type Credentials =
  | { readonly kind: "password"; readonly password: Buffer }
  /** Good for SCRAM where the server has the same one. */
  | { readonly kind: "verifier"; readonly verifier: ScramVerifier; readonly clientKey: Buffer }
  /** Enough where the server asks for nothing. */
  | { readonly kind: "none"; readonly because: string };
