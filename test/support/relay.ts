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
  /** Of a connection's first bytes: whether it is swallowed. None is, unless this says so. */
  swallowsNew: (startup: Buffer) => boolean = () => false;
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
      this.#carry({ near, far: connect(target), size: 0, startup: undefined, isSwallowed: false });
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

  /**
   * The server loses the connections whose first bytes this is true of, and the near side hears nothing of it, nor
   * anything else.
   */
  swallow(isMeant: (startup: Buffer) => boolean): void {
    for (const way of this.#ways) {
      if (way.startup === undefined || !isMeant(way.startup)) continue;
      way.isSwallowed = true;
      way.far.destroy();
    }
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
      if (way.startup === undefined) {
        way.startup = chunk;
        way.isSwallowed = this.swallowsNew(chunk);
        if (way.isSwallowed) far.destroy();
      }
      if (way.isSwallowed) return;
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
    near.on("close", () => {
      this.#ways.delete(way);
      far.destroy();
    });
    far.on("close", () => {
      if (!way.isSwallowed) near.end();
    });
  }
}

interface Way {
  readonly near: Socket;
  readonly far: Socket;
  size: number;
  /** What came first from the near side. */
  startup: Buffer | undefined;
  isSwallowed: boolean;
}
