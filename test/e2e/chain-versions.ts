const NEW_NAMES: Readonly<Record<string, string>> = { net: "gross", gross: "total", total: "net" };

/** Of tests in which `net` becomes `gross` while `gross` becomes `total`: how each version spells what version 1 says. */
export const VERSIONS = [
  { version: "1.4.0", spell: (sql: string) => sql },
  {
    version: "2.0.0",
    spell: (sql: string) =>
      sql.replace(/\b(?:net|gross|total)\b/g, (name) => NEW_NAMES[name] ?? name),
  },
] as const;
