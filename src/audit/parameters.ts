/** The parameters of one Bind, as they came. */
export interface BoundParameter {
  /** Null is SQL's NULL. */
  readonly value: Buffer | null;
  readonly isBinary: boolean;
}

/**
 * The parameters in a Bind frame, header included. Undefined where the frame is not whole or its
 * counts and lengths contradict its size: the server refuses such a frame, and so nothing was bound.
 * Values are views of `frame`, and a hostile count costs no memory.
 */
export function decodeBindParameters(frame: Buffer): readonly BoundParameter[] | undefined {
  const portalEnd = frame.indexOf(0, HEADER_SIZE);
  if (portalEnd === -1) return undefined;
  const statementEnd = frame.indexOf(0, portalEnd + 1);
  if (statementEnd === -1) return undefined;

  let position = statementEnd + 1;
  if (position + 2 > frame.length) return undefined;
  const formatCount = frame.readUInt16BE(position);
  const formatsStart = position + 2;
  position = formatsStart + formatCount * 2;
  if (position + 2 > frame.length) return undefined;
  const count = frame.readUInt16BE(position);
  position += 2;
  if (formatCount > 1 && formatCount !== count) return undefined;

  const parameters: BoundParameter[] = [];
  for (let index = 0; index < count; index++) {
    if (position + 4 > frame.length) return undefined;
    const size = frame.readInt32BE(position);
    position += 4;
    // One format stands for all parameters; without any, all are text.
    const format = formatCount > 1 ? index : 0;
    const isBinary = formatCount > 0 && frame.readInt16BE(formatsStart + format * 2) === 1;
    if (size < -1 || size > frame.length - position) return undefined;
    const value = size === -1 ? null : frame.subarray(position, position + size);
    parameters.push({ value, isBinary });
    position += Math.max(size, 0);
  }
  return parameters;
}
const HEADER_SIZE = 5;

/** `[4,null,12]`: the sizes in bytes, null for NULL. */
export function formatParameterSizes(parameters: readonly BoundParameter[]): string {
  let result = "";
  for (const { value } of parameters) {
    result += `${result === "" ? "" : ","}${value === null ? "null" : value.length}`;
  }
  return `[${result}]`;
}
