import { expect, test } from "vitest";
import { parseComment, traceIdOf } from "../../src/sql/comment.ts";

const comments = [
  {
    text: "application='orders-api',version='2.1.0'",
    values: { application: "orders-api", version: "2.1.0" },
  },
  { text: "/*a='1', b='2'*/", values: { a: "1", b: "2" } },
  { text: "route='%2Fusers%2F%3Aid',name='it%27s'", values: { route: "/users/:id", name: "it's" } },
  { text: "name='it\\'s'", values: { name: "it's" } },
  { text: "bad='%E0%A4%A',good='1'", values: { good: "1" } },
  { text: "a=1, b=\"2\", just words, ='x'", values: {} },
  { text: "open='x", values: {} },
];

for (const { text, values } of comments) {
  test(`the comment ${text}`, () => {
    expect(Object.fromEntries(parseComment(text))).toEqual(values);
  });
}

const parents = [
  {
    text: "00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01",
    id: "5bd66ef5095369c7b0d1f8f4bd33716a",
  },
  { text: "00-00000000000000000000000000000000-c532cb4098ac3dd2-01", id: undefined },
  { text: "5bd66ef5095369c7b0d1f8f4bd33716a", id: undefined },
  { text: undefined, id: undefined },
];

for (const { text, id } of parents) {
  test(`the trace id of ${text}`, () => {
    expect(traceIdOf(text)).toBe(id);
  });
}
