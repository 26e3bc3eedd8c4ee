import { performance } from "node:perf_hooks";
import { parseComment, traceIdOf } from "../sql/comment.ts";
import { scanStatement } from "../sql/scan.ts";
import type { Naming } from "../version/naming.ts";
import type { VersionTag } from "../version/tag.ts";
import type { Window } from "../version/window.ts";
import { FLUSH } from "../wire/encode.ts";
import { CatalogNeed } from "./catalog-need.ts";
import { isAsciiSafe, javascriptEncoding } from "./client-encoding.ts";
import type { ClientFrame } from "./client-frame.ts";
import { isCertain, isDoubtful, isGuarded, UNREADABLE } from "./doubt.ts";
import { type Exit, exitOf, isOnlyEnding, mustBeKnown } from "./failed-transaction.ts";
import type { FlipOwner } from "./flip-gate.ts";
import { LargeTexts } from "./large-texts.ts";
import type { SessionInfo } from "./observer.ts";
import type { Outbox } from "./outbox.ts";
import { Pins } from "./pins.ts";
import { Pipeline } from "./pipeline.ts";
import { PreparedStatements } from "./prepared-statements.ts";
import { refusedPlan, TOO_COMPLEX, UNCOMMITTED_DDL, UNKNOWN_VERSION } from "./refused-plan.ts";
import { ReplayBatch } from "./replay-batch.ts";
import { Retry } from "./retry.ts";
import { serverVersionNumber } from "./server-version.ts";
import type { SessionContext } from "./session-context.ts";
import type { SessionControls } from "./session-controls.ts";
import { unanalysedChoice } from "./special-plans.ts";
import { type StatementPlan, type TextPlan, withoutLocks } from "./text-plan.ts";
import { TransactionWatch } from "./transaction-watch.ts";
import {
  afterStatement,
  changesCatalogInSight,
  isUnsettled,
  type UncommittedDdl,
} from "./uncommitted-ddl.ts";

/** What was decided for one text, and for whom. */
export interface Choice {
  readonly plan: TextPlan;
  /** The client's text, decoded. */
  readonly text: string;
  readonly tag: VersionTag | undefined;
  readonly traceId: string | undefined;
  /** `performance.now()` when the text was first looked at. */
  readonly startedMs: number;
  readonly overheadMs: number;
}

/** What the two directions of one session share. It owns the state, and no socket. */
export class Dialogue {
  readonly context: SessionContext;
  readonly controls: SessionControls;
  readonly info: SessionInfo;
  /** The tag that the session began with; `straddle.version` overrides it. */
  readonly startupTag: VersionTag | undefined;
  readonly toClient: Outbox;
  readonly toServer: Outbox;
  readonly pipeline: Pipeline;
  readonly prepared: PreparedStatements;
  readonly large: LargeTexts;
  readonly retry = new Retry(this);
  readonly #isWindowed: boolean;
  /** As the last ReadyForQuery said. */
  status: "I" | "T" | "E" = "I";
  /** Extended messages sent since the last Sync: an own Sync among them would commit. */
  unsyncedCount = 0;
  /** Relations whose names this transaction relies on and so holds locks on. */
  readonly pins = new Pins();
  /** The client's batch since the last Sync, while it could still be sent again. */
  batch: ReplayBatch | undefined;
  /** What the client sends now is a batch that is sent again. */
  isReplaying = false;
  /** The flip that this session carries out. */
  flip: { readonly oid: number; readonly owner: FlipOwner } | undefined;
  /** The session's effective schemas; undefined when they have to be asked for. Then, the last ones known. */
  schemas: readonly string[] | undefined;
  lastSchemas: readonly string[] = [];
  /** `straddle.version` may have changed, and so the tag. */
  isTagStale = false;
  /** Something in this transaction changed what names are resolved by. */
  hasUnsettledSession = false;
  /** The catalog shows this transaction's schema changes only when it commits. */
  uncommittedDdl: UncommittedDdl = "none";
  /** How the text at hand leaves a failed transaction: what is asked for it is asked behind that. */
  exit: Exit | undefined;
  readonly catalogNeed: CatalogNeed;
  readonly watch = new TransactionWatch();
  /** Rises with anything but the context that decisions hang on. */
  ownGeneration = 0;
  /** When the statement at hand began to wait for a flip. `performance.now()`. */
  heldSince: number | undefined;
  /** A Bind was sent since the last Sync: there is something that a Sync would commit. */
  hasBound = false;
  /** The client's next message waits until nothing is owed any more. */
  isWaitingForDrain = false;
  /** The client's next message waits until less is owed. */
  isWaitingForRoom = false;
  encoding: BufferEncoding = "utf8";
  isEncodingSafe = true;
  standardConformingStrings = true;
  /** `server_version_num`, as far as the server told at startup. */
  serverVersion: number | undefined;

