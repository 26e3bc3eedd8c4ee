import type { Choice, Dialogue } from "./dialogue.ts";
import { inquire, type Rows, SESSION_INQUIRY } from "./inquiry.ts";
import type { ErrorFields } from "./pipeline-entry.ts";
import { passedPlan, unansweredChoice, unreadChoice } from "./special-plans.ts";

/** Of a ROLLBACK TO that a question tried before its text does: nothing of that text will run. */
const NO_SAVEPOINT = "3B001";

/** Decides on texts, and asks the session what it has to know for that. */
export class Chooser {
  readonly #dialogue: Dialogue;
  /** The server could not say what was asked for the text at hand; what it said instead. */
  #unanswered: { readonly error: ErrorFields | undefined } | undefined;

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  /** The choice for a text; undefined while the session is asked, with `resumeClient` to follow. */
  choose(buffer: Buffer, start: number, end: number): Choice | undefined {
    return this.#choose(buffer, start, end, false);
  }

  /** The same for a text of the simple protocol, which can be of several statements. */
  chooseQuery(buffer: Buffer, start: number, end: number): Choice | undefined {
    return this.#choose(buffer, start, end, true);
  }

  #choose(buffer: Buffer, start: number, end: number, isQuery: boolean): Choice | undefined {
    const dialogue = this.#dialogue;
    const choice = dialogue.choose(buffer, start, end, isQuery);
    const isWaiting = dialogue.large.isWaiting || dialogue.isWaitingForDrain;
    if (choice === undefined && isWaiting) return undefined;
    const unanswered = this.#unanswered;
    // It is about this text alone, also where by now nothing has to be asked: the transaction has failed.
    this.#unanswered = undefined;
    if (choice !== undefined) return choice;
    if (unanswered !== undefined) {
      const text = buffer.toString(dialogue.encoding, start, end);
      const { error } = unanswered;
      if (dialogue.exit !== undefined && error?.get("C") === NO_SAVEPOINT) {
        return unreadChoice(dialogue, passedPlan("ROLLBACK", "ROLLBACK TO"), text);
      }
      return unansweredChoice(text, dialogue.info.tag, error);
    }
    inquire(dialogue, SESSION_INQUIRY, (rows, error) => this.#answered(rows, error));
    return undefined;
  }

  #answered(rows: Rows | undefined, error: ErrorFields | undefined): void {
    const dialogue = this.#dialogue;
    const [schemas, version] = rows?.[0] ?? [];
    const names = namesOf(schemas);
    if (names !== undefined) dialogue.sessionAnswered(names, version ?? undefined);
    // Else the server throws away the text, too: an error before it in its batch.
    else if (!dialogue.pipeline.isSkipping) this.#unanswered = { error };
    dialogue.controls.resumeClient();
  }
}

/** The server's own array_to_json; undefined where something else came. */
function namesOf(json: string | null | undefined): string[] | undefined {
  if (typeof json !== "string") return undefined;
  try {
    const names: unknown = JSON.parse(json);
    const isList = Array.isArray(names) && names.every((name) => typeof name === "string");
    return isList ? names : undefined;
  } catch {
    return undefined;
  }
}
