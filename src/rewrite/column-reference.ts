import type { AstNode } from "../sql/ast.ts";
import { columnNameReason, REASONS, tableNameReason, unreachedReason } from "./explanation.ts";
import { locationOf, namesOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { rewriteStar, rewriteWholeRow } from "./row-reference.ts";
import {
  findItem,
  hasColumn,
  isReachedByName,
  isTwice,
  resolveBareName,
  type Scope,
  type ScopeItem,
} from "./scope.ts";
import { refuseUnknownColumn, refuseUnknownMember } from "./unknown-row.ts";
import type { Place } from "./whole-row.ts";

const SYSTEM_COLUMNS: ReadonlySet<string> = new Set([
  "cmax",
  "cmin",
  "ctid",
  "tableoid",
  "xmax",
  "xmin",
]);

/** Points one column reference at the name that the server has for what the client means. */
export function rewriteColumnReference(work: Rewriting, node: AstNode, place: Place): void {
  const parts = namesOf(node, "fields").map((name) => name ?? "*");
  const [first = "", second = "", third = ""] = parts;
  if (SYSTEM_COLUMNS.has(parts.at(-1) ?? "")) work.hasSystemColumn = true;

  if (parts.length === 1) {
    if (first !== "*") rewriteBareName(work, node, first, place);
  } else if (parts.length === 2) {
    const item = findItem(place.scope, first);
    if (item !== undefined) rewriteMember(work, node, parts, item, place);
    else rewriteStrayTable(work, node, { schema: "", name: first, parts }, place);
  } else if (parts.length === 3) {
    rewriteQualified(work, node, { schema: first, name: second, parts }, place);
  } else if (parts.length === 4) {
    // The server refuses another database's name, so that one is its to report.
    const isOwn = work.database === first;
    if (isOwn) rewriteQualified(work, node, { schema: second, name: third, parts }, place);
  }
}

function rewriteBareName(work: Rewriting, node: AstNode, name: string, place: Place): void {
  const offset = locationOf(node);
  const resolved = resolveBareName(place.scope, name);
  switch (resolved.kind) {
    case "as_written": {
      const item = findRow(place.scope, name);
      if (item !== undefined) rewriteWholeRow(work, node, item, place);
      else refuseUnknownColumn(work, name, { scope: place.scope, offset });
      return;
    }
    case "write": {
      const index = work.source.dottedName(offset, [name])?.[0];
      if (index === undefined) refuseUnlocated(work, name, offset);
      else {
        const why =
          resolved.name === name
            ? REASONS.qualifier
            : columnNameReason(exchangedOf(place.scope, name), name, resolved.name);
        work.rename(index, resolved.name, resolved.qualifier, why);
      }
      if (resolved.name !== name) work.exchanged.add(node);
      return;
    }
    case "ambiguous":
    case "absent": {
      const index = work.source.dottedName(offset, [name])?.[0];
      const isAmbiguous = resolved.kind === "ambiguous";
      const failure = isAmbiguous ? ambiguous(name) : undefined;
      if (index === undefined) refuseUnlocated(work, name, offset);
      else work.fail(index, failure, unreachedReason(name, isAmbiguous));
      return;
    }
    case "uncertain":
      work.refuseUncertain({
        detail: `Which column "${name}" means is not certain: ${resolved.because}.`,
        hint: `Qualify it with its table: table.${name}.`,
        offset,
      });
      return;
  }
}

/** The written table whose column this is, if any table's. */
function exchangedOf(scope: Scope | undefined, name: string): ScopeItem["relation"] {
  for (let level = scope; level !== undefined; level = level.outer) {
    const found = level.items.find((item) => item.isTarget && item.relation?.exchange.has(name));
    if (found !== undefined) return found.relation;
  }
  return undefined;
}

/** The item whose row a bare name means: none if the name is surely a column. */
function findRow(scope: Scope | undefined, name: string): ScopeItem | undefined {
  for (let level = scope; level !== undefined; level = level.outer) {
    if (level.items.some((item) => hasColumn(item, name) === "yes")) return undefined;
  }
  return findItem(scope, name);
}

/** `item.column` and `item.*`, also with a schema before it. */
function rewriteMember(
  work: Rewriting,
  node: AstNode,
  parts: readonly string[],
  item: ScopeItem,
  place: Place,
): void {
  const name = parts.at(-1) ?? "";
  if (item.soleName !== undefined && item.relation !== undefined) {
    const index = work.source.dottedName(locationOf(node), parts)?.at(-2);
    if (index === undefined) refuseUnlocated(work, parts.join("."), locationOf(node));
    else work.rename(index, item.soleName, "", tableNameReason(item.relation, false));
  }
  if (name === "*") {
    rewriteStar(work, node, item, place);
    return;
  }
  refuseUnknownMember(work, name, { item, offset: locationOf(node) });
  const physical = item.isTarget ? item.relation?.exchange.get(name) : undefined;
  if (physical === undefined) return;
  const index = work.source.dottedName(locationOf(node), parts)?.at(-1);
  const isThere = item.columns.names.includes(name);
  const failure = isTwice(place.scope, name) ? ambiguous(name) : undefined;
  if (index === undefined) refuseUnlocated(work, parts.join("."), locationOf(node));
  else if (!isThere && (failure !== undefined || isTwice(place.scope, physical))) {
    work.fail(index, failure, unreachedReason(name, failure !== undefined));
  } else work.rename(index, physical, "", columnNameReason(item.relation, name, physical));
  work.exchanged.add(node);
}

function ambiguous(name: string) {
  return { sqlstate: "42702", message: `column reference "${name}" is ambiguous` };
}

/** `schema.table.column` reaches no table that has an alias, and alias lists give one to each. */
function rewriteQualified(
  work: Rewriting,
  node: AstNode,
  reference: { schema: string; name: string; parts: readonly string[] },
  place: Place,
): void {
  const { schema, name, parts } = reference;
  const [item, ...namesakes] = findQualified(place.scope, schema, name);
  if (item === undefined) rewriteStrayTable(work, node, reference, place);
  if (item?.relation === undefined) return;
  // Of a MERGE's target and a table of its joined source, or of a LATERAL item and two before it: to the server both
  // are meant, without aliases.
  const isTwice = namesakes.length > 0;
  const needsAlias =
    isTwice ||
    (item.soleName === undefined && (!item.isTarget || item.relation.physicalName !== name));
  if (needsAlias) {
    const indexes = work.source.dottedName(locationOf(node), parts);
    const first = work.source.token(indexes?.[0] ?? -1);
    const table = work.source.token(indexes?.at(-2) ?? -1);
    if (isTwice || !isReachedByName(place.scope, item)) {
      work.refuseUncertain({
        detail: `"${parts.join(".")}" has to be shortened, and "${name}" means another table there.`,
        hint: "Give the table an alias and use it.",
        offset: locationOf(node),
      });
    } else if (first === undefined || table === undefined) {
      refuseUnlocated(work, parts.join("."), locationOf(node));
    } else work.replace(first.start, table.start, "", REASONS.qualified);
  }
  rewriteMember(work, node, parts, item, place);
}

/** A table that is not in sight here: which one is meant decides what the server says (errorMissingRTE). */
function rewriteStrayTable(
  work: Rewriting,
  node: AstNode,
  reference: { schema: string; name: string; parts: readonly string[] },
  place: Place,
): void {
  const { schema, name, parts } = reference;
  const found = work.lookup.find(schema, name);
  if (found.kind !== "windowed" && found.kind !== "hidden") return;
  // It is out of sight, but there: to the server by its alias, which every windowed table gets. Of a table in
  // sight the server says that it has another alias, which it finds by the table's own name.
  const isMentioned = work.aliases.has(name) || work.unaliased.has(name);
  if (isMentioned && !isInSight(place.scope, found.relation)) return;
  const { physicalName } = found.relation;
  if (found.kind === "windowed" && physicalName === name) return;
  const index = work.source.dottedName(locationOf(node), parts)?.at(-2);
  if (index === undefined) return;
  work.dependsOnPhysical = true;
  const isTaken = findItem(place.scope, physicalName) !== undefined;
  if (found.kind === "hidden" || isTaken) work.fail(index, undefined, unreachedReason(name));
  else work.rename(index, physicalName, "", tableNameReason(found.relation, false));
}

function isInSight(scope: Scope | undefined, relation: ScopeItem["relation"]): boolean {
  for (let level = scope; level !== undefined; level = level.outer) {
    if (level.items.some((item) => item.relation === relation)) return true;
  }
  return false;
}

/** The items of the innermost level that has any which `schema.name` means. */
function findQualified(
  scope: Scope | undefined,
  schema: string,
  name: string,
): readonly ScopeItem[] {
  for (let level = scope; level !== undefined; level = level.outer) {
    const found = level.items.filter(
      (item) => item.qualified?.schema === schema && item.qualified.name === name,
    );
    if (found.length > 0) return found;
  }
  return [];
}

function refuseUnlocated(work: Rewriting, name: string, offset: number | undefined): void {
  work.refuseUncertain({
    detail: `The name "${name}" is spelt in a way that can't be rewritten.`,
    hint: "Write it as a plain or a double-quoted identifier.",
    offset,
  });
}
