import { chmodSync, chownSync, copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import pg from "pg";
import type { EmbeddedServer } from "../../src/cli/embedded/embedded-postgres.ts";
import { SSL_REQUEST } from "./client-frames.ts";
import { startServer, type TestDatabase } from "./server.ts";
import type { Pair } from "./server-certificates.ts";
import { until } from "./until.ts";

/** A PostgreSQL of its own that has TLS, and takes connections in plain as well. */
export class TlsServer {
  readonly database: TestDatabase;
  readonly #server: EmbeddedServer;

  /** `clientCa` is the authority whose client certificates it takes; `rules` go before others in pg_hba.conf. */
  static async start(options: {
    readonly pair: Pair;
    readonly commonName: string;
    readonly clientCa: string;
    readonly rules: string;
    readonly sql: string;
  }): Promise<TlsServer> {
    const server = await startServer();
    const tls = new TlsServer(server);
    const hba = join(server.dataFolder, "pg_hba.conf");
    writeFileSync(hba, `${options.rules}\n${readFileSync(hba, "utf8")}`);
    tls.#copy(options.clientCa, "root.crt");
    await tls.sql(options.sql);
    await tls.sql("ALTER SYSTEM SET ssl_ca_file = 'root.crt'");
    await tls.sql("ALTER SYSTEM SET ssl = on");
    await tls.show(options.pair, options.commonName);
    return tls;
  }

  private constructor(server: EmbeddedServer) {
    this.#server = server;
    const { host, port } = server;
    this.database = {
      name: "postgres",
      url: `postgres://postgres@${host}:${port}/postgres`,
      connection: { host, port, user: "postgres", database: "postgres" },
      drop: () => Promise.resolve(),
    };
  }

  get port(): number {
    return this.#server.port;
  }

  get socketFolder(): string {
    return this.#server.socketFolder;
  }

  /** Shows another certificate from now on. */
  async show(pair: Pair, commonName: string): Promise<void> {
    this.#copy(pair.cert, "server.crt");
    this.#copy(pair.key, "server.key");
    await this.sql("SELECT pg_reload_conf()");
    await until(`the certificate ${commonName}`, async () => (await this.#shown()) === commonName);
  }

  /** Runs SQL on a connection in plain. */
  async sql(text: string): Promise<void> {
    const client = new pg.Client({ ...this.database.connection, ssl: false });
    await client.connect();
    await client.query(text);
    await client.end();
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** Into the data folder, for nobody else than the server: it insists on that. */
  #copy(file: string, name: string): void {
    const { dataFolder } = this.#server;
    const copy = join(dataFolder, name);
    const { uid, gid } = statSync(dataFolder);
    copyFileSync(file, copy);
    chmodSync(copy, 0o600);
    chownSync(copy, uid, gid);
  }

  /** The name in the certificate that a new connection gets to see; undefined where it gets none. */
  #shown(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ host: "127.0.0.1", port: this.port });
      socket.on("error", () => resolve(undefined));
      socket.write(SSL_REQUEST);
      socket.once("data", (answer: Buffer) => {
        if (answer.toString("latin1") !== "S") {
          socket.destroy();
          resolve(undefined);
          return;
        }
        const secured = connectTls({ socket, rejectUnauthorized: false }, () => {
          const { CN } = secured.getPeerCertificate().subject;
          resolve(String(CN));
          secured.destroy();
        });
        secured.on("error", () => resolve(undefined));
      });
    });
  }
}
