import type { UsesPage } from "../../ledger/ledger-page.ts";
import { quoteIdentifier } from "../../sql/tokens.ts";
import type { Usage, Use, UsedName } from "../../version/usage.ts";
import { SetupError } from "../fail.ts";
import { askUses } from "../ready/ask-instances.ts";

/** What came of one name can make a rule ask for another. */
const ROUNDS_MAX = 5;

/**
 * Who uses the tables and columns that `judge` asks for, as the instances at these addresses know it; or
 * why one of them can't be sure, within `quietMs`. One that does not answer is a SetupError.
 */
export async function askedUsage(
  addresses: readonly string[],
  quietMs: number,
  judge: (usage: Usage) => void,
): Promise<Usage | string> {
  const known = new Map<string, readonly Use[]>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const asked = new Map<string, UsedName>();
    judge({
      of: (name) => {
        const uses = known.get(nameOf(name));
        if (uses === undefined) asked.set(nameOf(name), name);
        return uses ?? [];
      },
    });
    if (asked.size === 0) break;
    for (const of of asked.keys()) {
      const pages = await Promise.all(addresses.map((address) => pageOf(address, of, quietMs)));
      const doubtful = pages.find(({ page }) => page.doubt !== "");
      if (doubtful !== undefined) return `${doubtful.address}: ${doubtful.page.doubt}`;
      known.set(
        of,
        pages.flatMap(({ page }) => page.uses.map(useOf)),
      );
    }
  }
  return { of: (name) => known.get(nameOf(name)) ?? [] };
}

async function pageOf(address: string, of: string, quietMs: number) {
  const asked = await askUses(address, { of, quietMs });
  if (asked.kind === "silent") throw new SetupError(asked.why);
  return asked;
}

function nameOf({ schema, table, column }: UsedName): string {
  const parts = [schema, table, ...(column === undefined ? [] : [column])];
  return parts.map(quoteIdentifier).join(".");
}

function useOf(use: UsesPage["uses"][number]): Use {
  const { app, version } = use;
  return {
    tag: app === undefined || version === undefined ? undefined : { app, version },
    isCertain: use.is_certain,
    firstSeenAt: Date.parse(use.first_seen),
    lastSeenAt: Date.parse(use.last_seen),
    count: use.count,
    perSecond: use.per_second,
    liveSessions: use.live_sessions,
    fingerprints: use.fingerprints,
    client: use.client,
  };
}
