const UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

/** Bytes of `4096`, `256KiB`, `32MiB` or `1GiB`; undefined for anything else. Powers of 1000 (`MB`) are
 * refused: PostgreSQL means 1024 by them and others do not. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+) ?(B|KiB|MiB|GiB)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, amount, unit = "B"] = match;
  if (amount === undefined || !isUnit(unit)) return undefined;
  const size = Number(amount) * UNITS[unit];
  return Number.isSafeInteger(size) ? size : undefined;
}

function isUnit(text: string): text is keyof typeof UNITS {
  return Object.hasOwn(UNITS, text);
}
