import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/load.ts";
import { maskedConfig } from "../../src/config/masked.ts";

test("what is shown of the settings holds no secret, and maps and patterns are readable", () => {
  const loaded = parseConfig(
    `server: { url: 'postgres://ann:top-secret@db/shop' }
windows: [{ table: orders, rename: { a: b }, old: "<2", new: ">=2" }]`,
    {},
  );
  if (loaded.kind === "error") throw new Error(loaded.message);
  const shown = maskedConfig(loaded.config);
  expect(JSON.stringify(shown)).not.toContain("top-secret");
  expect(shown).toMatchObject({
    control: { user: "ann", password: "***" },
    windows: [{ renameColumns: { a: "b" } }],
    version: {
      sources: [
        { kind: "comment" },
        { pattern: "^(?<app>[^@/ ]+)[@/](?<version>\\S+)$" },
        { kind: "setting" },
      ],
    },
  });
});
