import type { Health } from "../../admin/health.ts";
import type { LineSink } from "../../audit/sink.ts";
import type { CatalogReader } from "../../control/catalog-reader.ts";
import type { UseBatch } from "../../ledger/batch.ts";
import type { Gate } from "../../session/flip-gate.ts";
import type { LimitHits } from "../../session/limit-hits.ts";
import type { Listener } from "../../session/listener.ts";
import type { Places } from "../../session/places.ts";
import type { Observers } from "../observers.ts";
import type { SharedState } from "../shared-state.ts";

/** What a worker has from its primary, where a single process has its own. */
export interface Links {
  readonly places: Places;
  readonly auditSink: LineSink;
  readonly gate: Gate;
  /** Those of the gate are among them. */
  readonly hits: LimitHits;
  /** What was counted for the ledger. */
  tellUses(batch: UseBatch): void;
  /** Settles when all other workers have read the catalog again, or had the time to. */
  announceCatalog(): Promise<void>;
  /** All is there: clients and questions may come. In place of listening. */
  serve(parts: Parts): { readonly port: number; readonly socket: string | undefined };
}

/** What runs in a worker. */
export interface Parts {
  readonly listener: Listener;
  readonly observers: Observers;
  readonly state: SharedState;
  readonly reader: CatalogReader;
  health(): Health;
}
