import {
  bind,
  closeStatement,
  copyData,
  copyDone,
  describePortal,
  describeStatement,
  execute,
  frame,
  int32,
  parse,
  query,
  sync,
} from "../support/client-frames.ts";
import type { Turn } from "./conversations.ts";
import type { Way } from "./stage.ts";

/** The smallest conversation for each defect that was found: these are played in every run. */
export interface CorpusRow {
  readonly name: string;
  readonly way: Way;
  readonly turns: readonly Turn[];
  /** Sent in one write with the startup packet, ahead of the end of authentication. */
  readonly isEarly?: boolean;
}

const header = (type: string, length: number) => Buffer.concat([Buffer.from(type), int32(length)]);

export const CORPUS: readonly CorpusRow[] = [
  {
    name: "a statement ahead of the end of authentication is decided on as any other",
    way: "new",
    turns: [[parse("", "SELECT customer_id FROM orders"), sync()]],
    isEarly: true,
  },
  {
    name: "a message of no type is the server's to name",
    way: "plain",
    turns: [[sync(), Buffer.from("{{{{{")]],
  },
  {
    name: "a type byte alone is enough for it",
    way: "plain",
    turns: [[query("SELECT 1"), Buffer.from([4, 0])]],
  },
  {
    name: "what was asked before a length that can't be is answered",
    way: "plain",
    turns: [[query("SELECT 1"), header("Q", 3)]],
  },
  {
    name: "the server's words on a length that can't be within COPY",
    way: "plain",
    turns: [[query("COPY item FROM STDIN")], [header("f", 0x40000000)]],
  },
  {
    name: "the largest length of all is one too much",
    way: "plain",
    turns: [[header("Q", 0x3fffffff), Buffer.from("SELECT 1\0")]],
  },
  {
    name: "a Sync of more than the server takes of one does not wait for its end",
    way: "plain",
    turns: [[query("SELECT 1"), header("S", 10_001)]],
  },
  {
    name: "COPY's error is in the client's names, its CONTEXT too",
    way: "new",
    turns: [[query("COPY orders (id, customer_id) FROM STDIN"), copyData("4\tx\n")]],
  },
  {
    name: "a Query without its NUL is not mended by an edit",
    way: "new",
    turns: [[frame("Q", Buffer.from("SELECT customer_id FROM ordersx"))]],
  },
  {
    name: "a text that is no UTF-8 is not mended by an edit",
    way: "new",
    turns: [
      [frame("Q", Buffer.from("UPDATE orders SET customer_id = 1, note = '\x83'\0", "latin1"))],
      [parse("", "SELECT 1"), sync()],
      [
        frame("P", "", Buffer.from("SELECT customer_id, '\x83' FROM orders\0\0\0", "latin1")),
        sync(),
      ],
      [query("TABLE item")],
    ],
  },
  {
    name: "a Parse that can't be read leaves the statement before it",
    way: "new",
    turns: [
      [parse("", "UPDATE orders SET customer_id = 7 WHERE id = 1 RETURNING *"), sync()],
      [frame("P", "", "SELECT 1", Buffer.from([0])), sync()],
      [bind("", ""), execute(""), describeStatement(""), sync()],
    ],
  },
  {
    name: "a Close behind an error closes nothing",
    way: "new",
    turns: [
      [parse("s", "UPDATE orders SET customer_id = 7 WHERE id = 1 RETURNING *"), sync()],
      [parse("", "SELECT 1/0"), bind("", ""), execute(""), closeStatement("s"), sync()],
      [describeStatement("s"), sync()],
    ],
  },
  {
    name: "a Close behind an error closes nothing, of which nobody has heard yet",
    way: "new",
    turns: [
      [
        parse("s", "UPDATE orders SET customer_id = 9 WHERE id = 1 RETURNING *"),
        execute(""),
        closeStatement("s"),
        sync(),
        bind("", "s"),
        describePortal(""),
        sync(),
      ],
    ],
  },
  {
    name: "a question of Straddle's own does not end what a Query left open",
    way: "new",
    turns: [
      [parse("", "SELECT 1"), bind("", ""), execute("")],
      [query("SELECT 2"), query("SELECT customer_id FROM orders")],
    ],
  },
  {
    name: "a question of Straddle's own does not end the skipping behind an error",
    way: "new",
    turns: [
      [
        parse("", "SELECT * FROM no_such_table"),
        query("SELECT 1"),
        query("SELECT customer_id FROM orders"),
        sync(),
      ],
    ],
  },
  {
    name: "a Sync behind data that was wrong is answered, also ahead of the CopyDone",
    way: "plain",
    turns: [
      [
        parse("", "COPY item FROM STDIN"),
        bind("", ""),
        execute(""),
        copyData("five\n"),
        sync(),
        copyDone(),
        sync(),
        parse("", "SELECT 1"),
        bind("", ""),
        describePortal(""),
        execute(""),
        sync(),
      ],
    ],
  },
];
