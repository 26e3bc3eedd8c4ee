import { readsNames } from "./constant-readers.ts";
import {
  BLANK,
  blockEnd,
  CLASSES,
  DASH,
  DIGIT,
  DOLLAR,
  DOT,
  DOUBLE_QUOTE,
  digitsEnd,
  dollarEnd,
  isDigit,
  lineEnd,
  NEWLINE,
  numberEnd,
  QUESTION,
  QUOTE,
  quotedEnd,
  SEMICOLON,
  SLASH,
  SPACE,
  STAR,
  stringPrefixEnd,
  WORD,
  WORD_START,
  ZERO,
} from "./token-bytes.ts";

/** What one look at a text's bytes tells, without parsing it. */
export interface Scan {
  /**
   * The text with blanks collapsed and comments left out, and, in statements that only read or write
   * data, with strings replaced by `?` and numbers by `0`. Texts of one key that are SQL have one
   * parse tree but for constants and positions. Latin-1 of the bytes, whatever their encoding.
   */
  readonly key: string;
  /** Constants are left out of the key, so that texts of one key have the same tokens but for those. */
  readonly isFolded: boolean;
  /** In lower case; "" if there is none. */
  readonly firstWord: string;
  /** A `;` with something after it that is neither blank nor comment nor `;`. */
  readonly hasSeveral: boolean;
  /** The last comment that looks like sqlcommenter's, without its marks, as UTF-8. */
  readonly comment: string | undefined;
}

/**
 * Scans the bytes from `start` to `end`, by the rules of the server's `scan.l`. A text that the server
 * would not accept gets some key, too: it is then that text's own, since an unfinished string or
 * comment is taken as it stands.
 */
export function scanStatement(
  bytes: Buffer,
  start: number,
  end: number,
  standardConformingStrings: boolean,
): Scan {
  const source = { bytes, start, end, standardConformingStrings };
  // Equal keys must mean equal meaning: where constants carry meaning they are kept.
  if (!scanner.scan(source, true)) scanner.scan(source, false);
  const { firstWord, hasSeveral, comment } = scanner;
  // Where a backslash escapes in every string, other readers of the text may cut it otherwise.
  const isFolded = scanner.isFolding && standardConformingStrings;
  return { key: scanner.takeKey(), isFolded, firstWord, hasSeveral, comment };
}

interface Source {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly standardConformingStrings: boolean;
}

/** Statements whose constants don't change what they are. */
const FOLDED: ReadonlySet<string> = new Set([
  "select",
  "insert",
  "update",
  "delete",
  "with",
  "values",
  "merge",
  "table",
]);

const OPERATOR_QUESTION = 0x01; // The operator `?`, which is no constant.

const KEPT_SIZE_MAX = 1024 * 1024;

/** One pass over one text at a time: it is reused, so that a scan allocates what it answers only. */
class Scanner {
  isFolding = false;
  hasSeveral = false;
  firstWord = "";
  comment: string | undefined;

  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #stringsHaveEscapes = false; // standard_conforming_strings is off.

  // The key so far. The buffer grows to the largest text seen, up to KEPT_SIZE_MAX.
  #key: Buffer = Buffer.allocUnsafe(4096);
  #size = 0;

  #gap = 0; // SPACE or NEWLINE where blanks or comments came before the token.
  #isStringBefore = false;
  #hasEscapes = false; // The last string's own rule, which its continuation follows.
  #mark = 0; // What stands for the token in the key; 0 for the token itself.

