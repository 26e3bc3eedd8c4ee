import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  bind,
  describePortal,
  describeStatement,
  execute,
  parse,
  query,
  sync,
} from "../support/client-frames.ts";
import type { TestDatabase } from "../support/server.ts";
import { conversation, createTwins, type Twins, wireClient } from "../support/twins.ts";
import type { WireClient } from "../support/wire-client.ts";
import { VERSIONS } from "./chain-versions.ts";

/**
 * One window in which a name changes its column: `net` becomes `gross`, while `gross` becomes `total`. A statement that was
 * made before the rename would be about the other column after it, without an error. Sessions of either version have
 * to sound as on a database with their names, whatever state the names are in and however they got there.
 */
const SCHEMA = `
  CREATE TABLE prices (id int PRIMARY KEY, net int NOT NULL DEFAULT 1, gross int, note text DEFAULT 'n', CHECK (gross > net));
  INSERT INTO prices VALUES (1, 10, 20, 'a'), (2, 30, 40, 'b');
  CREATE TABLE parted (id int, gross int, net int) PARTITION BY LIST (id);
  CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
  CREATE TABLE parted_2 (net int, id int, gross int);
  ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES IN (2);
  INSERT INTO parted VALUES (1, 20, 10), (2, 40, 30);
`;
const renames = (from: string, to: string) =>
  ["prices", "parted"].map((table) => `ALTER TABLE ${table} RENAME ${from} TO ${to}`);
const SECOND = renames("gross", "total");
const FIRST = renames("net", "gross");

const SETTINGS = `
windows:
  - { table: prices, rename: { net: gross, gross: total }, old: "<2.0.0", new: ">=2.0.0" }
  - { table: parted, rename: { gross: total, net: gross }, old: "<2.0.0", new: ">=2.0.0" }
`;

/** What the database has: all old names, `gross` renamed only, or all new ones. */
type State = "net gross" | "net total" | "gross total";
const STATES: readonly State[] = ["net gross", "net total", "gross total"];

const STEPS: Readonly<Record<`${State} to ${State}`, readonly string[]>> = {
  "net gross to net gross": [],
  "net gross to net total": SECOND,
  "net gross to gross total": [...SECOND, ...FIRST],
  "net total to net gross": renames("total", "gross"),
  "net total to net total": [],
  "net total to gross total": FIRST,
  "gross total to net gross": [...renames("gross", "net"), ...renames("total", "gross")],
  "gross total to net total": renames("gross", "net"),
  "gross total to gross total": [],
};

let twins: Twins;
/** One to each database, past Straddle: what it does is known to nobody. */
const behind = new Map<TestDatabase, pg.Client>();
let state: State = "net gross";

beforeAll(async () => {
  twins = await createTwins({
    schema: SCHEMA,
    flip: [...SECOND, ...FIRST].join(";"),
    settings: SETTINGS,
  });
  for (const database of [twins.old, twins.new, twins.shared]) {
    const client = new pg.Client(database.connection);
    await client.connect();
    behind.set(database, client);
  }
});
afterAll(async () => {
  for (const client of behind.values()) await client.end();
  await twins.end();
});

/** All renames of a step in one transaction, which nobody announces. */
async function goTo(next: State): Promise<void> {
  const steps = STEPS[`${state} to ${next}`];
  if (steps.length > 0) await behind.get(twins.shared)?.query(steps.join(";"));
  state = next;
}

/** What happens in the database behind Straddle; where nothing is renamed, `go` does nothing. */
interface Behind {
  go(next: State): Promise<void>;
  restore(): Promise<void>;
}

/** Puts back what the statements have changed. */
const RESTORE = [
  "TRUNCATE prices, parted",
  "INSERT INTO prices VALUES (1, 10, 20, 'a'), (2, 30, 40, 'b')",
  "INSERT INTO parted VALUES (1, 20, 10), (2, 40, 30)",
].join("; ");

async function restore(database: TestDatabase): Promise<void> {
  await behind.get(database)?.query(RESTORE);
}

