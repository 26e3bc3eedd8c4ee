/** What is wrong with a client's SCRAM message, in PostgreSQL's words. */
export class ScramError extends Error {
  override readonly name = "ScramError";
  readonly sqlstate: string;
  readonly detail: string;

  constructor(sqlstate: "08P01" | "0A000" | "28000", message: string, detail = "") {
    super(message);
    this.sqlstate = sqlstate;
    this.detail = detail;
  }
}

export function malformed(detail: string): ScramError {
  return new ScramError("08P01", "malformed SCRAM message", detail);
}

/**
 * A cursor over a SCRAM message, `a=value,b=value`, that complains in PostgreSQL's words
 * (read_attr_value and read_any_attr in `auth-scram.c`).
 */
export class ScramText {
  position = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The character at hand; empty at the end. */
  peek(): string {
    return this.#text.charAt(this.position);
  }

  get rest(): string {
    return this.#text.slice(this.position);
  }

  skip(): void {
    this.position += 1;
  }

  /** The value of the attribute that has to be here. */
  value(attribute: string): string {
    if (this.peek() !== attribute) {
      throw malformed(`Expected attribute "${attribute}" but found "${sanitized(this.peek())}".`);
    }
    return this.#value(attribute);
  }

  anyValue(): { readonly attribute: string; readonly value: string } {
    const attribute = this.peek();
    if (attribute === "") throw malformed("Attribute expected, but found end of string.");
    if (!/^[A-Za-z]$/.test(attribute)) {
      throw malformed(`Attribute expected, but found invalid character "${sanitized(attribute)}".`);
    }
    return { attribute, value: this.#value(attribute) };
  }

  #value(attribute: string): string {
    this.skip();
    if (this.peek() !== "=")
      throw malformed(`Expected character "=" for attribute "${attribute}".`);
    this.skip();
    const comma = this.#text.indexOf(",", this.position);
    const end = comma === -1 ? this.#text.length : comma;
    const value = this.#text.slice(this.position, end);
    this.position = comma === -1 ? end : end + 1;
    return value;
  }
}

/** As `sanitize_char` has it; the end of the message is its NUL. */
export function sanitized(character: string): string {
  if (/^[\x21-\x7e]$/.test(character)) return `'${character}'`;
  const code = character === "" ? 0 : character.charCodeAt(0);
  return `0x${code.toString(16).padStart(2, "0")}`;
}

/** As `is_scram_printable` has it. */
export function isPrintable(text: string): boolean {
  return /^[\x21-\x2b\x2d-\x7e]*$/.test(text);
}
