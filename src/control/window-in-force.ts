/** A row of the store's `windows`, as far as instances need it. */
export interface WindowInForce {
  readonly id: number;
  readonly kind: string;
  readonly format: number;
  /** As one entry of the file's `windows`. */
  readonly entry: Readonly<Record<string, unknown>>;
}

/** Those in force; one statement, so that they are of one moment and their revision with them. */
export function windowsSql(schema: string): string {
  const quoted = (column: string) => `'"' || replace(${column}, '"', '""') || '"'`;
  return `
  SELECT (SELECT revision FROM ${schema}.store)::text AS revision, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'kind', kind, 'format', format,
      'entry', jsonb_strip_nulls(jsonb_build_object(
        'table', ${quoted("schema_name")} || '.' || ${quoted("table_name")},
        'rename', renames, 'rename_table', rename_table,
        'old', old_range, 'new', new_range, 'app', app, 'closes', closes))) ORDER BY id), '[]')
    FROM ${schema}.windows WHERE state IN ('open', 'holding', 'flipped', 'closing')) AS windows`;
}

/** Why a window can't be put in force by this program, whatever its content is. */
export function refusalOf({ kind, format }: WindowInForce): string | undefined {
  if (kind !== "rename") return `its kind is "${kind}", which this Straddle does not know`;
  if (format !== 1) return `its format is ${format}, and this Straddle knows format 1`;
  return undefined;
}
