import { isDeepStrictEqual } from "node:util";
import semver from "semver";
import { z } from "zod";
import { chainsOf } from "../base/rename-chains.ts";
import { parseTableName } from "../base/table-name.ts";
import { explainIssue } from "./explain.ts";

/** PostgreSQL's NAMEDATALEN - 1: a longer name is cut by the server and would never be found. */
const NAME_SIZE_MAX = 63;

const Name = z
  .string()
  .min(1)
  .refine((name) => Buffer.byteLength(name) <= NAME_SIZE_MAX, {
    error: `is longer than a name can be (${NAME_SIZE_MAX} bytes)`,
  });

const Range = z.string().refine((range) => semver.validRange(range) !== null, {
  error: (issue) => `"${issue.input}" is not a range of versions such as "<2.0.0"`,
});

/** One entry of `windows`. Out comes the shape of `version/window.ts`. */
export const WindowEntry = z
  .strictObject({
    table: Name.describe(
      "The table, `schema.table` (or `table` in schema public), named as in the `old` range. Names are as the catalog has them: case counts.",
    ),
    rename: z
      .record(z.string(), Name)
      .default({})
      .describe(
        "Columns, old name to new name; several at once, and names can be passed on (`a: b` with `b: c`).",
      ),
    rename_table: Name.optional().describe("The table's own new name, without schema."),
    old: Range.describe("Versions that use the old names: a semver range."),
    new: Range.describe("Versions that use the new names. Must not overlap with `old`."),
    app: z.string().min(1).optional().describe("Only this application's versions are meant."),
    closes: z.iso
      .date()
      .optional()
      .describe("A day (`2026-12-01`) from which on to warn, never an automatic end."),
  })
  .transform((entry, context) => {
    const fail = (key: string, message: string): never => {
      context.addIssue({ code: "custom", path: [key], message });
      return z.NEVER;
    };
    const table = parseTableName(entry.table);
    if (table === undefined) {
      return fail("table", `"${entry.table}" is not of the form table or schema.table`);
    }
    const renames = new Map(Object.entries(entry.rename));
    if (renames.size === 0 && entry.rename_table === undefined) {
      return fail(
        "rename",
        "is missing: a window renames columns, its table (rename_table) or both",
      );
    }
    if (entry.rename_table === table.name) {
      return fail("rename_table", `"${table.name}" is the table's old name as well`);
    }
    const clash = namesClash(renames);
    if (clash !== undefined) return fail("rename", clash);
    if (semver.intersects(entry.old, entry.new, { includePrerelease: true })) {
      return fail("new", `"${entry.new}" overlaps with old: "${entry.old}"`);
    }
    return {
      schema: table.schema,
      table: table.name,
      renameTable: entry.rename_table,
      renameColumns: renames,
      old: entry.old,
      new: entry.new,
      app: entry.app,
      closes: entry.closes,
    };
  });

type WindowValue = Readonly<Omit<z.infer<typeof WindowEntry>, "renameColumns">> & {
  readonly renameColumns: ReadonlyMap<string, string>;
};

export type CheckedWindow =
  | { readonly kind: "window"; readonly window: WindowValue }
  /** The key that is wrong, and a sentence that begins with it. */
  | { readonly kind: "problem"; readonly key: string; readonly message: string };

/**
 * A window that is declared elsewhere than in the file, checked as an entry of `windows` is, and against
 * those that are there already. `name` is what the other one is called in the sentence.
 */
export function checkWindow(
  declared: unknown,
  others: readonly { readonly window: WindowValue; readonly name: string }[],
): CheckedWindow {
  const parsed = WindowEntry.safeParse(declared, { reportInput: true });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const message = issue === undefined ? parsed.error.message : explainIssue(issue, WindowEntry);
    return { kind: "problem", key: String(issue?.path[0] ?? ""), message };
  }
  for (const { window, name } of others) {
    const conflict = contradiction(window, parsed.data);
    if (conflict === undefined) continue;
    const { key, because } = conflict;
    return { kind: "problem", key, message: `${key}: ${because} (${name})` };
  }
  return { kind: "window", window: parsed.data };
}

