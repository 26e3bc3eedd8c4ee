/**
 * Bytes of SQL by their class, and where the tokens that they begin end: the rules of the server's
 * `scan.l`.
 */
export const BLANK = 1;
export const WORD_START = 2;
export const DIGIT = 4;
export const WORD = 8; // Goes on with a word: letters, digits, _, $ and all bytes from 0x80.

export const CLASSES = new Uint8Array(256);
for (const blank of [0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d]) CLASSES[blank] = BLANK;
for (let code = 0x80; code < 0x100; code++) CLASSES[code] = WORD_START | WORD;
for (let code = 0x61; code <= 0x7a; code++) CLASSES[code] = WORD_START | WORD;
for (let code = 0x41; code <= 0x5a; code++) CLASSES[code] = WORD_START | WORD;
for (let code = 0x30; code <= 0x39; code++) CLASSES[code] = DIGIT | WORD;
CLASSES[0x5f] = WORD_START | WORD;
CLASSES[0x24] = WORD;

export const QUOTE = 0x27;
export const DOUBLE_QUOTE = 0x22;
export const DOLLAR = 0x24;
export const DASH = 0x2d;
export const SLASH = 0x2f;
export const STAR = 0x2a;
export const DOT = 0x2e;
export const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
export const QUESTION = 0x3f;
export const SPACE = 0x20;
export const NEWLINE = 0x0a;
export const ZERO = 0x30;

/** Where the quote of E'', B'', X'', N'', U&'' or U&"" stands; `at` itself if there is none. */
export function stringPrefixEnd(bytes: Buffer, at: number, end: number): number {
  const letter = (bytes[at] as number) | 0x20;
  const next = at + 1 < end ? bytes[at + 1] : 0;
  if (next === QUOTE) {
    return letter === 0x65 || letter === 0x62 || letter === 0x78 || letter === 0x6e ? at + 1 : at;
  }
  if (letter !== 0x75 || next !== 0x26 || at + 2 >= end) return at;
  const quote = bytes[at + 2];
  return quote === QUOTE || quote === DOUBLE_QUOTE ? at + 2 : at;
}

export function quotedEnd(
  bytes: Buffer,
  open: number,
  end: number,
  quote: number,
  hasEscapes: boolean,
): number {
  let at = open + 1;
  while (at < end) {
    const code = bytes[at];
    if (code === quote) {
      if (at + 1 >= end || bytes[at + 1] !== quote) return at + 1;
      at += 2;
    } else if (hasEscapes && code === BACKSLASH) at += 2;
    else at += 1;
  }
  return end;
}

/** The end of `$tag$...$tag$`; one past the dollar where none begins. */
export function dollarEnd(bytes: Buffer, at: number, end: number): number {
  let tagEnd = at + 1;
  while (tagEnd < end && bytes[tagEnd] !== DOLLAR) {
    if (!((CLASSES[bytes[tagEnd] as number] as number) & (WORD_START | DIGIT))) return at + 1;
    tagEnd += 1;
  }
  if (tagEnd >= end) return at + 1;
  const tag = bytes.subarray(at, tagEnd + 1);
  const close = bytes.subarray(0, end).indexOf(tag, tagEnd + 1);
  return close < 0 ? end : close + tag.length;
}

/** 12, 1.5, .5, 1e-10, and what is stuck to it without a blank: 0x1F, 1_000, or junk. */
export function numberEnd(bytes: Buffer, start: number, end: number): number {
  let at = digitsEnd(bytes, start, end);
  // `1..2` is a range.
  if (bytes[at] === DOT && bytes[at + 1] !== DOT) at = digitsEnd(bytes, at + 1, end);
  if (at + 1 < end && ((bytes[at] as number) | 0x20) === 0x65) {
    const sign = bytes[at + 1];
    const digits = sign === 0x2b || sign === DASH ? at + 2 : at + 1;
    const exponentEnd = digitsEnd(bytes, digits, end);
    if (exponentEnd > digits) at = exponentEnd;
  }
  while (at < end && (CLASSES[bytes[at] as number] as number) & WORD) at += 1;
  return Math.min(at, end);
}

export function digitsEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at] as number)) at += 1;
  return at;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function lineEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 0x0a && bytes[at] !== 0x0d) at += 1;
  return at;
}

export function blockEnd(bytes: Buffer, start: number, end: number): number {
  let depth = 0;
  let at = start;
  while (at + 1 < end) {
    const code = bytes[at];
    const next = bytes[at + 1];
    if (code === SLASH && next === STAR) depth += 1;
    else if (code === STAR && next === SLASH) depth -= 1;
    else {
      at += 1;
      continue;
    }
    at += 2;
    if (depth === 0) return at;
  }
  return end;
}
