import {
  bind,
  copyData,
  copyDone,
  copyFail,
  describePortal,
  execute,
  flush,
  frame,
  int32,
  parse,
  query,
  sync,
} from "../support/client-frames.ts";
import { ask, type ContractCase, cancelSleep, send, until, untilClosed } from "./contract-case.ts";

const COPY_IN = "COPY item FROM STDIN";
const runCopy = (sql: string) => [parse("", sql), bind("", ""), describePortal(""), execute("")];
const count = () => ask(query("SELECT count(*), max(name) FROM item"));

/** The protocol's "COPY Operations". */
export const COPY_CASES: readonly ContractCase[] = [
  {
    name: "COPY in",
    sees: ["< CopyInResponse", '"COPY 2\\0"'],
    steps: [
      send(query(COPY_IN)),
      until("CopyInResponse"),
      ask(copyData("4\td\n5\t"), copyData("e\n"), copyDone()),
      count(),
    ],
  },
  {
    name: "COPY in, with the data ahead of the answer",
    sees: ["< CopyInResponse", '"COPY 1\\0"'],
    steps: [ask(query(COPY_IN), copyData("4\td\n"), copyDone()), count()],
  },
  {
    name: "COPY in of nothing",
    sees: ['"COPY 0\\0"'],
    steps: [ask(query(COPY_IN), copyDone()), count()],
  },
  {
    name: "COPY out",
    sees: ["< CopyOutResponse", "< CopyData", "< CopyDone", '"COPY 3\\0"'],
    steps: [
      ask(query("COPY item TO STDOUT")),
      ask(query("COPY (SELECT * FROM item ORDER BY id) TO STDOUT (FORMAT csv, HEADER)")),
      ask(query("COPY item (name) TO STDOUT (FORMAT binary)")),
    ],
  },
  {
    name: "COPY out that fails in the middle",
    sees: ["< CopyOutResponse", "< CopyData", "C22012\\0"],
    steps: [ask(query("COPY (SELECT 10 / (3 - id) FROM item ORDER BY id) TO STDOUT")), count()],
  },
  {
    name: "COPY out that is cancelled",
    sees: ["< CopyOutResponse", "C57014\\0"],
    steps: [
      // The server sends what fills its buffer.
      send(query(`COPY (SELECT repeat('x', 9000), pg_sleep(60 * (id / 3)) FROM item) TO STDOUT`)),
      until("CopyOutResponse"),
      cancelSleep(),
      until("ReadyForQuery"),
    ],
  },
  {
    name: "COPY in whose data is wrong: the rest of it is ignored",
    sees: ["< CopyInResponse", "C22P02\\0", "WCOPY item, line 2"],
    steps: [
      send(query(COPY_IN)),
      until("CopyInResponse"),
      ask(copyData("4\td\n"), copyData("five\te\n"), copyData("6\tf\n")),
      send(copyData("7\tg\n"), copyDone()),
      count(),
    ],
  },
  {
    name: "COPY in that violates a constraint at its end",
    sees: ["C23505\\0"],
    steps: [ask(query(COPY_IN), copyData("1\td\n"), copyDone()), count()],
  },
  {
    name: "CopyFail",
    sees: ["C57014\\0", "the reason"],
    steps: [ask(query(COPY_IN), copyData("4\td\n"), copyFail("the reason")), count()],
  },
  {
    name: "COPY of a table that does not exist, with the data ahead of the answer",
    sees: ["C42P01\\0", '"SELECT 1\\0"'],
    steps: [ask(query("COPY no_such_table FROM STDIN"), copyData("1\n"), copyDone()), count()],
  },
  {
    name: "Flush and Sync within COPY are ignored",
    sees: ['"COPY 2\\0"'],
    steps: [
      send(query(COPY_IN)),
      until("CopyInResponse"),
      send(copyData("4\td\n"), flush(), sync(), copyData("5\te\n"), sync()),
      ask(copyDone()),
      count(),
    ],
  },
  {
    name: "a Query within COPY ends the session",
    sees: ["C08P01\\0", "closed"],
    steps: [
      send(query(COPY_IN)),
      until("CopyInResponse"),
      send(copyData("4\td\n"), query("SELECT 1")),
      untilClosed(),
    ],
  },
  {
    name: "a Parse within COPY, by the extended protocol, ends the session",
    sees: ["C08P01\\0", "closed"],
    steps: [
      send(...runCopy(COPY_IN), flush()),
      until("CopyInResponse"),
      send(copyData("4\td\n"), parse("", "SELECT 1"), sync()),
      untilClosed(),
    ],
  },
  {
    name: "no message of the protocol within COPY",
    sees: ["< CopyInResponse", "closed"],
    steps: [send(query(COPY_IN)), until("CopyInResponse"), send(frame("y", "x")), untilClosed()],
  },
  {
    name: "a CopyFail that is too long, of which only the header comes",
    sees: ["< CopyInResponse", "closed"],
    steps: [
      send(query(COPY_IN)),
      until("CopyInResponse"),
      send(Buffer.from("f"), int32(10_001)),
      untilClosed(),
    ],
  },
  {
    name: "CopyDone with bytes in it",
    sees: ["< CopyInResponse"],
    steps: [ask(query(COPY_IN), copyData("4\td\n"), frame("c", "x")), count()],
  },
  {
    name: "Terminate within COPY",
    sees: ["< CopyInResponse", "closed"],
    steps: [
      send(query(COPY_IN)),
      until("CopyInResponse"),
      send(copyData("4\td\n"), frame("X")),
      untilClosed(),
    ],
  },
  {
    name: "CopyData, CopyDone and CopyFail outside of COPY are ignored",
    sees: ['"SELECT 1\\0"'],
    steps: [
      send(copyData("1\n"), copyDone(), copyFail("no")),
      count(),
      ask(parse("", "SELECT 1"), copyDone(), bind("", ""), copyData("1\n"), execute(""), sync()),
      count(),
    ],
  },
  {
    name: "COPY in within a string of several statements",
    sees: ['"SELECT 1\\0"', '"COPY 1\\0"', '"SELECT 4\\0"'],
    steps: [
      send(query(`SELECT 1; ${COPY_IN}; SELECT * FROM item ORDER BY id`)),
      until("CopyInResponse"),
      ask(copyData("4\td\n"), copyDone()),
    ],
  },
  {
    name: "two COPYs in, and one out, within a string",
    sees: ['"COPY 1\\0"', '"COPY 2\\0"', '"COPY 6\\0"'],
    steps: [
      send(query(`${COPY_IN}; ${COPY_IN}; COPY item TO STDOUT`)),
      until("CopyInResponse"),
      send(copyData("4\td\n"), copyDone()),
      until("CopyInResponse"),
      ask(copyData("5\te\n"), copyData("6\tf\n"), copyDone()),
    ],
  },
  {
    name: "the first of two COPYs fails: the second never starts",
    sees: ["C57014\\0"],
    steps: [
      send(query(`${COPY_IN}; ${COPY_IN}`)),
      until("CopyInResponse"),
      ask(copyFail("no")),
      count(),
    ],
  },
  {
    name: "COPY in within a transaction block",
    sees: ['< ReadyForQuery "T"', '< ReadyForQuery "E"'],
    steps: [
      ask(query("BEGIN")),
      ask(query(COPY_IN), copyData("4\td\n"), copyDone()),
      ask(query(COPY_IN), copyData("five\n"), copyDone()),
      ask(query("ROLLBACK")),
      count(),
    ],
  },
  {
    name: "COPY in by the extended protocol",
    sees: ["< NoData", "< CopyInResponse", '"COPY 1\\0"'],
    steps: [
      send(...runCopy(COPY_IN), flush()),
      until("CopyInResponse"),
      send(copyData("4\td\n"), copyDone()),
      ask(sync()),
      count(),
    ],
  },
  {
    name: "the same, with its Sync ahead of the data: COPY ignores it, and another one is due",
    sees: ["< CopyInResponse", '"COPY 1\\0"'],
    steps: [
      send(...runCopy(COPY_IN), sync()),
      until("CopyInResponse"),
      send(copyData("4\td\n"), copyDone()),
      ask(sync()),
      count(),
    ],
  },
  {
    name: "the same, all of it in one write",
    sees: ["< CopyInResponse", '"COPY 1\\0"'],
    steps: [
      ask(...runCopy(COPY_IN), flush(), copyData("4\td\n"), copyDone(), sync()),
      ask(...runCopy(COPY_IN), sync(), copyData("5\te\n"), copyDone(), sync()),
      count(),
    ],
  },
  {
    name: "COPY in by the extended protocol whose data is wrong",
    sees: ["C22P02\\0", '"SELECT 1\\0"'],
    steps: [
      send(...runCopy(COPY_IN), flush()),
      until("CopyInResponse"),
      send(copyData("five\td\n"), copyData("6\tf\n")),
      until("ErrorResponse"),
      ask(copyDone(), ...runCopy("SELECT 1"), sync()),
      count(),
    ],
  },
  {
    name: "COPY in by the extended protocol whose data is wrong, all of it in one write",
    sees: ["C22P02\\0", '"SELECT 1\\0"'],
    steps: [ask(...runCopy(COPY_IN), copyData("five\td\n"), copyDone(), sync()), count()],
  },
  {
    name: "CopyFail by the extended protocol",
    sees: ["C57014\\0"],
    steps: [
      send(...runCopy(COPY_IN), flush()),
      until("CopyInResponse"),
      ask(copyFail("no"), sync()),
      count(),
    ],
  },
  {
    name: "COPY out by the extended protocol, between other statements",
    sees: ["< CopyOutResponse", '"COPY 3\\0"', '"SELECT 1\\0"'],
    steps: [
      ask(...runCopy("COPY item TO STDOUT"), ...runCopy("SELECT 1"), sync()),
      ask(...runCopy("COPY (SELECT 1/0) TO STDOUT"), ...runCopy("SELECT 1"), sync()),
    ],
  },
  {
    name: "COPY in whose batch failed before it: the data is ignored",
    sees: ["C22012\\0"],
    steps: [
      ask(...runCopy("SELECT 1/0"), ...runCopy(COPY_IN), copyData("4\td\n"), copyDone(), sync()),
      count(),
    ],
  },
  {
    name: "a client that hangs up within COPY",
    sees: ["< CopyInResponse"],
    steps: [
      send(query(COPY_IN)),
      until("CopyInResponse"),
      send(copyData("4\td\n")),
      async (client) => client.abandon(),
    ],
  },
];
