import type { Observer, StatementRecord } from "../session/observer.ts";
import { type ParameterPolicy, RecordLines } from "./record-line.ts";
import { type LineSink, Sink, type SinkLog, type SinkTarget } from "./sink.ts";

export interface AuditOptions {
  readonly target: SinkTarget;
  readonly parameters: ParameterPolicy;
  readonly whenFull: "wait" | "drop";
  /** Bytes of records that the system has not taken yet. */
  readonly bufferSizeMax: number;
  /** Bytes of one parameter's value that are recorded under `parameters: full`. */
  readonly parameterSizeMax: number;
  /** Straddle's own log, to which failures of the sink go. */
  readonly log: SinkLog;
}

/**
 * Records every statement as a JSON line. It owns the choice of what happens when the lines can't
 * be written as fast as they are made; the writing itself is the sink's.
 *
 * What is promised. A record is made when the server's answer has been forwarded, and given to the
 * system within 50 ms unless the sink is slow. So a statement is missing from the log
 * - if Straddle is killed (`kill -9`, out of memory) in the moment between: with `wait` these are at
 *   most `bufferSizeMax` bytes and what the sessions had under way, usually the last 50 ms;
 * - if the machine itself dies before the system has written it to disk: nothing is fsynced;
 * - with `drop`, while the sink is full or failing: every one is counted in `droppedCount`, and a line
 *   `{"time":…,"dropped":n}` stands in the log where they are missing, as soon as there is room.
 * With `wait` no statement starts while the sink fails or `bufferSizeMax` is used up; those under
 * way end, and their records are kept in memory above the bound. An orderly end writes everything.
 */
export class AuditLog implements Observer {
  readonly wantsParameters: boolean;
  readonly #lines: RecordLines;
  readonly #mayWait: boolean;
  readonly #bufferSizeMax: number;
  readonly #waiting = new Set<() => void>();
  readonly #sink: LineSink;
  #droppedCount = 0;
  #toldDroppedCount = 0; // How many of them the log itself has told.
  #isFull = false;
  #isClosed = false;

  /** Rejects if the file can't be opened. */
  static async open(options: AuditOptions): Promise<AuditLog> {
    return new AuditLog(options, await Sink.open(options.target, options.log));
  }

  /** Over a sink that is there already. */
  constructor(options: Omit<AuditOptions, "target" | "log">, sink: LineSink) {
    this.wantsParameters = options.parameters !== "none";
    this.#lines = new RecordLines(options);
    this.#mayWait = options.whenFull === "wait";
    this.#bufferSizeMax = options.bufferSizeMax;
    this.#sink = sink;
    sink.onChange = () => this.#sinkChanged();
  }

  /** Records that were not written, since the start. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Sessions that wait for room. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Bytes of records that the system has not taken yet. */
  get pendingSize(): number {
    return this.#sink.pendingSize;
  }

  /** Why records can't be written at present; undefined while all is well. */
  get problem(): string | undefined {
    if (this.#sink.problem !== undefined) return this.#sink.problem;
    return this.#isFull ? `${this.#bufferSizeMax} bytes of records wait to be written` : undefined;
  }

  statementEnded(record: StatementRecord): void {
    if (this.#isClosed) {
      this.#droppedCount += 1;
      return;
    }
    const line = this.#lines.line(record);
    if (this.#isFull || this.#sink.pendingSize + line.length > this.#bufferSizeMax) {
      this.#overflowed(line);
    } else {
      this.#sink.write(line);
    }
  }

  mayStart(resume: () => void): boolean {
    if (!this.#mayWait || (!this.#isFull && this.#sink.problem === undefined)) return true;
    this.#waiting.add(resume);
    return false;
  }

  forget(resume: () => void): void {
    this.#waiting.delete(resume);
  }

  /** Opens the file anew, after it has been moved away. */
  reopen(): Promise<void> {
    return this.#sink.reopen();
  }

  /** Writes what is left, for at most `deadlineMs`. Call it when the last session has ended. */
  close(deadlineMs: number): Promise<void> {
    if (!this.#isClosed) this.#tellDropped();
    this.#isClosed = true;
    return this.#sink.close(deadlineMs);
  }

  // A record is of a statement; what else a session does is for the metrics.
  sessionOpened(): void {}
  sessionClosed(): void {}
  recovered(): void {}

  retried(): void {}
  held(): void {}

  #overflowed(line: string): void {
    if (this.#mayWait) {
      this.#isFull = true;
      this.#sink.write(line); // Its statement has run: too late to wait.
      return;
    }
    this.#droppedCount += 1;
    // A line too large for an empty buffer leaves no room to wait for.
    this.#isFull = this.#isFull || this.#sink.pendingSize > 0;
    if (!this.#isFull) this.#tellDropped();
  }

  #sinkChanged(): void {
    // Half, so that sessions don't stop and go with every line.
    if (this.#isFull && this.#sink.pendingSize * 2 <= this.#bufferSizeMax) {
      this.#isFull = false;
      this.#tellDropped();
    }
    if (this.#isFull || this.#sink.problem !== undefined || this.#waiting.size === 0) return;
    const resumes = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of resumes) resume();
  }

  #tellDropped(): void {
    const count = this.#droppedCount - this.#toldDroppedCount;
    if (count === 0) return;
    this.#toldDroppedCount = this.#droppedCount;
    this.#sink.write(this.#lines.droppedLine(Date.now(), count));
  }
}