/** Statements of version 1; version 2 says `gross` for `net` and `total` for `gross`. */
const STATEMENTS: readonly string[] = [
  "SELECT * FROM prices ORDER BY id",
  "SELECT net, gross, gross - net AS tax FROM prices p WHERE net < gross ORDER BY gross",
  "UPDATE prices SET net = net + 1 WHERE id = 1",
  "UPDATE prices SET gross = gross + net RETURNING *",
  "UPDATE prices p SET (net, gross) = (SELECT q.gross, q.net + 100 FROM prices q WHERE q.id = p.id) RETURNING p.net, gross, p.*",
  "UPDATE prices SET net = v.net FROM (VALUES (1, 5)) AS v (id, net) WHERE prices.id = v.id RETURNING v.*, prices.gross",
  "INSERT INTO prices (id, gross) VALUES (3, 7) RETURNING net, gross",
  "INSERT INTO prices VALUES (4, 1, 2)",
  "INSERT INTO prices (id, net, gross) VALUES (1, 3, 4) ON CONFLICT (id) DO UPDATE SET net = excluded.gross - 1, gross = excluded.gross + excluded.net WHERE prices.gross > excluded.net RETURNING net, gross",
  "WITH w AS (UPDATE prices SET net = 2 WHERE id = 1 RETURNING net, gross) SELECT * FROM w",
  "WITH RECURSIVE n (i) AS (SELECT 5 UNION ALL SELECT i + 1 FROM n WHERE i < 7) INSERT INTO prices (id, net, gross) SELECT i, i, i * 2 FROM n",
  "DELETE FROM ONLY prices WHERE gross IN (SELECT gross FROM prices WHERE net > 20) RETURNING net",
  "MERGE INTO prices USING (VALUES (1, 50), (9, 60)) AS v (id, x) ON prices.id = v.id WHEN MATCHED AND net < 100 THEN UPDATE SET gross = x WHEN NOT MATCHED THEN INSERT (id, net, gross) VALUES (v.id, 2, x)",
  "UPDATE parted SET net = gross, gross = net WHERE net = 10 RETURNING *",
  "UPDATE parted_2 SET gross = 1 WHERE net = 30 RETURNING *",
  "INSERT INTO parted (id, net) VALUES (2, 6)",
  "EXPLAIN (COSTS OFF) UPDATE prices SET note = 'x' WHERE id = 1",
  "COPY prices (net, gross) TO STDOUT",
  "COPY prices TO STDOUT (FORMAT csv, HEADER)",
  "COPY (UPDATE prices SET gross = 99 RETURNING net, gross) TO STDOUT",
  // What is wrong is wrong in the same words.
  "UPDATE prices SET total = 1",
  "UPDATE prices SET net = 1, net = 2",
  "UPDATE prices SET net = gross + 1",
  "UPDATE prices SET net = NULL",
  "INSERT INTO prices (id, net, total) VALUES (1, 2, 3)",
  "INSERT INTO prices (net) VALUES ('x')",
  "SELECT total FROM prices",
  "SELECT nothing FROM prices",
];

const send = async (client: WireClient, ...frames: readonly Buffer[]) => {
  await client.send(...frames);
  await client.until("ReadyForQuery");
};

