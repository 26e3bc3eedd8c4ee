import { type LineSink, Sink } from "../../audit/sink.ts";
import type { Config } from "../../config/config.ts";
import { explainSystemError, SetupError } from "../fail.ts";
import { log } from "../log.ts";
import { auditTarget } from "../observers.ts";
import type { Member } from "./flip-board.ts";

/** The primary's end of the audit log: one sink for the lines of all workers. */
export class AuditHub {
  readonly #sink: LineSink;
  readonly #workers: () => Iterable<Member>;
  /** What was given to the sink, oldest first; `end` counts its bytes from the start. */
  readonly #batches: { readonly member: Member; readonly size: number; readonly end: number }[] =
    [];
  #total = 0;
  #toldProblem: string | undefined;

  constructor(sink: LineSink, workers: () => Iterable<Member>) {
    this.#sink = sink;
    this.#workers = workers;
    sink.onChange = () => this.#changed();
  }

  get problem(): string | undefined {
    return this.#sink.problem;
  }

  /** Whole lines of a worker. */
  take(member: Member, lines: string, size: number): void {
    this.#total += size;
    this.#batches.push({ member, size, end: this.#total });
    this.#sink.write(lines);
  }

  /** A new worker has to know if there is something wrong. */
  join(member: Member): void {
    const { problem } = this.#sink;
    if (problem !== undefined) member.send({ kind: "audit_taken", size: 0, problem });
  }

  reopen(): Promise<void> {
    return this.#sink.reopen();
  }

  close(deadlineMs: number): Promise<void> {
    return this.#sink.close(deadlineMs);
  }

  #changed(): void {
    const { problem, pendingSize } = this.#sink;
    const taken = this.#total - pendingSize;
    const sizes = new Map<Member, number>();
    if (problem !== this.#toldProblem) for (const member of this.#workers()) sizes.set(member, 0);
    this.#toldProblem = problem;
    while ((this.#batches[0]?.end ?? Number.POSITIVE_INFINITY) <= taken) {
      const batch = this.#batches.shift();
      if (batch !== undefined) {
        sizes.set(batch.member, (sizes.get(batch.member) ?? 0) + batch.size);
      }
    }
    for (const [member, size] of sizes) {
      member.send({ kind: "audit_taken", size, problem: problem ?? null });
    }
  }
}

/** Undefined where there is no audit log; what can't be opened is a SetupError. */
export async function openAuditSink(config: Config): Promise<Sink | undefined> {
  const target = auditTarget(config);
  if (target === undefined) return undefined;
  try {
    return await Sink.open(target, log);
  } catch (error) {
    throw new SetupError(explainSystemError(`audit.path: ${config.audit.path}`, error));
  }
}
