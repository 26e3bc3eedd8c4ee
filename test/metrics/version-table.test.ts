import { expect, test } from "vitest";
import { VersionTable } from "../../src/metrics/version-table.ts";

function tag(version: string) {
  return { app: "shop", version };
}

/** Counts one session of each of these versions. */
function open(table: VersionTable, versions: readonly string[]): void {
  for (const version of versions) table.counts(tag(version)).sessionsOpened += 1;
}

function show(table: VersionTable): string {
  return table
    .all()
    .map(({ app, version, sessionsOpened }) => `${app}@${version}:${sessionsOpened}`)
    .join(" ");
}

test("equal tags share their counts, whatever the object", () => {
  const table = new VersionTable({ labelSetsMax: 2 });
  open(table, ["1.0.0", "1.0.0"]);
  expect(show(table)).toBe("shop@1.0.0:2");
});

test("no tag is an empty one", () => {
  const table = new VersionTable({ labelSetsMax: 2 });
  table.counts(undefined).sessionsOpened += 1;
  expect(show(table)).toBe("@:1");
});

test("above the limit versions are counted as other", () => {
  const table = new VersionTable({ labelSetsMax: 2 });
  open(table, ["1.0.0", "2.0.0", "3.0.0", "4.0.0", "1.0.0"]);
  expect(show(table)).toBe("shop@1.0.0:2 shop@2.0.0:1 other@other:2");
});

test("an unused version makes room once its last values were scraped", () => {
  const table = new VersionTable({ labelSetsMax: 2 });
  const first = tag("1.0.0");
  table.counts(first).sessionsOpened += 1;
  open(table, ["2.0.0"]);
  for (let scrape = 0; scrape < 3; scrape++) {
    open(table, ["2.0.0"]); // Still in use.
    table.scraped();
  }
  open(table, ["3.0.0"]);
  expect(show(table)).toBe("shop@2.0.0:4 shop@3.0.0:1");
  // The forgotten one's tag object is still known: it must not count where nobody looks.
  table.counts(first).sessionsOpened += 1;
  expect(show(table)).toBe("shop@2.0.0:4 shop@3.0.0:1 other@other:1");
});

test("what a client says of itself is cut before it becomes a label", () => {
  const table = new VersionTable({ labelSetsMax: 2 });
  expect(table.counts({ app: "a".repeat(5_000), version: "1.0.0" }).app).toHaveLength(100);
});
