import { z } from "zod";

/** One key of the configuration, found by walking the schema. */
export interface ConfigKey {
  /** `guard.lock_timeout.max`, `windows[].table`. */
  readonly name: string;
  /** The keys that lead to it, without the `[]` of lists. */
  readonly path: readonly string[];
  readonly description: string;
  /** As it would stand in the file; undefined if it has none. */
  readonly default: unknown;
  /** Checks one value of this key. */
  readonly schema: z.ZodType;
  /** Inside a list's entries: not reachable from the environment. */
  readonly inList: boolean;
}

/** All keys that hold a value, in the schema's order. A list is a key, and so are its entries' keys. */
export function configKeys(schema: z.ZodType): ConfigKey[] {
  return walk(schema, "", [], false);
}

/** Names of the keys that may stand where `path` leads (numbers are indexes of lists). */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let { inner } = unwrap(schema);
  for (const step of path) {
    const next =
      inner instanceof z.ZodObject
        ? inner.shape[String(step)]
        : inner instanceof z.ZodArray
          ? inner.element
          : undefined;
    if (!(next instanceof z.ZodType)) return [];
    inner = unwrap(next).inner;
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function walk(schema: z.ZodType, name: string, path: string[], inList: boolean): ConfigKey[] {
  const { inner, fallback } = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape).flatMap(([key, child]) =>
      walk(child, name === "" ? key : `${name}.${key}`, [...path, key], inList),
    );
  }
  const description = schema.description ?? "";
  const key = { name, path, description, default: fallback, schema, inList };
  if (!(inner instanceof z.ZodArray) || !(inner.element instanceof z.ZodType)) return [key];
  return [key, ...walk(inner.element, `${name}[]`, path, true)];
}

/** Takes off what is around a schema: defaults, optionality, transforms and checks. */
function unwrap(schema: z.ZodType): { inner: z.ZodType; fallback: unknown } {
  let inner: unknown = schema;
  let fallback: unknown;
  for (;;) {
    if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      fallback ??= inner.def.defaultValue;
      inner = inner.def.innerType;
    } else if (inner instanceof z.ZodOptional) inner = inner.def.innerType;
    else if (inner instanceof z.ZodPipe) inner = inner.def.in;
    else break;
  }
  if (!(inner instanceof z.ZodType)) throw new TypeError("not a zod schema");
  return { inner, fallback };
}
