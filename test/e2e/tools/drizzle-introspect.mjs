// What `drizzle-kit introspect` writes down of a database. Arguments: host, port, database, application_name.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [host, port, database, application_name] = process.argv.slice(2);
const url = `postgresql://postgres@${host}:${port}/${database}?application_name=${application_name}`;
const program = fileURLToPath(new URL("bin.cjs", import.meta.resolve("drizzle-kit")));
const out = mkdtempSync(join(tmpdir(), "straddle-drizzle-"));
try {
  const args = [program, "introspect", "--dialect=postgresql", `--url=${url}`, `--out=${out}`];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  console.log(status, stderr);
  const { tables, views } = JSON.parse(readFileSync(join(out, "meta/0000_snapshot.json"), "utf8"));
  // A view's definition is shown under physical names: README, "Introspection".
  for (const view of Object.values(views)) delete view.definition;
  console.log(JSON.stringify(inOrder({ tables, views }), undefined, 1));
} finally {
  rmSync(out, { recursive: true });
}

/** It asks without ORDER BY, so that names come in any order. */
function inOrder(value) {
  if (Array.isArray(value)) return typeof value[0] === "string" ? value.sort() : value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, inOrder(member)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
