import type { Check } from "../../admin/health.ts";
import type { Written } from "../../config/written.ts";
import type { UseBatch } from "../../ledger/batch.ts";
import type { LedgerRecord } from "../../ledger/ledger.ts";
import type { Samples } from "../../metrics/registry.ts";
import type { FullPlaces, PlaceRequest } from "../../session/places.ts";
import type { FlipSubject } from "../fleet/flip-subject.ts";

/**
 * What a primary and its workers tell each other. Both run the same program, so what arrives is what
 * was sent; it travels as JSON, in order.
 */
export type ToWorker =
  /** The first one: the settings to run with. */
  | { readonly kind: "start"; readonly written: Written; readonly saltKey: string }
  /** A client that has connected; its socket comes along. */
  | { readonly kind: "client"; readonly isLocal: boolean }
  /** The answer to `place`: the session's id, or why there is none. */
  | { readonly kind: "placed"; readonly request: number; readonly place: number | FullPlaces }
  /** The system has taken so many bytes of records, and has this problem with the rest. */
  | { readonly kind: "audit_taken"; readonly size: number; readonly problem: string | null }
  /** Close a relation, and say `drained` when no statement is inside. */
  | {
      readonly kind: "hold";
      readonly epoch: number;
      readonly oid: number;
      readonly holdMs: number;
      /** How long the catalog may take when the hold ends by its deadline; 0: it is not read then. */
      readonly graceMs: number;
    }
  /**
   * Open it again, at once, or when the catalog has been read. `settle`: whoever flipped it is gone, and
   * may have done it, not done it, or be about to.
   */
  | {
      readonly kind: "release";
      readonly epoch: number;
      readonly first: "nothing" | "read" | "settle";
    }
  /** The flip asked for may go ahead; `isOver`: since its time is up. */
  | { readonly kind: "flip_ready"; readonly flip: number; readonly isOver: boolean }
  /** Read the catalog again, and say `catalog_read`. */
  | { readonly kind: "read_catalog"; readonly round: number }
  /** The answer to `announce`. */
  | { readonly kind: "announced"; readonly request: number }
  /** Send `scraped`. */
  | { readonly kind: "scrape"; readonly request: number }
  /** What all workers together have counted so far: once, before there are clients. */
  | { readonly kind: "ledger"; readonly record: LedgerRecord }
  /** What another one has counted. */
  | { readonly kind: "uses"; readonly from: string; readonly batch: UseBatch }
  /** Another one is gone, and what it had counted last with it. */
  | { readonly kind: "uses_lost"; readonly from: string }
  /** Send `uses`, then `uses_told`. */
  | { readonly kind: "tell_uses"; readonly request: number }
  /** Settings that are in force from now on. */
  | { readonly kind: "settings"; readonly written: Written }
  /** Sessions are to end, as `shutdown` has it. */
  | { readonly kind: "stop" }
  /** They are to end now. */
  | { readonly kind: "hurry" };

export type ToPrimary =
  | { readonly kind: "started" }
  /** It can't start. `isSetup`: told in one sentence, for the operator. */
  | { readonly kind: "failed"; readonly message: string; readonly isSetup: boolean }
  /** A client has said what it wants, or is gone. */
  | { readonly kind: "greeted" }
  /** A session wants to begin. */
  | { readonly kind: "place"; readonly request: number; readonly place: PlaceRequest }
  /** A place is free again. */
  | { readonly kind: "left"; readonly user: string }
  /** Whole lines of the audit log; `size` is their bytes. */
  | { readonly kind: "audit"; readonly lines: string; readonly size: number }
  /** A session wants to flip a relation. */
  | {
      readonly kind: "flip";
      readonly flip: number;
      readonly oid: number;
      readonly holdMs: number;
      /** For a fleet; undefined where the relation is under no window. */
      readonly subject: FlipSubject | undefined;
    }
  /** It has, or it has given up. */
  | { readonly kind: "flipped"; readonly flip: number }
  /** No statement is inside the relation that `hold` closed. */
  | { readonly kind: "drained"; readonly epoch: number }
  /** The catalog has changed: everybody is to read it. */
  | { readonly kind: "announce"; readonly request: number }
  | { readonly kind: "catalog_read"; readonly round: number }
  | { readonly kind: "scraped"; readonly request: number; readonly samples: Samples }
  /** What was counted for the ledger since the last time. */
  | { readonly kind: "uses"; readonly batch: UseBatch }
  | { readonly kind: "uses_told"; readonly request: number }
  /** Once a second, which also says that it is alive. */
  | { readonly kind: "status"; readonly checks: readonly Check[]; readonly samples: Samples };
