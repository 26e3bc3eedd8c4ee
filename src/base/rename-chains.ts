/**
 * Renames of one window that share names, in order: in `a` to `b`, `b` to `c` the middle name is one column's
 * old name and another one's new name. Most renames are a chain of one.
 */
export interface Chain {
  /** All names in order, one more than columns: each column goes from one to the next. */
  readonly names: readonly [string, string, ...string[]];
}

/** Which name each column has now, by its old one; or what does not fit, as the rest of a sentence. */
export type PhysicalColumns =
  | { readonly kind: "found"; readonly byOldName: ReadonlyMap<string, string> }
  | { readonly kind: "problem"; readonly problem: string };

/** The chains of a window's renames; undefined if some of them end where they began, as in a swap. */
export function chainsOf(renames: ReadonlyMap<string, string>): readonly Chain[] | undefined {
  const newNames = new Set(renames.values());
  const chains: Chain[] = [];
  let count = 0;
  for (const [first, second] of renames) {
    if (newNames.has(first)) continue;
    const names: [string, string, ...string[]] = [first, second];
    for (let next = renames.get(second); next !== undefined; next = renames.get(next)) {
      names.push(next);
    }
    chains.push({ names });
    count += names.length - 1;
  }
  return count === renames.size ? chains : undefined;
}

/** The names that are one column's old name and another one's new name: their meaning changes at the rename. */
export function sharedNames(renames: ReadonlyMap<string, string>): ReadonlySet<string> {
  return new Set([...renames.values()].filter((name) => renames.has(name)));
}

/**
 * What a table's columns of these names say of the renames: of each chain exactly one name is missing, and
 * what stands behind it has been renamed.
 */
export function physicalColumns(
  renames: ReadonlyMap<string, string>,
  columns: ReadonlySet<string>,
): PhysicalColumns {
  const chains = chainsOf(renames);
  if (chains === undefined) {
    return { kind: "problem", problem: "its columns' names are swapped" };
  }
  const byOldName = new Map<string, string>();
  for (const { names } of chains) {
    const missing = names.filter((name) => !columns.has(name));
    const [gap, another] = missing;
    if (gap === undefined) return { kind: "problem", problem: allThere(names) };
    if (another !== undefined) return { kind: "problem", problem: notThere(names, missing) };
    const from = names.indexOf(gap);
    names.slice(1).forEach((after, index) => {
      const before = names[index] ?? after;
      byOldName.set(before, index < from ? before : after);
    });
  }
  return { kind: "found", byOldName };
}

/** What takes columns of these names to one side's, in the only order in which no two are called alike. */
export function renameSteps(
  renames: ReadonlyMap<string, string>,
  columns: ReadonlySet<string>,
  to: "old" | "new",
): readonly { readonly from: string; readonly to: string }[] {
  const found = physicalColumns(renames, columns);
  if (found.kind === "problem") return [];
  return (chainsOf(renames) ?? []).flatMap(({ names }) => {
    const links = names.slice(1).map((after, index) => ({ before: names[index] ?? after, after }));
    const left = links.filter(({ before, after }) => {
      return found.byOldName.get(before) !== (to === "new" ? after : before);
    });
    return to === "new"
      ? left.reverse().map(({ before, after }) => ({ from: before, to: after }))
      : left.map(({ before, after }) => ({ from: after, to: before }));
  });
}

function allThere(names: Chain["names"]): string {
  const [first, second, ...more] = names;
  return more.length === 0
    ? `both columns ${first} and ${second} exist`
    : `all of the columns ${names.join(", ")} exist`;
}

function notThere(names: Chain["names"], missing: readonly string[]): string {
  const [first, second, ...more] = names;
  return more.length === 0
    ? `neither column ${first} nor ${second} exists`
    : `of the columns ${names.join(", ")} all but one have to exist, and ${missing.join(" and ")} do not`;
}