/**
 * Why one window can't have all of these renames. In a swap no name tells whether it has happened: a statement that
 * was on its way would write to the wrong column, and no error would say so.
 */
function namesClash(renames: ReadonlyMap<string, string>): string | undefined {
  const after = [...renames.values()];
  const same = after.find((name) => renames.get(name) === name);
  if (same !== undefined) return `"${same}" is to be called what it is called already`;
  const twice = after.find((name, index) => after.indexOf(name) !== index);
  if (twice !== undefined) return `"${twice}" is to be the name of two columns`;
  return chainsOf(renames) === undefined ? SWAPPED : undefined;
}

const SWAPPED =
  "names are swapped: put one column aside under a third name first, in a window of its own";

/** `windows`: each good by itself, and none that contradicts another. Out comes `Window[]`. */
export const Windows = z
  .array(WindowEntry)
  .superRefine((windows, context) => {
    windows.forEach((window, index) => {
      windows.slice(0, index).forEach((earlier, earlierIndex) => {
        const conflict = contradiction(earlier, window);
        if (conflict === undefined) return;
        const { key, because } = conflict;
        context.addIssue({
          code: "custom",
          path: [index, key],
          message: `${because} (windows[${earlierIndex}])`,
        });
      });
    });
  })
  .transform((windows) =>
    windows.map((window) => ({ ...window, otherTables: otherTablesOf(window, windows) })),
  );

/** What other windows say that a window's table is called before or after its rename. */
function otherTablesOf(window: WindowValue, windows: readonly WindowValue[]): readonly string[] {
  const ofTable = windows.filter(
    ({ schema, table }) => schema === window.schema && table === window.table,
  );
  const names = ofTable.flatMap(({ renameTable }) => renameTable ?? []);
  return [...new Set(names)].filter((name) => name !== window.renameTable);
}

/** Why two windows can't both be open, and which key of the second says so. */
function contradiction(
  first: WindowValue,
  second: WindowValue,
): { key: string; because: string } | undefined {
  if (first.schema !== second.schema) return undefined;
  if (first.renameTable !== undefined && first.renameTable === second.table) {
    return {
      key: "table",
      because: `"${second.table}" is the new name of a table; use its old one`,
    };
  }
  if (second.renameTable !== undefined && second.renameTable === first.table) {
    return {
      key: "rename_table",
      because: `"${first.table}" is the name of another window's table`,
    };
  }
  const bothRenameTable = first.renameTable !== undefined && second.renameTable !== undefined;
  if (first.table !== second.table) {
    return bothRenameTable && first.renameTable === second.renameTable
      ? { key: "rename_table", because: `"${first.renameTable}" is another table's new name too` }
      : undefined;
  }
  if (bothRenameTable && first.renameTable !== second.renameTable) {
    return {
      key: "rename_table",
      because: `the table is to become "${first.renameTable}" as well`,
    };
  }
  const appsMeet = first.app === undefined || second.app === undefined || first.app === second.app;
  if (bothRenameTable && appsMeet) {
    return { key: "rename_table", because: "the same rename is in another window already" };
  }
  const isTheSame = isDeepStrictEqual(first.renameColumns, second.renameColumns);
  if (isTheSame && !appsMeet) return undefined;
  for (const [from, to] of second.renameColumns) {
    for (const [otherFrom, otherTo] of first.renameColumns) {
      const same = from === otherFrom && to === otherTo;
      if (same && appsMeet) {
        return { key: "rename", because: `"${from}" is renamed by another window already` };
      }
      const shared = [from, to].find((name) => name === otherFrom || name === otherTo);
      if (!same && shared !== undefined) {
        const because = `"${shared}" has another meaning in another window, which has to be closed first`;
        return { key: "rename", because };
      }
    }
  }
  return undefined;
}
