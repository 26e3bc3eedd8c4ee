import type { Choice, Dialogue } from "./dialogue.ts";
import { inquire, type Rows, SESSION_INQUIRY } from "./inquiry.ts";
import type { ErrorFields } from "./pipeline-entry.ts";
import { unansweredChoice } from "./special-plans.ts";

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
    const dialogue = this.#dialogue;
    const choice = dialogue.choose(buffer, start, end);
    if (choice === undefined && dialogue.large.isWaiting) return undefined;
    const unanswered = this.#unanswered;
    // It is about this text alone, also where by now nothing has to be asked: the transaction has failed.
    this.#unanswered = undefined;
    if (choice !== undefined) return choice;
    if (unanswered !== undefined) {
      const text = buffer.toString(dialogue.encoding, start, end);
      return unansweredChoice(text, dialogue.info.tag, unanswered.error);
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
