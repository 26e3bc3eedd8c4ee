import type { Dialogue } from "./dialogue.ts";

/** What a ReadyForQuery outside of a transaction ends. `isOwn`: it answers a question of Straddle's own. */
export function transactionEnded(dialogue: Dialogue, { isOwn }: { readonly isOwn: boolean }): void {
  const { pipeline } = dialogue;
  // Syncs that COPY has ignored are never answered: what is sure is that nothing is owed.
  if (pipeline.isDrained) pipeline.endsAnswered = pipeline.endsAsked;
  // What was sent behind it may be DDL that is still under way.
  if (dialogue.catalogNeed.isAnswered(pipeline.endsAnswered)) dialogue.uncommittedDdl = "none";
  dialogue.watch.ended(pipeline.endsAnswered);
  if (pipeline.isDrained) {
    dialogue.pins.clear();
    dialogue.prepared.closeAllPortals();
    dialogue.batchEnded();
  }
  if (dialogue.hasUnsettledSession) {
    dialogue.hasUnsettledSession = false;
    dialogue.forgetSchemas();
  }
  // The end of a question of Straddle's own is not that of a flip that was sent behind it.
  if (!isOwn) dialogue.endFlip();
}
