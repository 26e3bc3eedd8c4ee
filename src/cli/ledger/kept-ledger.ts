import type { Config } from "../../config/config.ts";
import type { LedgerRecord } from "../../ledger/ledger.ts";
import { explainSystemError, SetupError } from "../fail.ts";
import { LedgerFile } from "./ledger-file.ts";
import type { LedgerSink } from "./ledger-sink.ts";
import { LedgerStore } from "./ledger-store.ts";

/** Where the ledger is kept beyond its process, and what was kept of an earlier one. */
export interface KeptLedger {
  readonly sink: LedgerSink;
  readonly record?: LedgerRecord;
}

/** As the settings have it; undefined for nowhere. What can't be read or written is a SetupError. */
export async function openKeptLedger(config: Config): Promise<KeptLedger | undefined> {
  const { ledger, control } = config;
  if (!ledger.enabled) return undefined;
  if (control.mode === "database") return { sink: new LedgerStore(config) };
  if (ledger.file === undefined) return undefined;
  const sink = new LedgerFile(ledger.file);
  const record = sink.read() ?? { watchingSince: Date.now(), deltas: [] };
  try {
    // From now on it says that a process has it open.
    await sink.write([], () => record, { isLast: false });
  } catch (error) {
    throw new SetupError(explainSystemError(`ledger.file: ${ledger.file}`, error));
  }
  return { sink, record };
}
