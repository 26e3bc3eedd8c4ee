import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import type { EmbeddedServer } from "../../src/cli/embedded/embedded-postgres.ts";
import type { Straddle } from "../../src/cli/run.ts";
import {
  bind,
  describePortal,
  execute,
  packet,
  parse,
  query,
  startup,
  sync,
  terminate,
} from "../support/client-frames.ts";
import { hasPostgres15, POSTGRES_15 } from "../support/program.ts";
import { startServer, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { type Address, WireClient } from "../support/wire-client.ts";

/** What a server makes of a protocol's version and options comes through, and so does the session. */

const PROTOCOLS: readonly (readonly [name: string, code: number])[] = [
  ["1.0", 0x10000],
  ["2.0", 0x20000],
  ["3.0", 0x30000],
  ["3.1", 0x30001],
  ["3.2", 0x30002],
  ["3.3", 0x30003],
  ["3.9999", 0x3270f],
  ["3.65535", 0x3ffff],
  ["4.0", 0x40000],
  ["32767.65535", 0x7fffffff],
];

const OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "no option": {},
  "an unknown option": { "_pq_.no_such_option": "1" },
  "unknown options, and a name that only looks like one": {
    "_pq_.a": "",
    "_pq_.b": "x",
    _pq_: "1",
  },
  "an option's name alone, and settings behind it": { "_pq_.": "1", work_mem: "1MB" },
};

/** The same with and without Straddle, though the second one is written anew. */
const NAMES = ["nothing that tells of a version", "shop@1.0.0"];

const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;

const SERVERS = [
  { name: "PostgreSQL 18", binaries: undefined, isThere: true, keySize: 32 },
  { name: "PostgreSQL 15", binaries: POSTGRES_15, isThere: hasPostgres15, keySize: 4 },
];

for (const { name, binaries, isThere, keySize } of SERVERS) {
  describe.skipIf(!isThere)(name, () => {
    let server: EmbeddedServer | undefined;
    let database: TestDatabase;
    let direct: Address;
    let straddle: Straddle;
    let another: Straddle;
    const clients: WireClient[] = [];

    beforeAll(async () => {
      server = binaries === undefined ? undefined : await startServer({ binaries });
      const { host, port } = server ?? inject("server");
      direct = { host, port };
      const connection = { host, port, user: "postgres", database: "postgres" };
      database = { name: "postgres", url: "", connection, drop: async () => undefined };
      straddle = await startTestStraddle(database, WINDOW);
      another = await startTestStraddle(database, WINDOW);
    });

    afterEach(() => {
      for (const client of clients.splice(0)) client.abandon();
    });

    afterAll(async () => {
      await straddle?.stop();
      await another?.stop();
      await server?.stop();
    });

    async function start(
      address: Address,
      protocol: number,
      parameters: Readonly<Record<string, string>>,
    ): Promise<WireClient> {
      const client = await WireClient.connect(address);
      clients.push(client);
      await client.send(
        startup({ user: "postgres", database: "postgres", ...parameters }, protocol),
      );
      await client.until("ReadyForQuery", "ErrorResponse");
      return client;
    }

    const through = (): Address => ({ host: "127.0.0.1", port: straddle.port });

    for (const [version, protocol] of PROTOCOLS) {
      for (const [title, options] of Object.entries(OPTIONS)) {
        test(`${version}, ${title}`, async () => {
          for (const applicationName of NAMES) {
            const play = async (address: Address) => {
              const parameters = { application_name: applicationName, ...options };
              const client = await start(address, protocol, parameters);
              if (client.transcript.at(-1) !== "closed") {
                await client.send(
                  query("SELECT 1"),
                  ...[parse("", "SELECT 2"), bind("", ""), describePortal("")],
                  ...[execute(""), sync(), terminate()],
                );
              }
              await client.untilClosed();
              return client.transcript;
            };
            const expected = await play(direct);
            expect(expected.join("\n")).toContain(
              protocol >> 16 === 3 && !("_pq_" in options) ? '"SELECT 1\\0"' : "FATAL",
            );
            expect(await play(through())).toEqual(expected);
          }
        });
      }
    }

    for (const [version, protocol] of PROTOCOLS.filter(([, code]) => code >> 16 === 3)) {
      test(`${version}: a cancel request by its key, at another instance`, async () => {
        const client = await start(through(), protocol, {});
        // A server that knows 3.2 gives longer keys to it and to what is later.
        const isLong = protocol >= 0x30002;
        expect(client.key.length - 4).toBe(isLong ? keySize : 4);
        await client.send(query("SELECT pg_sleep(60)"));
        const isAsleep = async () => {
          const probe = await start(direct, 0x30000, {});
          const sql = `SELECT 'asleep' FROM pg_stat_activity WHERE pid = ${client.pid} AND wait_event = 'PgSleep'`;
          await probe.send(query(sql));
          await probe.until("ReadyForQuery");
          await probe.send(terminate());
          return probe.transcript.some((line) => line.startsWith("< DataRow"));
        };
        await until("the sleep", isAsleep);
        const cancel = async (key: Buffer) => {
          const canceller = await WireClient.connect({ host: "127.0.0.1", port: another.port });
          await canceller.send(packet(80877102, key));
          await canceller.untilClosed();
        };
        // With another key, or the first bytes of it, nothing happens.
        const wrong = Buffer.from(client.key);
        wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
        await cancel(wrong);
        await cancel(client.key.subarray(0, -1));
        expect(await isAsleep()).toBe(true);
        await cancel(client.key);
        await client.until("ReadyForQuery");
        expect(client.transcript.at(-2)).toContain("C57014\\0");
        await client.send(query("SELECT 1"));
        await client.until("ReadyForQuery");
      });
    }
  });
}

test("a startup packet is at most as large as the server takes it, whatever Straddle has to add", async () => {
  const { host, port } = inject("server");
  const connection = { host, port, user: "postgres", database: "postgres" };
  const database = { name: "postgres", url: "", connection, drop: async () => undefined };
  await runDirect(database, "SELECT");
  // Written anew, the name of the session is longer.
  const tagging = `version: { from: [{ startup: application_name, pattern: "^(?<version>\\\\S+)$", app: a-long-name }] }`;
  const straddle = await startTestStraddle(database, `${WINDOW}${tagging}`);
  const limit = 10_004;
  try {
    for (const size of [limit - 500, limit - 1, limit, limit + 1]) {
      const play = async (address: { readonly host: string; readonly port: number }) => {
        const client = await WireClient.connect(address);
        const fixed = { user: "postgres", database: "postgres", application_name: "1.0.0" };
        const padding = size - startup({ ...fixed, options: "" }).length;
        // Settings in great number, and blanks up to the size.
        const options = "-c work_mem=1MB ".repeat(500).padEnd(padding, " ").slice(0, padding);
        const bytes = startup({ ...fixed, options });
        expect(bytes.length).toBe(size);
        await client.send(bytes);
        if (size <= limit) {
          await client.until("ReadyForQuery", "ErrorResponse");
          await client.send(query("SHOW work_mem"), terminate());
        }
        await client.untilClosed();
        // Where there is room, the server is told.
        const name = client.transcript.find((line) => line.includes('"application_name'));
        if (size < limit - 100 && address.port !== port)
          expect(name).toContain("a-long-name@1.0.0");
        return client.transcript.filter((line) => line !== name);
      };
      const expected = await play({ host, port });
      expect(expected.some((line) => line.startsWith("< DataRow"))).toBe(size <= limit);
      expect(await play({ host: "127.0.0.1", port: straddle.port })).toEqual(expected);
    }
  } finally {
    await straddle.stop();
  }
});
