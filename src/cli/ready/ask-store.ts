import type { Config } from "../../config/config.ts";
import { checkStore, StoreError } from "../../control/store.ts";
import { readUses } from "../../control/store-ledger.ts";
import { Ledger } from "../../ledger/ledger.ts";
import { type UsesPage, usesPage } from "../../ledger/ledger-page.ts";
import type { UsedName } from "../../version/usage.ts";
import { withConnection } from "../control-connection.ts";
import { SetupError } from "../fail.ts";
import { fromStored } from "../ledger/stored-use.ts";
import type { Asked } from "./ask-instances.ts";

/** What the store knows of all instances. One that is not there is a SetupError. */
export async function askStore(
  config: Config,
  asked: { readonly of: UsedName; readonly quietMs: number },
): Promise<Asked<UsesPage>> {
  const { schema } = config.control;
  const { uses, now } = await withConnection(config, async (client) => {
    await checkStore(client, schema).catch((error: unknown) => {
      throw error instanceof StoreError ? new SetupError(error.message) : error;
    });
    return readUses(client, schema);
  });
  const ledger = new Ledger({ entriesMax: Number.POSITIVE_INFINITY, watchingSince: 0 });
  ledger.adopt({ watchingSince: 0, deltas: uses.map(fromStored) }, now);
  const isKept = asked.quietMs <= config.ledger.retentionMs;
  const doubt = isKept ? "" : "ledger.retention is shorter than the time that has to be quiet";
  const page = usesPage(ledger, { ...asked, windows: config.windows, doubt }, now);
  return { kind: "answered", address: "the store", page };
}
