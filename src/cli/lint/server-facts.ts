import type pg from "pg";
import type { Facts, RelationFacts } from "../../guard/facts.ts";
import {
  ASKED_NAMES_MAX,
  readRelationAnswer,
  relationInquiry,
  type SessionSettings,
} from "../../guard/relation-inquiry.ts";
import type { RelationName } from "../../guard/relation-name.ts";

/** What came of one name makes rules ask for others: an index for its table. */
const ROUNDS_MAX = 5;

export interface ServerFacts {
  readonly settings: SessionSettings;
  readonly relation: Facts["relation"];
}

/**
 * What a server knows of the relations that `judge` asks for, by the search path of whoever logged in.
 * Takes no lock that could wait.
 */
export async function serverFacts(
  client: pg.Client,
  judge: (relation: Facts["relation"]) => void,
): Promise<ServerFacts> {
  const known = new Map<string, RelationFacts | "missing" | undefined>();
  let settings = await ask(client, [], known);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const asked = new Map<string, RelationName>();
    judge((name) => {
      if (!known.has(keyOf(name))) asked.set(keyOf(name), name);
      return known.get(keyOf(name));
    });
    if (asked.size === 0) break;
    const names = [...asked.values()];
    for (let at = 0; at < names.length; at += ASKED_NAMES_MAX) {
      settings = await ask(client, names.slice(at, at + ASKED_NAMES_MAX), known);
    }
  }
  return { settings, relation: (name) => known.get(keyOf(name)) };
}

async function ask(
  client: pg.Client,
  names: readonly RelationName[],
  known: Map<string, RelationFacts | "missing" | undefined>,
): Promise<SessionSettings> {
  const { rows } = await client.query<(string | null)[]>({
    text: relationInquiry(names),
    rowMode: "array",
  });
  const answer = readRelationAnswer(rows);
  if (answer === undefined) throw new Error("the server gave no answer about relations");
  names.forEach((name, index) => {
    known.set(keyOf(name), answer.relations[index]);
  });
  return answer.settings;
}

function keyOf({ schema, name }: RelationName): string {
  return JSON.stringify([schema, name]);
}