  /** False when it gave up folding half way: the text has to be scanned again without. */
  scan(source: Source, wantsFolding: boolean): boolean {
    this.#begin(source);
    this.isFolding = wantsFolding;
    let isEnded = false; // After a `;`.
    for (;;) {
      this.#gap = this.#skipGap();
      if (this.#at >= this.#end) break;
      const start = this.#at;
      if (this.#bytes[start] === SEMICOLON) isEnded = true;
      else if (isEnded) this.hasSeveral = true;
      this.#mark = 0;
      this.#at = this.#tokenEnd(start, this.#bytes[start] as number);
      if (wantsFolding && (this.hasSeveral || !this.isFolding)) return false;
      this.#write(start);
    }
    return true;
  }

  takeKey(): string {
    const key = this.#key.toString("latin1", 0, this.#size);
    if (this.#key.length > KEPT_SIZE_MAX) this.#key = Buffer.allocUnsafe(4096);
    // Folded or not, and by which rules strings were cut: keys of one kind never equal another's.
    const marked = this.isFolding ? key : `\0${key}`;
    return this.#stringsHaveEscapes ? `\x02${marked}` : marked;
  }

  #begin({ bytes, start, end, standardConformingStrings }: Source): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#stringsHaveEscapes = !standardConformingStrings;
    this.hasSeveral = false;
    this.firstWord = "";
    this.comment = undefined;
    // Nothing in a key is longer than it is in the text.
    if (end - start > this.#key.length) this.#key = Buffer.allocUnsafe((end - start) * 2);
    this.#size = 0;
    this.#isStringBefore = false;
    this.#hasEscapes = false;
  }

  /** Blanks and comments. A string goes on behind a line break, but not behind a block comment. */
  #skipGap(): number {
    let gap = 0;
    let hasBlock = false;
    for (;;) {
      const code = this.#at < this.#end ? (this.#bytes[this.#at] as number) : 0;
      if (CLASSES[code] === BLANK) {
        gap = code === 0x0a || code === 0x0d || gap === NEWLINE ? NEWLINE : SPACE;
        this.#at += 1;
      } else if (code === DASH && this.#next() === DASH) {
        this.#skipComment(lineEnd(this.#bytes, this.#at, this.#end), 0);
        if (gap === 0) gap = SPACE;
      } else if (code === SLASH && this.#next() === STAR) {
        this.#skipComment(blockEnd(this.#bytes, this.#at, this.#end), 2);
        hasBlock = true;
        gap = SPACE;
      } else return hasBlock ? SPACE : gap;
    }
  }

  #next(): number {
    return this.#at + 1 < this.#end ? (this.#bytes[this.#at + 1] as number) : 0;
  }

  #skipComment(end: number, closingSize: number): void {
    if (looksLikeSqlcommenter(this.#bytes, this.#at, end)) {
      this.comment = this.#bytes.toString("utf8", this.#at + 2, end - closingSize);
    }
    this.#at = end;
  }

  #tokenEnd(start: number, code: number): number {
    const kind = CLASSES[code] as number;
    if (kind & WORD_START) return this.#wordEnd(start, code);
    if (kind & DIGIT) return this.#number(start);
    switch (code) {
      case QUOTE:
        if (!(this.#isStringBefore && this.#gap === NEWLINE)) {
          this.#hasEscapes = this.#stringsHaveEscapes;
        }
        this.#mark = QUESTION;
        return quotedEnd(this.#bytes, start, this.#end, QUOTE, this.#hasEscapes);
      case DOUBLE_QUOTE:
        return this.#quotedName(start);
      case DOLLAR:
        return this.#dollar(start);
      case DOT:
        return isDigit(this.#next()) ? this.#number(start) : start + 1;
      case QUESTION:
        this.#mark = OPERATOR_QUESTION;
        return start + 1;
      default:
        return start + 1;
    }
  }

  #wordEnd(start: number, code: number): number {
    const quote = stringPrefixEnd(this.#bytes, start, this.#end);
    if (quote > start) return this.#prefixed(start, quote, code | 0x20);
    const bytes = this.#bytes; // Local: this loop is half of all the work.
    const end = this.#end;
    let at = start + 1;
    while (at < end && (CLASSES[bytes[at] as number] as number) & WORD) at += 1;
    if (this.firstWord === "") {
      this.firstWord = lowerCase(bytes, start, at);
      this.isFolding &&= FOLDED.has(this.firstWord);
    }
    if (readsNames(bytes, start, at)) this.isFolding = false;
    return at;
  }

  /** E'', U&'', B'', X'', N'' and U&"". */
  #prefixed(start: number, quote: number, letter: number): number {
    if (this.#bytes[quote] === DOUBLE_QUOTE) {
      // What it spells hangs on the constant behind UESCAPE.
      this.isFolding = false;
      return quotedEnd(this.#bytes, quote, this.#end, DOUBLE_QUOTE, false);
    }
    this.#hasEscapes = letter === 0x65 || this.#stringsHaveEscapes;
    // B'', X'' and N'' don't stand everywhere where '' does: they are kept.
    if (letter === 0x65 || letter === 0x75) this.#mark = QUESTION;
    return quotedEnd(this.#bytes, Math.max(quote, start), this.#end, QUOTE, this.#hasEscapes);
  }

  #quotedName(start: number): number {
    const end = quotedEnd(this.#bytes, start, this.#end, DOUBLE_QUOTE, false);
    if (readsNames(this.#bytes, start + 1, end - 1)) this.isFolding = false;
    return end;
  }

  #dollar(start: number): number {
    if (isDigit(this.#next())) return digitsEnd(this.#bytes, start + 1, this.#end);
    const end = dollarEnd(this.#bytes, start, this.#end);
    if (end > start + 1) this.#mark = QUESTION;
    return end;
  }

  #number(start: number): number {
    const end = numberEnd(this.#bytes, start, this.#end);
    // Some servers read `1and` as two tokens: what ends in a letter is kept as it stands.
    const last = this.#bytes[end - 1] as number;
    if (isDigit(last) || last === DOT) this.#mark = ZERO;
    return end;
  }

  #write(start: number): void {
    const bytes = this.#bytes;
    const key = this.#key;
    let size = this.#size;
    const at = this.#at;
    const mark = this.#mark;
    const isString = mark === QUESTION && bytes[start] !== DOLLAR;
    if (this.#gap !== 0 && size > 0) {
      key[size++] = this.#isStringBefore && isString ? this.#gap : SPACE;
    }
    this.#isStringBefore = isString;
    if (mark !== 0 && this.isFolding) key[size++] = mark;
    else for (let copied = start; copied < at; copied++) key[size++] = bytes[copied] as number;
    this.#size = size;
  }
}

const scanner = new Scanner();

/** Holds `='`. */
function looksLikeSqlcommenter(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start + 1; at < end; at++) {
    if (bytes[at] === QUOTE && bytes[at - 1] === 0x3d) return true;
  }
  return false;
}

function lowerCase(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("latin1", start, Math.min(end, start + 32)).toLowerCase();
}
