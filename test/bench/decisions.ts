import { RULE_IDS } from "../../src/base/rule-ids.ts";
import { Decider } from "../../src/session/decider.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { scanStatement } from "../../src/sql/scan.ts";
import { Catalog, type Relation } from "../../src/version/catalog.ts";
import { type Naming, namingFor } from "../../src/version/naming.ts";
import type { Window } from "../../src/version/window.ts";
import type { Measures } from "./report.ts";
import { median } from "./statistics.ts";

const WINDOW: Window = {
  schema: "public",
  table: "orders",
  renameTable: undefined,
  renameColumns: new Map([["user_id", "customer_id"]]),
  old: "<2.0.0",
  new: ">=2.0.0",
  app: undefined,
  closes: undefined,
};

const CATALOG = new Catalog(
  [
    relation(1, "orders", ["id", "customer_id", "status", "placed_at", "total"]),
    relation(2, "order_items", ["id", "order_id", "sku", "quantity", "price"]),
    relation(3, "products", ["sku", "title", "price"]),
  ],
  1,
  "shop",
);
const SEARCH_PATH = ["pg_catalog", "public"];
const NAMING = namingFor({ app: "shop", version: "1.0.0" }, [WINDOW], CATALOG);

/** 300 bytes each; `marker` makes one text differ from the next in a name, not in a constant. */
const STATEMENTS: readonly {
  readonly name: string;
  readonly text: (marker: string) => string;
}[] = [
  {
    name: "another table",
    text: (marker) =>
      `SELECT i.id, i.order_id, i.sku, i.quantity, i.price, p.title, i.quantity * i.price AS ${marker} FROM order_items AS i JOIN products AS p ON p.sku = i.sku WHERE i.quantity > 1 AND p.price BETWEEN 10 AND 500 AND p.title LIKE 'Standing desk%' AND i.order_id = 4711 ORDER BY i.price DESC, p.title, i.id LIMIT 25`,
  },
  {
    name: "rewritten",
    text: (marker) =>
      `SELECT o.id, o.user_id, o.status, o.placed_at, o.total, i.sku, i.quantity * i.price AS ${marker} FROM orders AS o JOIN order_items AS i ON i.order_id = o.id WHERE o.user_id = 4711 AND o.status IN ('paid', 'sent') AND o.placed_at > '2026-01-01' AND i.quantity > 1 ORDER BY o.placed_at DESC, i.sku LIMIT 25`,
  },
];

/** What deciding costs, without any socket: the first time a text is seen, and from then on. */
export async function measureDecisions(
  measures: Measures,
  options: { readonly isQuick: boolean; readonly say: (text: string) => void },
): Promise<void> {
  options.say("decisions, in this process");
  await loadParser();
  const budgetMs = options.isQuick ? 500 : 2_000;
  for (const { name, text } of STATEMENTS) {
    const decider = new Decider({
      policy: { onMissing: "block", maxMs: 5_000, injectMs: 2_000 },
      rules: RULE_IDS,
      cacheSizeMax: 32 * 1024 * 1024,
    });
    let made = 0;
    const fresh = () => Buffer.from(text(`m${String(made++).padStart(6, "0")}`));
    const one = fresh();
    const size = `${one.length} bytes, ${name}`;
    const isNew = { decider, budgetMs, batchSize: FIRST_BATCH_SIZE, next: fresh };
    const isKnown = { decider, budgetMs, batchSize: CACHED_BATCH_SIZE, next: () => one };
    for (const [kind, options] of Object.entries({ first: isNew, cached: isKnown })) {
      timeEach(options); // For the compiler of JavaScript.
      measures.add("Straddle", `${kind} decision, ${size}`, "µs", timeEach(options));
    }
  }
}

// Long enough for the clock, and short enough that most are not interrupted by another process.
const FIRST_BATCH_SIZE = 1;
const CACHED_BATCH_SIZE = 50;

/** Microseconds per text: the median of the batches that fit into the time. */
function timeEach(options: {
  readonly decider: Decider;
  readonly budgetMs: number;
  readonly batchSize: number;
  readonly next: () => Buffer;
}): number | undefined {
  const { decider, budgetMs, batchSize, next } = options;
  const times: number[] = [];
  const endMs = performance.now() + budgetMs;
  while (performance.now() < endMs) {
    const batch = Array.from({ length: batchSize }, next);
    const startedMs = performance.now();
    let count = 0;
    for (const bytes of batch) count += decide(decider, bytes, NAMING);
    const tookMs = performance.now() - startedMs;
    if (count < batchSize) throw new Error("a text was not decided on");
    times.push((tookMs * 1_000) / batchSize);
  }
  return median(times);
}

/** The way of a text through a session, as in `session/`. */
function decide(decider: Decider, bytes: Buffer, naming: Naming): number {
  const scan = scanStatement(bytes, 0, bytes.length, true);
  const decode = () => bytes.toString("utf8");
  const look = decider.look(scan, decode);
  const text = decode();
  const plan = decider.mentions(look, naming)
    ? decider.plan({ text, naming, windows: [WINDOW], catalog: CATALOG, searchPath: SEARCH_PATH })
    : look.plan;
  return decider.simpleText(plan, text).parts.length;
}

function relation(oid: number, name: string, columns: readonly string[]): Relation {
  return {
    oid,
    schema: "public",
    name,
    kind: "r",
    columns: columns.map((column, index) => ({ name: column, attnum: index + 1 })),
  };
}