  constructor(options: {
    readonly context: SessionContext;
    readonly controls: SessionControls;
    readonly info: SessionInfo;
    readonly toClient: Outbox;
    readonly toServer: Outbox;
  }) {
    this.context = options.context;
    this.catalogNeed = new CatalogNeed(options.context, () => this.windows);
    this.controls = options.controls;
    this.info = options.info;
    this.startupTag = options.info.tag;
    this.#isWindowed = options.info.database === options.context.database;
    this.toClient = options.toClient;
    this.toServer = options.toServer;
    const { limits, hits } = this.context;
    this.prepared = new PreparedStatements({ sizeMax: limits.preparedSizeMax, hits });
    this.pipeline = new Pipeline({ countMax: limits.pipelineCountMax });
    this.large = new LargeTexts(this.context, () => this.controls.resumeClient());
  }

  /** Those of the session's database: the catalog that is known is of one database only. */
  get windows(): readonly Window[] {
    return this.#isWindowed ? this.context.windows : [];
  }

  naming(tag: VersionTag | undefined): Naming {
    return this.context.naming(this.#isWindowed ? tag : undefined);
  }

  /** Two decisions of the same generation are the same. */
  get generation(): number {
    return this.context.generation * 1_000_000 + (this.ownGeneration % 1_000_000);
  }

  /** A ParameterStatus: those that say how text is to be read. */
  parameterChanged(name: string, value: string): void {
    if (name === "client_encoding") {
      this.encoding = javascriptEncoding(value);
      this.isEncodingSafe = isAsciiSafe(value);
    } else if (name === "search_path") {
      // PostgreSQL 18 tells of it, also where a function changed it.
      this.forgetSchemas();
    } else if (name === "standard_conforming_strings") {
      this.standardConformingStrings = value === "on";
    } else if (name === "server_version") {
      this.serverVersion = serverVersionNumber(value);
    }
  }

  /** The server's answer to `SESSION_INQUIRY`. */
  sessionAnswered(schemas: readonly string[], version: string | undefined): void {
    this.schemas = this.lastSchemas = schemas;
    this.ownGeneration += 1;
    if (!this.isTagStale) return;
    this.isTagStale = false;
    const tag = version === undefined ? undefined : this.context.tagging.fromSetting(version);
    this.info.tag = tag ?? this.startupTag;
  }

  /** The session is over: whoever waits for it goes on. */
  ended(): void {
    this.context.gate.forget(this.controls.resumeClient);
    this.context.observer.forget(this.controls.resumeClient);
    this.pipeline.clear();
    this.large.forget();
    this.endFlip();
  }

  endFlip(): void {
    const { flip } = this;
    this.flip = undefined;
    if (flip !== undefined) this.context.gate.open(flip.oid, flip.owner);
  }

  /** The client's next message waits until nothing is owed: `resumeClient` follows. */
  waitForDrain(): void {
    this.isWaitingForDrain = true;
    if (this.unsyncedCount > 0) this.toServer.add(FLUSH);
  }

  batchEnded(): void {
    this.unsyncedCount = 0;
    this.hasBound = false;
  }

  holdEnded(): void {
    if (this.heldSince === undefined) return;
    this.context.observer.held(this.info, performance.now() - this.heldSince);
    this.heldSince = undefined;
  }

  /** Keeps a message of the client, for as long as its batch could be sent again. */
  recordFrame(frame: ClientFrame, reliesOnNames: boolean): void {
    const { limits, hits } = this.context;
    if (this.windows.length === 0 || this.status !== "I") return;
    this.batch ??= new ReplayBatch({ isReplay: this.isReplaying });
    if (!this.batch.add(frame, limits.replaySizeMax)) hits.add("replay_size_max");
    if (reliesOnNames) this.batch.reliesOnNames = true;
  }

  forgetSchemas(): void {
    this.schemas = undefined;
    this.ownGeneration += 1;
    if (this.context.tagging.usesSetting) this.isTagStale = true;
  }

  /**
   * Undefined where the session has to be asked something first, or `large.isWaiting`: the caller comes
   * back with the same text.
   */
  choose(buffer: Buffer, start: number, end: number, isQuery: boolean): Choice | undefined {
    const startedMs = performance.now();
    const { context, encoding } = this;
    const decider = context.decider;
    const scan = scanStatement(buffer, start, end, this.standardConformingStrings);
    const decode = () => buffer.toString(encoding, start, end);
    const isLarge = this.large.takes(end - start);
    const look = isLarge ? this.large.look(scan, decode) : decider.look(scan, decode);
    if (look === "waiting") return undefined;
    if ("why" in look) return unanalysedChoice(this, decode(), look.why);
    const isPassed = isOnlyEnding(look, this, isQuery);
    // The server runs nothing of a text that can't be parsed, whoever it is from.
    const isSyntaxError = !look.isParsed && !look.isOpaque;
    if (!isPassed && isQuery && mustBeKnown(look, this)) {
      this.waitForDrain();
      return undefined;
    }
    this.exit = isPassed ? undefined : exitOf(look, this, decode);
    if (this.isTagStale && !isPassed && !isSyntaxError) return undefined;
    const comment = scan.comment === undefined ? undefined : this.#readComment(scan.comment);
    const tag = comment?.tag ?? this.info.tag;
    const naming = this.naming(tag);
    const mentions = decider.mentions(look, naming);
    const bytes = buffer.subarray(start, end);
    const shows = !mentions && decider.showsNames(look, naming) && isCertain(this, bytes, naming);
    let plan = look.plan;
    if (isPassed) {
      // The server refuses it as it is; together with a check it would be two statements.
      if (look.hasLock) plan = withoutLocks(look.plan);
    } else if (tag === undefined && context.tagging.rejectsUnknown) {
      plan = refusedPlan(look.plan, UNKNOWN_VERSION);
    } else if (isDoubtful(this, bytes, naming)) {
      plan = refusedPlan(look.plan, UNREADABLE);
    } else if (look.isOpaque && isGuarded(this, decode())) {
      plan = refusedPlan(look.plan, TOO_COMPLEX);
    } else if (mentions || shows || look.needsPlan) {
      const needsSchemas = mentions || shows || (look.hasRename && this.windows.length > 0);
      if (needsSchemas && this.schemas === undefined) return undefined;
      const input = {
        text: decode(),
        scan,
        naming,
        windows: this.windows,
        catalog: context.catalog,
        searchPath: this.schemas ?? [],
        isBehindFirst: this.exit !== undefined,
      };
      const named = this.#isWindowed ? tag : undefined;
      const made = isLarge ? this.large.plan(input, named) : decider.plan(input);
      if (made === "waiting") return undefined;
      if ("why" in made) return unanalysedChoice(this, input.text, made.why);
      plan = made;
      const uncommittedDdl = this.exit?.isFull === true ? "none" : this.uncommittedDdl;
      if (plan.statements.some((each) => isUnsettled(uncommittedDdl, each, mentions))) {
        plan = refusedPlan(plan, UNCOMMITTED_DDL);
      }
    }
    if (isLarge) this.large.forget();
    const overheadMs = performance.now() - startedMs;
    return { plan, text: decode(), tag, traceId: comment?.traceId, startedMs, overheadMs };
  }

  /** What a statement that is being sent changes in what is known. */
  noteSent(statement: StatementPlan): void {
    const { facts } = statement;
    if (facts === undefined || statement.refusal !== undefined) return;
    if (statement.concern !== "none" || this.watch.isLocking) {
      this.watch.note(facts, this.pipeline.endsAsked + 1);
    }
    if (facts.changesSession || facts.versionSetting !== undefined) {
      this.forgetSchemas();
      this.hasUnsettledSession = true;
    }
    if (changesCatalogInSight(facts) && this.catalogNeed.note(facts, this.pipeline.endsAsked + 1)) {
      this.uncommittedDdl = afterStatement(this.uncommittedDdl, facts, this.windows);
    }
    this.pins.note(facts, this.pipeline.endsAsked + 1);
  }

  #readComment(comment: string): { tag: VersionTag | undefined; traceId: string | undefined } {
    const traceparent = parseComment(comment).get("traceparent");
    return {
      tag: this.context.tagging.fromComment(comment, this.info.tag),
      traceId: traceparent === undefined ? undefined : traceIdOf(traceparent),
    };
  }
}
