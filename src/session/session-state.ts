import type { ClientPump } from "./client-pump.ts";
import type { Dialogue } from "./dialogue.ts";
import type { RunningStatement } from "./observer.ts";

/** Where a session is, for limits and metrics: looked at now and then, never on the way of a message. */
export interface SessionState {
  /** Outside of a transaction, with nothing on its way in either direction. */
  readonly isAtRest: boolean;
  /** Bytes that have come from the client. */
  readonly receivedSize: number;
  /** Bytes that wait for the client, and those that it has taken. */
  readonly waitingSize: number;
  readonly takenSize: number;
  /** The most bytes that wait on one side. */
  readonly bufferedSize: number;
  /** Replies that the server owes. */
  readonly owedCount: number;
  /** Bytes of prepared statements' texts. */
  readonly preparedSize: number;
  /** Statements that the server has not answered in full. */
  readonly running: readonly RunningStatement[];
}

export function isAtRest(dialogue: Dialogue, pump: ClientPump): boolean {
  const { pipeline, status, unsyncedCount, retry } = dialogue;
  if (!pump.isReady || retry.isActive) return false;
  if (pipeline.count > 0 || status !== "I" || unsyncedCount > 0) return false;
  return !pump.isBlocked && pump.waitingSize === 0;
}

export function stateOf(dialogue: Dialogue, pump: ClientPump): SessionState {
  const { info, toClient, toServer, pipeline, prepared } = dialogue;
  const { waitingSize } = toClient;
  return {
    isAtRest: isAtRest(dialogue, pump),
    receivedSize: info.bytesReceived,
    waitingSize,
    takenSize: toClient.byteCount - waitingSize,
    bufferedSize: Math.max(waitingSize, toServer.waitingSize, pump.waitingSize),
    owedCount: pipeline.count,
    preparedSize: prepared.size,
    get running() {
      return runningIn(dialogue);
    },
  };
}

function runningIn({ pipeline, info, schemas }: Dialogue): readonly RunningStatement[] {
  return pipeline.executions().flatMap(({ plan, index, isOwn, tag }) => {
    const shape = plan.statements[index]?.shape;
    return shape === undefined || isOwn ? [] : [{ session: info, tag, shape, schemas }];
  });
}
