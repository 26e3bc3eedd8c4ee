import { expect, test } from "vitest";
import { parseVersion } from "../../src/version/semantic-version.ts";

const cases = [
  { text: "2.1.0", version: "2.1.0" },
  { text: "v2.1.0", version: "2.1.0" },
  { text: " V2.1.0 ", version: "2.1.0" },
  { text: "2.1", version: "2.1.0" },
  { text: "v2.1-rc.1", version: "2.1.0-rc.1" },
  { text: "2.1.0-beta.3+9f3ab21", version: "2.1.0-beta.3+9f3ab21" },
  { text: "2", version: undefined },
  { text: "2.1.0.4", version: undefined },
  { text: "2024.01.15", version: undefined },
  { text: "9f3ab21", version: undefined },
  { text: "1234567", version: undefined },
  { text: "main", version: undefined },
  { text: "2.1.0 beta", version: undefined },
  { text: "2.1.0-", version: undefined },
  { text: "2.1.x", version: undefined },
  { text: "-2.1.0", version: undefined },
  { text: "", version: undefined },
  { text: `1.0.0-${"a".repeat(300)}`, version: undefined },
  { text: "1.99999999999999999999.0", version: undefined },
];

for (const { text, version } of cases) {
  test(`"${text.slice(0, 40)}" is ${version ?? "no version"}`, () => {
    expect(parseVersion(text)).toBe(version);
  });
}
