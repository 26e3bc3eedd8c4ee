import { type Answers, turnBackError } from "../../src/rewrite/answers.ts";
import { answersFor } from "../../src/rewrite/answers-for.ts";
import type { Edit } from "../../src/sql/edit.ts";
import type { Message } from "./pipelined.ts";

/** What a client gets for one statement, as far as it has to be the same. */
export interface Outcome {
  readonly fields: readonly Field[];
  readonly rows: readonly string[];
  readonly tags: readonly string[];
  /** Fields of errors and notices, by their letters. */
  readonly notes: readonly Readonly<Record<string, string>>[];
}

export interface Field {
  readonly name: string;
  readonly table: number;
  readonly column: number;
  readonly type: number;
  readonly modifier: number;
}

/** The text that ran, and how its answers are turned back. */
export interface Ran {
  readonly sent: string;
  readonly ran: string;
  readonly edits: readonly Edit[];
  readonly answers: Answers;
}

export function asSent(text: string): Ran {
  return { sent: text, ran: text, edits: [], answers: answersFor([], new Map()) };
}

export function outcomeOf(answer: readonly Message[], ran: Ran | undefined): Outcome {
  const fields: Field[] = [];
  const rows: string[] = [];
  const tags: string[] = [];
  const notes: Record<string, string>[] = [];
  for (const { type, body } of answer) {
    if (type === "T") fields.push(...fieldsOf(body, ran));
    else if (type === "D" || type === "d") rows.push(body.toString("latin1"));
    else if (type === "C") tags.push(body.toString("utf8", 0, body.length - 1));
    else if (type === "H") tags.push(`COPY OUT ${body.toString("hex")}`);
    else if (type === "E" || type === "N") notes.push(noteOf(body, ran));
  }
  return { fields, rows, tags, notes };
}

function fieldsOf(body: Buffer, ran: Ran | undefined): Field[] {
  const fields: Field[] = [];
  for (let start = 2; start < body.length; ) {
    const end = body.indexOf(0, start);
    const name = body.toString("utf8", start, end);
    const table = body.readUInt32BE(end + 1);
    const column = body.readInt16BE(end + 5);
    const rename = ran?.answers.renameFields.find(
      (each) => each.tableOid === table && each.attnum === column && each.from === name,
    );
    fields.push({
      name: rename?.to ?? name,
      table,
      column,
      type: body.readUInt32BE(end + 7),
      modifier: body.readInt32BE(end + 13),
    });
    start = end + 19;
  }
  return fields;
}

/** Where in the server's source it was raised. */
const LEFT_OUT: ReadonlySet<string> = new Set(["F", "L", "R"]);

function noteOf(body: Buffer, ran: Ran | undefined): Record<string, string> {
  const parts = body.toString("utf8").split("\0");
  const fields = new Map(
    parts.flatMap((part) => (part === "" ? [] : [[part.slice(0, 1), part.slice(1)]])),
  );
  const turned =
    ran === undefined
      ? fields
      : turnBackError(fields, { ...ran, sentText: ran.sent, ranText: ran.ran });
  return Object.fromEntries([...turned].filter(([code]) => !LEFT_OUT.has(code)));
}
