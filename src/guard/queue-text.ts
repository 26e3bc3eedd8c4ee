import { type Holder, type LockInUse, modeWords } from "./lock-in-use.ts";
import { nameText } from "./relation-name.ts";
import { stringLiteral } from "./server-sql.ts";

const LISTED_COUNT_MAX = 5;

/** Who has locks, or waits for them, since when and as what: in one sentence. */
export function holdersText(locks: readonly LockInUse[]): string {
  const listed = locks.slice(0, LISTED_COUNT_MAX).map((lock) => {
    const does = lock.isGranted ? "has" : "waits for";
    const where = lock.heir === undefined ? "" : ` on ${nameText(lock.heir)}`;
    return `${holderText(lock.holder)} (${about(lock)}) ${does} ${modeWords(lock.mode)}${where}`;
  });
  const more = locks.length - listed.length;
  return `In its way: ${listed.join("; ")}${more > 0 ? `; and ${more} more` : ""}.`;
}

/** What can be done about them. */
export function holdersHint(locks: readonly LockInUse[]): string {
  const sentences = ["Try again when they are over."];
  const [ending] = locks.flatMap(({ holder, ageMs }) =>
    ageMs === undefined ? [] : endingSql(holder),
  );
  if (ending !== undefined) sentences.push(`To end one that nobody needs: ${ending}.`);
  if (locks.some(({ ageMs }) => ageMs === undefined)) {
    sentences.push("How old the others are, members of the role pg_read_all_stats can see.");
  }
  return sentences.join(" ");
}

function holderText(holder: Holder): string {
  return holder.kind === "prepared"
    ? `the prepared transaction ${stringText(holder.gid)}`
    : `pid ${holder.pid}`;
}

function about({ holder, ageMs }: LockInUse): string {
  const parts: string[] = [];
  if (holder.kind === "session") {
    if (holder.application !== undefined) parts.push(holder.application);
    if (holder.state !== undefined) parts.push(holder.state);
  }
  if (holder.kind === "autovacuum") {
    parts.push(holder.isAgainstWraparound ? "autovacuum to prevent wraparound" : "autovacuum");
  }
  parts.push(ageMs === undefined ? "age not visible to this role" : `open for ${ageText(ageMs)}`);
  return parts.join(", ");
}

function endingSql(holder: Holder): readonly string[] {
  switch (holder.kind) {
    case "session":
      return [`SELECT pg_terminate_backend(${holder.pid})`];
    case "prepared":
      return [`ROLLBACK PREPARED ${stringText(holder.gid)}`];
    case "autovacuum":
      // It would begin again.
      return [];
  }
}

function stringText(text: string): string {
  return text.includes("\\") ? stringLiteral(text) : `'${text.replaceAll("'", "''")}'`;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 90 seconds are `90 s`, 3 hours `3 h`: two of a unit before it is used. */
function ageText(ageMs: number): string {
  if (ageMs < SECOND) return `${Math.round(ageMs)} ms`;
  if (ageMs < 2 * MINUTE) return `${Math.round(ageMs / SECOND)} s`;
  if (ageMs < 2 * HOUR) return `${Math.round(ageMs / MINUTE)} min`;
  if (ageMs < 2 * DAY) return `${Math.round(ageMs / HOUR)} h`;
  return `${Math.round(ageMs / DAY)} days`;
}
