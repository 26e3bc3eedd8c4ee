import { z } from "zod";
import { parseDuration } from "./duration.ts";
import { parseSize } from "./size.ts";

/** The kinds of single values that settings are made of. */

/** A duration with its unit, `5s`; milliseconds once parsed. */
export const Duration = z.string().transform((text, context): number => {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue(`"${text}" is not a duration such as 500ms, 5s or 2min`);
  return z.NEVER;
});

/** A size in bytes, as a number or with its unit, `32MiB`; bytes once parsed. */
export const Size = z.union([z.string(), z.int()]).transform((value, context): number => {
  const size = parseSize(String(value));
  if (size !== undefined && size > 0) return size;
  context.addIssue(`"${value}" is not a size such as 4096, 256KiB or 32MiB`);
  return z.NEVER;
});

/** Permissions of a file in octal, `0770`; a number once parsed. */
export const FileMode = z.string().transform((text, context): number => {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  context.addIssue(`"${text}" is not octal permissions such as "0777" or "0770"`);
  return z.NEVER;
});

export const Port = z.int().min(1).max(65_535);
export const ListenPort = z.int().min(0).max(65_535);
export const Count = z.int().positive();
export const Text = z.string().min(1);

/** A schema that is never quoted, nor the server's own. */
export const SchemaName = z.string().refine((name) => /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(name), {
  error: (issue) => `"${issue.input}" is not a plain name: a-z, 0-9 and _, not beginning with pg_`,
});

const WORKERS_MAX = 64;

/** How many processes; `auto` is settled when they are started. */
export const WorkerCount = z
  .union([z.string(), z.int()])
  .transform((value, context): number | "auto" => {
    if (value === "auto") return value;
    const count = /^\d+$/.test(String(value)) ? Number(value) : 0;
    if (count >= 1 && count <= WORKERS_MAX) return count;
    context.addIssue(`"${value}" is not a number from 1 to ${WORKERS_MAX}, nor auto`);
    return z.NEVER;
  });
