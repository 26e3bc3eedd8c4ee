/** Fields of an ErrorResponse or NoticeResponse by their code letter. */
export type ErrorFields = ReadonlyMap<string, string>;

/** Exchanges a field's text, where the error has the field. */
export function exchangeField(
  fields: Map<string, string>,
  code: string,
  exchange: (text: string) => string,
): void {
  const text = fields.get(code);
  if (text !== undefined) fields.set(code, exchange(text));
}
