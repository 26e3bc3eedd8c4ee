import { connect, createServer, type Server, type Socket } from "node:net";

/** A way to a server that can be cut: what a firewall, a load balancer or a pulled plug does. */
export class Relay {
  readonly port: number;
  /** Connections that were ever made. */
  connectionCount = 0;
  /** Bytes of the server's that pass in each connection from now on; then the way is cut. */
  sizeMax = Number.POSITIVE_INFINITY;
  /** Sees all that is on its way to the server. */
  onSent: (chunk: Buffer) => void = () => undefined;
  readonly #server: Server;
  readonly #ways = new Set<Way>();

  static async start(
    target: { readonly host: string; readonly port: number },
    at: { readonly host: string; readonly port?: number } = { host: "127.0.0.1" },
  ): Promise<Relay> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: at.host, port: at.port ?? 0 }, () => resolve());
    });
    return new Relay(server, target);
  }

  private constructor(server: Server, target: { readonly host: string; readonly port: number }) {
    this.#server = server;
    const address = server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
    server.on("connection", (near) => {
      this.connectionCount += 1;
      this.#carry({ near, far: connect(target), size: 0 });
    });
  }

  /** Ends all connections: by a FIN, or by an RST. */
  cut(how: "end" | "reset"): void {
    for (const { near, far } of this.#ways) {
      if (how === "end") near.end();
      else near.resetAndDestroy();
      far.destroy();
    }
    this.#ways.clear();
  }

  stop(): Promise<void> {
    this.cut("reset");
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #carry(way: Way): void {
    const { near, far } = way;
    this.#ways.add(way);
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.on("data", (chunk: Buffer) => {
      this.onSent(chunk);
      far.write(chunk);
    });
    far.on("data", (chunk: Buffer) => {
      const room = this.sizeMax - way.size;
      way.size += chunk.length;
      if (room > 0) near.write(chunk.subarray(0, room));
      if (chunk.length >= room) {
        near.end();
        far.destroy();
      }
    });
    near.on("close", () => far.destroy());
    far.on("close", () => near.end());
  }
}

interface Way {
  readonly near: Socket;
  readonly far: Socket;
  size: number;
}
