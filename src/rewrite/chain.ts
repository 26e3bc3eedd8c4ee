import type { AstNode } from "../sql/ast.ts";
import type { NamedRelation } from "../version/naming.ts";
import { listOf, locationOf, namesOf, nodeOf, stringOf, typedOf } from "./node.ts";
import { replaceWord } from "./quoted-names.ts";
import type { Rewriting } from "./rewriting.ts";

/**
 * COPY has no place for a witness (`witness.ts`). With a list of columns, or anything else that names one, the list itself has
 * to have all of a chain.
 */
export function refuseBrokenChain(work: Rewriting, copy: AstNode, relation: NamedRelation): void {
  if (relation.chained.length === 0) return;
  const listed = namesOf(copy, "attlist");
  const optionLists = listOf(copy, "options").filter(
    ({ node }) => typedOf(node, "arg")?.type === "List",
  );
  const namesNone =
    listed.length === 0 && optionLists.length === 0 && typedOf(copy, "whereClause") === undefined;
  const needed = relation.columns.filter(({ physical }) => relation.chained.includes(physical));
  if (namesNone || needed.every(({ logical }) => listed.includes(logical))) return;
  const names = needed.map(({ logical }) => logical).join(", ");
  work.refuseUncertain({
    detail: `Of "${relation.logicalName}", it does not list all of the columns ${names}, whose names change hands.`,
    hint: `Have the list of columns name all of them.`,
    offset: locationOf(nodeOf(copy, "relation") ?? {}),
  });
}

/**
 * A DO block runs as it is. What it says of one rename fails after it; a name in the middle of a chain would be
 * another column's.
 */
export function refuseChainInBody(work: Rewriting, block: AstNode): void {
  const options = listOf(block, "args").map(({ node }) => node);
  const body = options.find((option) => stringOf(option, "defname") === "as") ?? {};
  const text = stringOf(typedOf(body, "arg")?.node ?? {}, "sval");
  for (const relation of work.lookup.windowed) {
    const { physicalName, logicalName, otherName = logicalName } = relation;
    const isMentioned = [physicalName, logicalName, otherName].some((name) => hasWord(text, name));
    const shared = sharedIn(relation).find((name) => hasWord(text, name));
    if (!isMentioned || shared === undefined) continue;
    work.refuseUncertain({
      detail: `The block names column "${shared}" of "${logicalName}", whose name changes hands.`,
      hint: "Run it from a session without a version tag, under the names that the database has now.",
      offset: locationOf(body),
    });
  }
}

/** The names of a chain that two columns have, one before the rename and the other one after it. */
function sharedIn({ columns, chained }: NamedRelation): readonly string[] {
  const inChain = columns.filter(({ physical }) => chained.includes(physical));
  const others = new Set(inChain.map(({ otherName }) => otherName));
  return inChain.map(({ logical }) => logical).filter((logical) => others.has(logical));
}

/** Also in strings that it may run, and spelt in capitals. */
function hasWord(text: string, word: string): boolean {
  return [text, text.toLowerCase()].some((each) => replaceWord(each, word, "") !== each);
}
