import type pg from "pg";
import type { Window } from "../version/window.ts";
import type { Finding } from "./check-report.ts";
import type { BlindSpot } from "./preflight/blind-spot.ts";
import { findBodies } from "./preflight/bodies.ts";
import { findDependents } from "./preflight/dependents.ts";
import { findSurroundings } from "./preflight/surroundings.ts";

/**
 * What a rename meets in the database, and a proxy never sees. What is kept as text breaks, since PostgreSQL
 * looks at that only when it runs; what holds the column itself follows, and is named so that nobody wonders.
 * `store` is the schema whose functions are Straddle's own.
 */
export async function findBlindSpots(
  client: pg.Client,
  window: Window,
  store: string,
): Promise<BlindSpot[]> {
  return [
    ...(await findBodies(client, window, store)),
    ...(await findSurroundings(client, window)),
    ...(await findDependents(client, window)),
  ];
}

export function blindSpotFinding(window: Window, { kind, object, text }: BlindSpot): Finding {
  return {
    level: kind === "follows" ? "note" : "warning",
    subject: `${window.schema}.${window.table}`,
    text: `${object} ${text}`,
  };
}
