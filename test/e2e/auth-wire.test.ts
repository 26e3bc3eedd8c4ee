import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { Random } from "../fuzz/random.ts";
import { AuthStage, entry, PASSWORDS } from "../support/auth-stage.ts";
import { Authentication } from "../support/authentication.ts";
import { hasOpenssl } from "../support/certificates.ts";
import { frame, int32, PROTOCOL_3_0, packet, query, startup } from "../support/client-frames.ts";
import { nextChunk, plainSocket, tlsClient } from "../support/tls-client.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire-client.ts";

/** Terminated authentication, compared message by message with the server's own. */

let stage: AuthStage;
let straddle: Straddle;

describe.skipIf(!hasOpenssl)("log-ins that Straddle verifies, beside the server's own", () => {
  beforeAll(async () => {
    stage = await AuthStage.start();
    const list = entry("app_scram", await stage.verifier("app_scram"));
    const users = stage.file(
      "wire-users",
      `${list}${entry("app_md5", PASSWORDS["app_md5"] ?? "")}`,
    );
    straddle = await stage.straddle(`mode: scram, users_file: ${users}`);
  }, 60_000);

  afterAll(() => stage?.stop());

  const ways = () => ({ direct: stage.port, proxied: straddle.port });
  const parameters = (more: Readonly<Record<string, string>> = {}) => ({
    user: "app_scram",
    database: "postgres",
    ...more,
  });

  async function both<T>(run: (port: number) => Promise<T>): Promise<{ direct: T; proxied: T }> {
    const { direct, proxied } = ways();
    return { direct: await run(direct), proxied: await run(proxied) };
  }

  const logIns: readonly {
    readonly name: string;
    readonly parameters?: Readonly<Record<string, string>>;
    readonly password: string;
    readonly sees: RegExp;
  }[] = [
    { name: "the right password", password: "tell-nobody-scram", sees: /ReadyForQuery/ },
    { name: "a wrong password", password: "x", sees: /C28P01.*failed for user \\"app_scram\\"/ },
    { name: "no password", password: "", sees: /C28P01/ },
    {
      name: "a user who is not known",
      parameters: { user: "nobody" },
      password: "tell-nobody-scram",
      sees: /C28P01.*failed for user \\"nobody\\"/,
    },
    {
      name: "a name that the server cuts",
      parameters: { user: `app_scram${"x".repeat(80)}` },
      password: "x",
      sees: /ErrorResponse/,
    },
    {
      name: "a database that isn't there",
      parameters: { database: "nowhere" },
      password: "tell-nobody-scram",
      sees: /C3D000/,
    },
    {
      name: "a setting that isn't there",
      parameters: { options: "-c no_such=1" },
      password: "tell-nobody-scram",
      sees: /C42704/,
    },
    {
      name: "an unknown extension of the protocol",
      parameters: { "_pq_.straddle": "1" },
      password: "tell-nobody-scram",
      sees: /ReadyForQuery/,
    },
    { name: "no user", parameters: { user: "" }, password: "", sees: /C28000.*no PostgreSQL user/ },
  ];

  for (const { name, parameters: more, password, sees } of logIns) {
    test(`${name}: the same messages in the same order`, async () => {
      const seen = await both(async (port) => {
        const client = await WireClient.connect({ host: "127.0.0.1", port });
        await client.start(parameters(more), password);
        if (!client.transcript.at(-1)?.startsWith("< ReadyForQuery")) await client.untilClosed();
        client.abandon();
        return client.transcript.map(withoutPlace);
      });
      expect(seen.direct.join("\n")).toMatch(sees);
      if (name.startsWith("an unknown extension")) {
        // The server tells of it before it asks for a password; here it is heard of after that.
        const lines = (transcript: readonly string[]) => [...transcript].sort();
        expect(lines(seen.proxied)).toEqual(lines(seen.direct));
        return;
      }
      if (name.startsWith("a name")) {
        // Here there is no rule of pg_hba.conf for it there.
        expect(seen.proxied.join("\n")).toContain(
          `failed for user \\"app_scram${"x".repeat(54)}\\"`,
        );
        return;
      }
      expect(seen.proxied).toEqual(seen.direct);
    });
  }

  /** SASLInitialResponse. */
  const initial = (mechanism: string, message: string) =>
    frame("p", mechanism, int32(Buffer.byteLength(message)), Buffer.from(message));
  const FIRST = initial("SCRAM-SHA-256", "n,,n=,r=abc");
  const final = (text: string) => frame("p", Buffer.from(text));
  const big = (size: number) => frame("p", Buffer.alloc(size, "x"));

  const broken: readonly { readonly name: string; readonly frames: readonly Buffer[] }[] = [
    { name: "another message than was asked for", frames: [query("SELECT 1")] },
    { name: "a plain password", frames: [frame("p", "secret")] },
    { name: "a mechanism that was not offered", frames: [initial("SCRAM-SHA-1", "n,,n=,r=a")] },
    { name: "PLUS, in plain", frames: [initial("SCRAM-SHA-256-PLUS", "n,,n=,r=a")] },
    { name: "a mechanism without its end", frames: [frame("p", Buffer.from("SCRAM-SHA-256"))] },
    { name: "a first message that is cut", frames: [frame("p", "SCRAM-SHA-256", int32(100))] },
    { name: "a negative size", frames: [frame("p", "SCRAM-SHA-256", int32(-2))] },
    { name: "more than the first message", frames: [frame("p", "SCRAM-SHA-256", int32(0), "x")] },
    { name: "an empty first message", frames: [initial("SCRAM-SHA-256", "")] },
    {
      name: "no first message, and then a broken one",
      frames: [frame("p", "SCRAM-SHA-256", int32(-1)), final("x")],
    },
    { name: "a NUL in the first message", frames: [initial("SCRAM-SHA-256", "n,,n=,r=a\0b")] },
    {
      name: "binding in a mechanism without",
      frames: [initial("SCRAM-SHA-256", "p=tls-server-end-point,,n=,r=a")],
    },
    { name: "an unknown binding flag", frames: [initial("SCRAM-SHA-256", "z,,n=,r=a")] },
    { name: "a flag without its comma", frames: [initial("SCRAM-SHA-256", "n")] },
    { name: "an authorization identity", frames: [initial("SCRAM-SHA-256", "n,a=bob,n=,r=a")] },
    { name: "an extension", frames: [initial("SCRAM-SHA-256", "n,,m=x,n=,r=a")] },
    { name: "attributes in another order", frames: [initial("SCRAM-SHA-256", "n,,r=a,n=")] },
    { name: "a nonce that can't be printed", frames: [initial("SCRAM-SHA-256", "n,,n=,r=\x01")] },
    { name: "an attribute that is none", frames: [initial("SCRAM-SHA-256", "n,,n=,r=a,=b")] },
    { name: "an empty last message", frames: [FIRST, final("")] },
    { name: "a last message that says y", frames: [FIRST, final("c=eSws,r=abc,p=AAAA")] },
    { name: "a last message without proof", frames: [FIRST, final("c=biws,r=abc")] },
    { name: "a proof that is too short", frames: [FIRST, final("c=biws,r=abc,p=AAAA")] },
    { name: "another nonce", frames: [FIRST, final(`c=biws,r=abc,p=${"A".repeat(43)}=`)] },
    {
      name: "something behind the proof",
      frames: [FIRST, final(`c=biws,r=abc,p=${"A".repeat(43)}=,x`)],
    },
    { name: "a query in place of the last message", frames: [FIRST, query("SELECT 1")] },
    { name: "a message of the largest size", frames: [big(1020)] },
    { name: "a message that is too large", frames: [big(1021)] },
    { name: "a length of 2 GB", frames: [Buffer.concat([Buffer.from("p"), int32(0x7fffffff)])] },
    { name: "a negative length", frames: [Buffer.concat([Buffer.from("p"), int32(-1)])] },
    { name: "a length of 3", frames: [Buffer.concat([Buffer.from("p"), int32(3)])] },
  ];

  for (const { name, frames } of broken) {
    test(`${name}: PostgreSQL's words, or its silence`, async () => {
      const seen = await both(async (port) => {
        const client = await WireClient.connect({ host: "127.0.0.1", port });
        await client.send(startup(parameters()));
        for (const each of frames) {
          await client.until("Authentication");
          await client.send(each);
        }
        await client.untilClosed();
        return client.transcript.map(withoutPlace);
      });
      expect(seen.proxied).toEqual(seen.direct);
    });
  }

  const packets: readonly { readonly name: string; readonly bytes: Buffer }[] = [
    { name: "protocol 2.0", bytes: packet(0x20000, "user", "app_scram", Buffer.alloc(1)) },
    { name: "protocol 4.1", bytes: packet(0x40001, "user", "app_scram", Buffer.alloc(1)) },
    { name: "no parameters", bytes: packet(PROTOCOL_3_0, Buffer.alloc(1)) },
    { name: "no end", bytes: packet(PROTOCOL_3_0, "user", "app_scram", "x", Buffer.from("y")) },
    { name: "no user", bytes: startup({ database: "postgres" }) },
  ];

  for (const { name, bytes } of packets) {
    test(`a startup packet with ${name}: refused before a password is asked for`, async () => {
      const seen = await both(async (port) => {
        const client = await WireClient.connect({ host: "127.0.0.1", port });
        await client.send(bytes);
        await client.untilClosed();
        return client.transcript.map(withoutPlace);
      });
      expect(seen.proxied).toEqual(seen.direct);
    });
  }

  test("a byte at a time", async () => {
    const client = await WireClient.connect(
      { host: "127.0.0.1", port: straddle.port },
      { isFragmented: true },
    );
    await client.start(parameters(), PASSWORDS["app_scram"]);
    expect(client.transcript.at(-1)).toMatch(/ReadyForQuery/);
    client.abandon();
  });

  test("what comes along with the last message is the session's", async () => {
    const socket = await plainSocket(straddle.port);
    const authentication = new Authentication("app_scram", PASSWORDS["app_scram"] ?? "");
    const answer = async () => authentication.answer(await nextChunk(socket)) ?? Buffer.alloc(0);
    socket.write(startup(parameters()));
    socket.write(await answer());
    socket.write(Buffer.concat([await answer(), query("SELECT 'ahead'")]));
    let received = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
    });
    await until("the answer", () => received.includes("ahead"));
    socket.destroy();
  });

  test("random bytes in a log-in end in an error or an end, and hurt nobody else", async () => {
    const seed = Date.now() % 1_000_000;
    const random = new Random(seed);
    const whole = [startup(parameters()), FIRST, final(`c=biws,r=abc,p=${"A".repeat(43)}=`)];
    for (let round = 0; round < 200; round++) {
      const client = await WireClient.connect({ host: "127.0.0.1", port: straddle.port });
      for (const frames of whole) {
        const bytes = Buffer.from(frames);
        // Not in its length, with which it would only wait for more.
        const from = frames === whole[0] ? 8 : 5;
        for (let count = random.below(4); count > 0; count--) {
          bytes[from + random.below(bytes.length - from)] = random.below(256);
        }
        await client.send(bytes);
      }
      await client.untilClosed();
      const end = client.transcript.at(-2) ?? "";
      expect(`seed ${seed}, round ${round}: ${end}`).toMatch(/: (< ErrorResponse|> Password)/);
    }
    const client = await WireClient.connect({ host: "127.0.0.1", port: straddle.port });
    await client.start(parameters(), PASSWORDS["app_scram"]);
    expect(client.transcript.at(-1)).toMatch(/ReadyForQuery/);
    client.abandon();
  });

  test("over TLS both offer channel binding, and take a client amiss that was not told", async () => {
    const seen = await both(async (port) => {
      const client = await tlsClient(port, { rejectUnauthorized: false });
      await client.send(startup(parameters()));
      await client.until("Authentication");
      await client.send(initial("SCRAM-SHA-256", "y,,n=,r=a"));
      await client.untilClosed();
      return client.transcript.map(withoutPlace);
    });
    expect(seen.direct.join()).toMatch(/SCRAM-SHA-256-PLUS.*binding negotiation error/);
    expect(seen.proxied).toEqual(seen.direct);
  });

  for (const [name, flag] of [
    ["PLUS without binding", "n"],
    ["binding of another kind", "p=tls-unique"],
    ["binding to another certificate", "p=tls-server-end-point"],
  ] as const) {
    test(`over TLS: ${name}`, async () => {
      const seen = await both(async (port) => {
        const client = await tlsClient(port, { rejectUnauthorized: false });
        await client.send(startup(parameters()));
        await client.until("Authentication");
        await client.send(initial("SCRAM-SHA-256-PLUS", `${flag},,n=,r=a`));
        await client.until("Authentication", "ErrorResponse");
        const binding = Buffer.from("p=tls-server-end-point,,elsewhere").toString("base64");
        await client.send(final(`c=${binding},r=a,p=AAAA`));
        await client.untilClosed();
        return client.transcript.map(withoutPlace);
      });
      expect(seen.proxied).toEqual(seen.direct);
    });
  }

  test("a salt tells nothing of who is known", async () => {
    const saltOf = async (user: string) => {
      const client = connect({ host: "127.0.0.1", port: straddle.port });
      const received: Buffer[] = [];
      client.on("data", (chunk: Buffer) => received.push(chunk));
      client.write(startup({ user, database: "postgres" }));
      client.write(FIRST);
      const text = () => Buffer.concat(received).toString("latin1");
      while (!/,i=\d+/.test(text())) await new Promise((resolve) => setTimeout(resolve, 5));
      client.destroy();
      return /,s=(.*),i=(\d+)/.exec(text())?.slice(1) ?? [];
    };
    const [salt = "", iterations] = await saltOf("nobody");
    expect(await saltOf("nobody")).toEqual([salt, iterations]);
    expect((await saltOf("somebody"))[0]).not.toBe(salt);
    for (const known of ["app_md5", "app_scram"]) {
      const [of = "", rounds] = await saltOf(known);
      expect(await saltOf(known)).toEqual([of, rounds]);
      expect({ size: of.length, rounds }).toEqual({ size: salt.length, rounds: iterations });
    }
  });
});

/** Errors without where in the source they are, and in which routine. */
function withoutPlace(line: string): string {
  return line.replaceAll(/(\\0)[FLR][^\\]*(?=\\0)/g, "");
}
