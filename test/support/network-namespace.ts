import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { until } from "./until.ts";

// Root of this machine needs no other root, which could not reach the server's socket.
const isRoot = process.getuid?.() === 0;
const UNSHARE = isRoot ? ["--net"] : ["--user", "--map-root-user", "--net"];
const ENTER = isRoot ? ["--net"] : ["--preserve-credentials", "--user", "--net"];

/** Whether this machine lets us have networks of our own. */
export const hasNetworkNamespaces =
  process.platform === "linux" &&
  spawnSync("unshare", [...UNSHARE, "ip", "link", "set", "lo", "up"]).status === 0 &&
  spawnSync("nsenter", ["--version"]).status === 0;

/** The network behind which nobody is: what is sent there is neither answered nor refused. */
export const BLACK_HOLE = "10.99.0.1";

/** A network of its own, with a loopback interface on which `BLACK_HOLE` is until it is lost. */
export class NetworkNamespace {
  readonly #holder: ChildProcess;
  readonly #children: ChildProcess[] = [];

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async open(): Promise<NetworkNamespace> {
    const script = `ip link set lo up && ip addr add ${BLACK_HOLE}/32 dev lo && echo up && exec cat`;
    const holder = spawn("unshare", [...UNSHARE, "sh", "-c", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(holder.stdout, "data");
    return new NetworkNamespace(holder);
  }

  /** The program and arguments that run a program in it. */
  entering(program: string, args: readonly string[]): [string, string[]] {
    return ["nsenter", [...ENTER, "--target", `${this.#holder.pid}`, program, ...args]];
  }

  /** Starts a program in it, which ends with it. Its standard input stays open. */
  spawn(program: string, args: readonly string[]) {
    const child = spawn(...this.entering(program, args), { stdio: ["pipe", "pipe", "pipe"] });
    this.#children.push(child);
    return child;
  }

  /**
   * From now on nothing is at `BLACK_HOLE`, and no connection there hears of it. Waits until all that
   * was sent is acknowledged.
   */
  async loseAddress(): Promise<void> {
    await until("the last acknowledgement", () => {
      const connections = execFileSync(...this.entering("ss", ["-Htn"]), { encoding: "utf8" });
      return connections.split("\n").every((line) => (line.split(/ +/)[2] ?? "0") === "0");
    });
    execFileSync(...this.entering("ip", ["addr", "del", `${BLACK_HOLE}/32`, "dev", "lo"]));
  }

  close(): void {
    for (const child of [...this.#children, this.#holder]) child.kill("SIGKILL");
  }
}
