import type { Config } from "../../config/config.ts";
import type { LedgerPage, UsesPage } from "../../ledger/ledger-page.ts";
import { explainSystemError, SetupError } from "../fail.ts";

const ANSWER_MS = 5_000;

/** What an instance says, or why it says nothing. */
export type Asked<Page> =
  | { readonly kind: "answered"; readonly address: string; readonly page: Page }
  | { readonly kind: "silent"; readonly address: string; readonly why: string };

/** The admin addresses to ask: those given, or the one of the settings. */
export function adminAddresses(config: Config, given: readonly string[]): readonly string[] {
  if (given.length > 0) return checkedAddresses(given);
  const { enabled, host, port } = config.metrics;
  if (!enabled) throw new SetupError("metrics.enabled is false: there is no instance to be asked");
  if (port === 0) {
    throw new SetupError("metrics.port is 0: say by --admin where the instances are to be asked");
  }
  const own = new Map([
    ["0.0.0.0", "127.0.0.1"],
    ["::", "[::1]"],
  ]);
  return [`${own.get(host) ?? (host.includes(":") ? `[${host}]` : host)}:${port}`];
}

/** Those of `--admin`, if they can be addresses. */
export function checkedAddresses(given: readonly string[]): readonly string[] {
  const wrong = given.find((address) => !/^(\[[\da-fA-F:.]+\]|[^\s:/]+):\d+$/.test(address));
  if (wrong === undefined) return given;
  throw new SetupError(`--admin must be host:port, such as 10.1.2.3:9187, not "${wrong}"`);
}

export function askUses(
  address: string,
  asked: { readonly of: string; readonly quietMs: number },
): Promise<Asked<UsesPage>> {
  const query = new URLSearchParams({ of: asked.of, quiet_for: `${asked.quietMs}ms` });
  return ask(address, `/ledger?${query}`, (text): UsesPage => JSON.parse(text));
}

export function askLedger(address: string): Promise<Asked<LedgerPage>> {
  return ask(address, "/ledger", (text): LedgerPage => JSON.parse(text));
}

// Trust boundary: an instance runs this program, or one of another version whose page has these fields too.
async function ask<Page>(
  address: string,
  path: string,
  read: (text: string) => Page,
): Promise<Asked<Page>> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(`http://${address}${path}`, { signal });
    const text = await response.text();
    if (response.status === 200) return { kind: "answered", address, page: read(text) };
    return {
      kind: "silent",
      address,
      why: `${address} answers ${response.status}: ${text.trim()}`,
    };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { kind: "silent", address, why: explainSystemError(address, cause) };
  }
}
