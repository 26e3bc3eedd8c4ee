import { expect, test } from "vitest";
import { parseLabelFile } from "../../src/version/label-file.ts";

const cases = [
  { name: "an empty file", contents: "", labels: {} },
  {
    name: "what the kubelet writes: sorted lines, the last one without an end",
    contents: 'app.kubernetes.io/name="shop"\napp.kubernetes.io/version="2.1.0"',
    labels: { "app.kubernetes.io/name": "shop", "app.kubernetes.io/version": "2.1.0" },
  },
  { name: "Windows line ends", contents: 'a="1"\r\nb="2"\r\n', labels: { a: "1", b: "2" } },
  { name: "an empty value", contents: 'a=""', labels: { a: "" } },
  { name: "escapes", contents: String.raw`a="x\"y\\z\nw"`, labels: { a: 'x"y\\z\nw' } },
  { name: "a key twice: the last one", contents: 'a="1"\na="2"', labels: { a: "2" } },
  { name: "lines of another form", contents: 'a=1\nb\n="2"\nc="3\nd="4"', labels: { d: "4" } },
];

for (const { name, contents, labels } of cases) {
  test(name, () => {
    expect(Object.fromEntries(parseLabelFile(contents))).toEqual(labels);
  });
}
