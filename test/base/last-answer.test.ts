import { expect, test } from "vitest";
import { rememberingLast } from "../../src/base/last-answer.ts";

test("only the last short text's answer is remembered", () => {
  const asked: string[] = [];
  const ask = rememberingLast((text) => {
    asked.push(text);
    return text.length;
  }, 3);
  const answers = ["abc", "abc", "ab", "abc", "long", "long", "abc"].map(ask);
  expect({ answers, asked }).toEqual({
    answers: [3, 3, 2, 3, 4, 4, 3],
    asked: ["abc", "ab", "abc", "long", "long"],
  });
});