for (const { version, spell } of VERSIONS) {
  const texts = STATEMENTS.map(spell);
  const compare = async (say: (client: WireClient, behind: Behind) => Promise<void>) => {
    const parameters = { application_name: `shop@${version}` };
    const own = version === "1.4.0" ? twins.old : twins.new;
    const direct = await wireClient(own, undefined, parameters);
    const through = await wireClient(twins.shared, twins.straddle.port, parameters);
    for (const database of [own, twins.shared]) await restore(database);
    const expected = await conversation(direct, (client) =>
      say(client, { go: async () => undefined, restore: () => restore(own) }),
    );
    const found = await conversation(through, (client) =>
      say(client, { go: goTo, restore: () => restore(twins.shared) }),
    );
    direct.abandon();
    through.abandon();
    expect(found).toEqual(expected);
  };

  describe(version, () => {
    test.each(STATES)("each statement where the database has %s", async (there) => {
      await goTo(there);
      await twins.straddle.state.refreshCatalog();
      await compare(async (client) => {
        for (const text of texts) {
          await send(client, query("BEGIN"));
          await send(client, query(text));
          await send(client, query("ROLLBACK"));
        }
      });
    });

    test("each statement, known from before all names changed at once", async () => {
      await goTo("net gross");
      await compare(async (client, { go, restore }) => {
        for (const text of texts) {
          for (const there of ["gross total", "net gross"] as const) {
            // No statement is on its way, and Straddle has not heard of it.
            await go(there);
            await send(client, query(text));
            await restore();
          }
        }
      });
    });

    test("prepared in one state, used in all others", async () => {
      await goTo("net gross");
      // COPY looks its columns up when it runs: the client has an answer to Bind by then, and is to try again.
      const prepared = texts.filter((text) => !text.startsWith("COPY"));
      await compare(async (client, { go, restore }) => {
        for (const made of STATES) {
          await go(made);
          for (const [index, text] of prepared.entries()) {
            await send(client, parse(`${made} ${index}`, text), sync());
          }
        }
        for (const made of STATES) {
          for (const index of prepared.keys()) {
            for (const there of STATES) {
              await go(there);
              await send(client, describeStatement(`${made} ${index}`), sync());
              await send(
                client,
                bind("", `${made} ${index}`),
                describePortal(""),
                execute(""),
                sync(),
              );
              await restore();
            }
          }
        }
      });
    });

    test("PREPARE of SQL before, EXECUTE after", async () => {
      await goTo("net gross");
      const writing = spell(
        "UPDATE prices SET net = $1, gross = $2 WHERE net <> 0 RETURNING net, gross",
      );
      await compare(async (client, { go }) => {
        await send(client, query(`PREPARE u (int, int) AS ${writing}`));
        for (const there of ["gross total", "net total", "net gross"] as const) {
          await go(there);
          await send(client, query("EXECUTE u(3, 8)"));
        }
      });
    });
  });
}

describe("refused, since no error would tell that the name is another column's", () => {
  const SENTENCES = [
    [
      "COPY prices (id, gross) FROM STDIN",
      'Of "prices", it does not list all of the columns net, gross',
    ],
    [
      "COPY prices FROM STDIN WHERE gross > 1",
      'Of "prices", it does not list all of the columns net, gross',
    ],
    [
      "COPY prices TO STDOUT (FORMAT csv, FORCE_QUOTE (gross))",
      'Of "prices", it does not list all of the columns net, gross',
    ],
    ["CREATE INDEX i ON prices (gross)", 'It names column "gross" of "prices"'],
    ["ANALYZE prices (net)", 'It names column "net" of "prices"'],
    ["GRANT SELECT (gross) ON prices TO PUBLIC", 'It names column "gross" of "prices"'],
    [
      "CREATE FUNCTION f(x prices.gross%TYPE) RETURNS int LANGUAGE sql RETURN 1",
      'The row type of table "prices" has column names of another version',
    ],
    ["ALTER TABLE prices DROP COLUMN gross", 'It names column "gross" of "prices"'],
  ] as const;

  test.each(STATES)("where the database has %s", async (there) => {
    await goTo(there);
    const client = await wireClient(twins.shared, twins.straddle.port, {
      application_name: "shop@1.4.0",
    });
    for (const [text, detail] of SENTENCES) {
      const heard = await conversation(client, (it) => send(it, query(text)));
      expect(heard.join("\n")).toContain("C0A000");
      expect(heard.join("\n").replaceAll("\\", "")).toContain(detail);
    }
    client.abandon();
  });
});

test("renamed through Straddle, a link at a time, there and back", async () => {
  await goTo("net gross");
  const client = await wireClient(twins.shared, twins.straddle.port, {
    application_name: "shop@1.4.0",
  });
  const other = await wireClient(twins.shared, twins.straddle.port, {
    application_name: "shop@2.0.0",
  });
  const there = [...SECOND, ...FIRST];
  const back = [...renames("gross", "net"), ...renames("total", "gross")];
  await send(client, query("SET lock_timeout = '1s'"));
  for (const rename of [...there, ...back]) {
    const heard = await conversation(client, (it) => send(it, query(rename)));
    expect(heard.join("\n")).toContain("ALTER TABLE");
    const rows = await conversation(client, (it) =>
      send(it, query("UPDATE prices SET net = net RETURNING id, net, gross")),
    );
    const same = await conversation(other, (it) =>
      send(it, query("UPDATE prices SET gross = gross RETURNING id, gross, total")),
    );
    const values = (lines: readonly string[]) => lines.filter((line) => line.includes("DataRow"));
    expect(values(rows)).toHaveLength(2);
    expect(values(same)).toEqual(values(rows));
  }
  client.abandon();
  other.abandon();
});
