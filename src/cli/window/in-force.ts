import { type Instance, readFleet } from "../../control/fleet-view.ts";
import type { Progress } from "./progress.ts";
import type { StoreSession } from "./store-session.ts";
import { type Look, waitFor } from "./waiting.ts";

const PAUSE_MS = 200;

/** Waits until every instance that counts has the store's windows in force; how many these are. */
export function waitUntilInForce(
  { client, schema }: StoreSession,
  options: { readonly timeoutMs: number; readonly progress: Progress },
): Promise<Look<number>> {
  return waitFor(
    async () => {
      const { instances, revision } = await readFleet(client, schema);
      const counting = instances.filter(({ presence }) => presence !== "gone");
      const late = counting.filter((each) => each.revision < revision || each.problem !== "");
      if (late.length === 0) return { kind: "found", found: counting.length };
      return { kind: "wait", because: `not in force yet on ${late.map(nameOf).join("; ")}` };
    },
    { ...options, pauseMs: PAUSE_MS },
  );
}

function nameOf({ id, host, processId, presence, problem }: Instance): string {
  const name = `instance ${id} (${host}, process ${processId})`;
  if (problem !== "") return `${name}, which says: ${problem}`;
  return presence === "limbo" ? `${name}, which is cut off` : name;
}
