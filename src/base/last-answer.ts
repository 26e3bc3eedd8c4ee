/**
 * Remembers a function's last answer: for questions about one text that several parts ask in a row.
 * Texts longer than `lengthMax` are asked anew each time, so that nothing large is kept alive.
 */
export function rememberingLast<Answer>(
  answer: (text: string) => Answer,
  lengthMax = 16_384,
): (text: string) => Answer {
  let last: { readonly text: string; readonly answer: Answer } | undefined;
  return (text) => {
    if (last !== undefined && last.text === text) return last.answer;
    const made = answer(text);
    if (text.length <= lengthMax) last = { text, answer: made };
    return made;
  };
}
