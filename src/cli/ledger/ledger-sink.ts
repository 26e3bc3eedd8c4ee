import type { UseDelta } from "../../ledger/batch.ts";
import type { LedgerRecord } from "../../ledger/ledger.ts";

/** Where the ledger is kept beyond this process. */
export interface LedgerSink {
  /** `uses`: those since the last time that it did not reject. `isLast`: the process ends in order. */
  write(
    uses: readonly UseDelta[],
    all: () => LedgerRecord,
    options: { readonly isLast: boolean },
  ): Promise<void>;
}
