/*
 * `P` of an error counts characters from 1 (protocol, "Error and Notice Message Fields"); an offset here is a UTF-16
 * index.
 */

/** The offset of a character. Past the end it is the text's length. */
export function indexOfCharacter(text: string, position: number): number {
  let index = 0;
  for (let count = 1; count < position && index < text.length; count++) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return index;
}

/** Which character stands at an offset. */
export function characterAt(text: string, offset: number): number {
  let count = 1;
  for (let index = 0; index < offset && index < text.length; count++) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return count;
}
