import { hostname } from "node:os";
import type { Config } from "../../config/config.ts";
import { Fleet } from "../../control/fleet.ts";
import { StoreError } from "../../control/store.ts";
import { LimitHits } from "../../session/limit-hits.ts";
import type { Window } from "../../version/window.ts";
import { windowContent } from "../../version/window-content.ts";
import { controlConnection, serverName } from "../control-connection.ts";
import { explainSystemError, SetupError } from "../fail.ts";
import { log } from "../log.ts";
import { packageVersion } from "../package-version.ts";
import type { ToWorker } from "../workers/messages.ts";
import { SharedGate } from "../workers/shared-gate.ts";
import { FleetBoard } from "./fleet-board.ts";
import type { FlipSubject } from "./flip-subject.ts";
import { StoreWindows } from "./store-windows.ts";

interface OwnFleetOptions {
  readonly config: Config;
  /** Settings with other windows are to be in force from now on. */
  readonly onWindows: (config: Config) => void;
  readonly windows: () => readonly Window[];
  readonly readCatalog: () => Promise<void>;
}

/** This process as an instance of its fleet, with the settings that its fleet's store leads to. */
export class OwnFleet {
  readonly board: FleetBoard;
  readonly windows: StoreWindows;
  /** Why flips are not possible; empty while they are. */
  #problem = "";
  readonly #fleet: Fleet;
  readonly #config: Config;

  /** Undefined where the settings know of no store. */
  static of(options: OwnFleetOptions): OwnFleet | undefined {
    return options.config.control.mode === "file" ? undefined : new OwnFleet(options);
  }

  private constructor(options: OwnFleetOptions) {
    const { config, onWindows, readCatalog } = options;
    this.#config = config;
    this.windows = new StoreWindows(config);
    this.board = new FleetBoard(() => this.#fleet);
    const { control } = config;
    this.#fleet = new Fleet({
      connection: controlConnection(config),
      schema: control.schema,
      version: packageVersion(),
      host: hostname(),
      pollMs: control.pollIntervalMs,
      leaseMs: control.leaseMs,
      marginMs: control.flipMarginMs,
      side: {
        hold: (hold) => this.board.hold(hold),
        release: (epoch) => this.board.release(epoch),
        ready: (flip, isOver) => this.board.ready(flip, isOver),
        takeWindows: (stored) => {
          onWindows(this.windows.take(stored));
          return this.windows.refused;
        },
        hasContent: (content) => {
          const inForce = options.windows();
          return inForce.some((window) => windowContent(inForce, window) === content);
        },
        readCatalog,
      },
      onProblem: (problem) => this.#turned(problem ?? ""),
      log,
    });
  }

  /** What is wrong, for the health pages; empty where nothing is. */
  get problem(): string {
    return [this.#problem, this.windows.refused].filter((problem) => problem !== "").join("; ");
  }

  /** Joins the fleet; a store or a server that can't be had is a SetupError. */
  async start(): Promise<void> {
    await this.#fleet.start().catch((error: unknown) => {
      if (error instanceof SetupError) throw error;
      if (error instanceof StoreError) throw new SetupError(`control.mode: ${error.message}`);
      const { user, schema } = this.#config.control;
      const subject = `the store in schema ${schema} of ${serverName(this.#config)} can't be used as ${user}`;
      throw new SetupError(explainSystemError(subject, error));
    });
  }

  stop(): Promise<void> {
    return this.#fleet.stop();
  }

  /** The gate of a process without workers: the only member. */
  gate(options: {
    readonly readCatalog: () => Promise<void>;
    readonly subject: (oid: number) => FlipSubject | undefined;
  }): { readonly gate: SharedGate; readonly hits: LimitHits } {
    const { board } = this;
    const hits = new LimitHits();
    const member = {
      send(message: ToWorker) {
        const { kind } = message;
        if (kind === "hold" || kind === "release" || kind === "flip_ready") gate.take(message);
      },
    };
    const gate = new SharedGate({
      ...options,
      hits,
      settle: () => options.readCatalog(),
      send(message) {
        if (message.kind === "flip") board.flip(member, message);
        else if (message.kind === "flipped") board.flipped(member, message.flip);
        else if (message.kind === "drained") board.drained(member, message.epoch);
      },
    });
    board.join(member);
    return { gate, hits };
  }

  #turned(problem: string): void {
    const words =
      problem === ""
        ? ""
        : `the control connection is lost, and flips are not possible: ${problem}`;
    if (words === this.#problem) return;
    this.#problem = words;
    if (words !== "") log.warn(words);
    else log.info("the control connection is back");
  }
}
