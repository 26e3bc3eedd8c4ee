import { expect, test } from "vitest";
import { loadConfigOrThrow } from "../../src/cli/config-file.ts";

test("without a file and without a server, the sentence says how to give one", () => {
  expect(() => loadConfigOrThrow(undefined)).toThrow(
    /^server\.host is missing: .*; there is no straddle\.yaml in this folder: give a file by --config or STRADDLE_CONFIG$/,
  );
});
