const NAME_BYTES_MAX = 63;

/**
 * The name that the server gives to a constraint or an index without one (`ChooseConstraintName`): the
 * table's, the columns', and a label; the longer ones are cut, and a number is added where it is taken.
 */
export function defaultName(
  parts: {
    readonly table: string;
    readonly columns: readonly string[];
    readonly label: string;
  },
  taken: ReadonlySet<string>,
): string {
  const { table, columns, label } = parts;
  for (let pass = 0; ; pass++) {
    const name = joined(table, columns.join("_"), pass === 0 ? label : `${label}${pass}`);
    if (!taken.has(name)) return name;
  }
}

/** `makeObjectName` */
function joined(first: string, second: string, label: string): string {
  const left = [...first];
  const right = [...second];
  const rest = right.length === 0 ? `_${label}` : `__${label}`;
  while (bytesOf(left) + bytesOf(right) + Buffer.byteLength(rest) > NAME_BYTES_MAX) {
    (bytesOf(left) > bytesOf(right) ? left : right).pop();
  }
  return [left.join(""), ...(right.length === 0 ? [] : [right.join("")]), label].join("_");
}

function bytesOf(characters: readonly string[]): number {
  return Buffer.byteLength(characters.join(""));
}
