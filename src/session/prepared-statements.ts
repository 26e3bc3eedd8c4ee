import type { VersionTag } from "../version/tag.ts";
import type { Execution } from "./execution.ts";
import type { LimitHits } from "./limit-hits.ts";
import type { ErrorFields } from "./pipeline-entry.ts";
import type { TextPlan } from "./text-plan.ts";

/** A prepared statement as the client sees it, and as the server has it. */
export interface PreparedStatement {
  readonly name: string;
  /** By a Parse, or by SQL's PREPARE, which is all of the text. */
  readonly by: "protocol" | "sql";
  /** The client's text; undefined where it was too large to be kept. */
  readonly text: string | undefined;
  /** The tail of the client's Parse: how many parameter types it gave, and which. */
  readonly parameterTypes: Buffer;
  readonly traceId: string | undefined;
  tag: VersionTag | undefined;
  /** What was sent, and the state of names that it was made for. */
  plan: TextPlan;
  generation: number;
  /** Preparing it again failed: the server has none of this name. */
  isLost: boolean;
  /** What it failed with, where the client has not read that. */
  failure?: { readonly fields: ErrorFields; readonly execution: Execution } | undefined;
}

export interface Portal {
  readonly statement: PreparedStatement;
  /** The Bind, which a later Describe of the portal is a part of. */
  readonly execution: Execution;
}

/** The server cuts names at NAMEDATALEN - 1 (`StorePreparedStatement`, `CreatePortal`). */
const NAME_SIZE_MAX = 63;

/** The statements and portals of one session, by name. Names are latin1 strings of their bytes. */
export class PreparedStatements {
  readonly #sizeMax: number;
  readonly #hits: LimitHits;
  readonly #statements = new Map<string, PreparedStatement>();
  readonly #portals = new Map<string, Portal>();
  #size = 0;

  /** `sizeMax`: bytes of texts, nearly. Statements over it are known without theirs. */
  constructor(options: { readonly sizeMax: number; readonly hits: LimitHits }) {
    this.#sizeMax = options.sizeMax;
    this.#hits = options.hits;
  }

  /** Bytes of texts that are kept. */
  get size(): number {
    return this.#size;
  }

  statement(name: string): PreparedStatement | undefined {
    return this.#statements.get(cut(name));
  }

  /** The same by a name of SQL: names of the protocol are kept by their bytes. */
  statementOfSql(name: string, encoding: BufferEncoding): PreparedStatement | undefined {
    return this.statement(bytesOf(name, encoding));
  }

  portal(name: string): Portal | undefined {
    return this.#portals.get(cut(name));
  }

  /**
   * Registers what a Parse is about to make. The returned function takes it back when the server did
   * not make it: an older statement of the name is still there, but for the unnamed one, which a
   * Parse lets go of before it can fail (`exec_parse_message`).
   */
  prepare(given: PreparedStatement): (wasTried: boolean) => void {
    const key = cut(given.name);
    const before = this.#statements.get(key);
    this.#remove(key);
    // Without its text it can't be prepared again after a flip; all else goes on.
    const isTooMuch = this.#size + sizeOf(given) > this.#sizeMax;
    if (isTooMuch) this.#hits.add("prepared_size_max");
    const statement = isTooMuch ? { ...given, text: undefined } : given;
    this.#add(key, statement);
    return (wasTried) => {
      if (this.#statements.get(key) !== statement) return;
      this.#remove(key);
      if (before !== undefined && (key !== "" || !wasTried)) this.#add(key, before);
    };
  }

  bind(portal: string, bound: Portal): void {
    this.#portals.set(cut(portal), bound);
  }

  closeStatement(name: string): void {
    this.#remove(cut(name));
  }

  /** What SQL's DEALLOCATE has let go of. */
  deallocated(name: string, encoding: BufferEncoding): void {
    this.closeStatement(bytesOf(name, encoding));
  }

  /**
   * A Close on its way: the statement is still there if the server ignores it, behind an error. Gives
   * what to call when it is done.
   */
  closing(name: string): () => void {
    const key = cut(name);
    const statement = this.#statements.get(key);
    return () => {
      if (this.#statements.get(key) === statement) this.#remove(key);
    };
  }

  closePortal(name: string): void {
    this.#portals.delete(cut(name));
  }

  /** Portals end with their transaction. */
  closeAllPortals(): void {
    if (this.#portals.size > 0) this.#portals.clear();
  }

  /** DEALLOCATE ALL and DISCARD ALL. */
  closeAllStatements(): void {
    this.#statements.clear();
    this.#size = 0;
  }

  #add(key: string, statement: PreparedStatement): void {
    this.#statements.set(key, statement);
    this.#size += sizeOf(statement);
  }

  #remove(key: string): void {
    const statement = this.#statements.get(key);
    if (statement === undefined) return;
    this.#statements.delete(key);
    this.#size -= sizeOf(statement);
  }
}

export function bytesOf(name: string, encoding: BufferEncoding): string {
  return Buffer.from(name, encoding).toString("latin1");
}

function sizeOf({ text = "", parameterTypes }: PreparedStatement): number {
  return text.length + parameterTypes.length;
}

function cut(name: string): string {
  return name.length > NAME_SIZE_MAX ? name.slice(0, NAME_SIZE_MAX) : name;
}
