/** What the protocol does to be right. Each can be left out, to see what it is needed for. */
export interface Rules {
  /** C3, C4: every instance that counts has acknowledged. */
  readonly acknowledgements: boolean;
  /** C4 to C6: nothing is renamed when the time for it is over. */
  readonly fence: boolean;
  /** C5, C6: both are looked at again once the table's lock is there. */
  readonly recheck: boolean;
  /** M: what is under way in time is over before doors open by themselves. */
  readonly margin: boolean;
  /** C2: the store takes one flip in progress of a table. */
  readonly oneAtATime: boolean;
  /** I1: a joiner reads the names when its row is there, not before. */
  readonly joinerReads: boolean;
  /** I1: a joiner takes no clients before it has read the flips. */
  readonly joinerHolds: boolean;
  /** I4: nobody is inside when an instance acknowledges. */
  readonly drain: boolean;
  /** I5: the catalog is read behind the end of the flip. */
  readonly releaseReads: boolean;
  /** I6: a hold ends by itself. */
  readonly deadline: boolean;
  /** I6: not before `started_at + H`. */
  readonly holdLasts: boolean;
  /** I6: the catalog is read before the door opens. */
  readonly deadlineReads: boolean;
  /** I6: the acknowledgement is taken back. */
  readonly withdrawal: boolean;
  /** R: others end a flip that nobody ends. */
  readonly recover: boolean;
  /** What the protocol does not promise, and leaves to the recovery of single statements, counts as wrong. */
  readonly excuses: boolean;
}

export const ALL_RULES: Rules = {
  ...{ acknowledgements: true, fence: true, recheck: true, margin: true, oneAtATime: true },
  ...{ joinerReads: true, joinerHolds: true, drain: true, releaseReads: true, deadline: true },
  ...{ holdLasts: true, deadlineReads: true, withdrawal: true, recover: true, excuses: true },
};
