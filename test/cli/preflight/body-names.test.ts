import { expect, test } from "vitest";
import { containsWord } from "../../../src/cli/preflight/body-names.ts";

const cases = [
  { text: "SELECT user_id FROM orders", word: "user_id", contains: true },
  { text: "new.USER_ID := 1", word: "user_id", contains: true },
  { text: "'user_id'", word: "user_id", contains: true },
  { text: "last_user_id", word: "user_id", contains: false },
  { text: "user_id2", word: "user_id", contains: false },
  { text: "user_id$", word: "user_id", contains: false },
  { text: "éuser_id", word: "user_id", contains: false },
  { text: 'x."a.b"', word: "a.b", contains: true },
  { text: "x.axb", word: "a.b", contains: false },
  { text: "", word: "user_id", contains: false },
];

for (const { text, word, contains } of cases) {
  test(`${JSON.stringify(text)} ${contains ? "says" : "does not say"} ${word}`, () => {
    expect(containsWord(text, word)).toBe(contains);
  });
}
