import {
  bind,
  copyData,
  copyDone,
  describeStatement,
  execute,
  parse,
  query,
  sync,
} from "../support/client-frames.ts";
import { LARGE_WAYS, testContract } from "./contract.ts";
import { ask, type ContractCase, type Step, send } from "./contract-case.ts";

const MEBIBYTE = 1024 * 1024;
const LARGE_TEXT = "x".repeat(3 * MEBIBYTE);

/** Without the text, which would only fill the report of a failure. */
const short: Step = async ({ transcript }) => {
  for (const [index, line] of transcript.entries()) {
    transcript[index] = line.replaceAll(/x{1000,}/g, (run) => `(${run.length} x)`);
  }
};

const many = (count: number, make: (index: number) => readonly Buffer[]) =>
  Array.from({ length: count }, (_, index) => make(index)).flat();

/** Messages larger than Straddle holds, and more of them than it waits for. */
const CASES: readonly ContractCase[] = [
  {
    name: "a parameter of 3 MiB",
    sees: ["(3145728 x)"],
    steps: [
      ask(parse("", "SELECT $1::text"), bind("", "", [LARGE_TEXT]), execute(""), sync()),
      ask(query("SELECT 1")),
      short,
    ],
  },
  {
    name: "a parameter of 3 MiB for a statement that does not exist",
    sees: ["C26000\\0"],
    steps: [ask(bind("", "no", [LARGE_TEXT]), execute(""), sync()), ask(query("SELECT 1")), short],
  },
  {
    name: "a row of 3 MiB",
    sees: ["(3145728 x)"],
    steps: [ask(query(`SELECT repeat('x', ${LARGE_TEXT.length})`)), ask(query("SELECT 1")), short],
  },
  {
    name: "an error of 3 MiB, by the simple protocol",
    sees: ["CP0001\\0", "(3145728 x)"],
    steps: [
      ask(query(`DO $$ BEGIN RAISE '%', repeat('x', ${LARGE_TEXT.length}); END $$`)),
      ask(query("SELECT 1")),
      short,
    ],
  },
  {
    name: "an error of 3 MiB, by the extended protocol",
    sees: ["CP0001\\0", "(3145728 x)"],
    steps: [
      ask(
        parse("", `DO $$ BEGIN RAISE '%', repeat('x', ${LARGE_TEXT.length}); END $$`),
        bind("", ""),
        execute(""),
        sync(),
      ),
      ask(parse("", "SELECT 1"), bind("", ""), execute(""), sync()),
      short,
    ],
  },
  {
    name: "a notice of 3 MiB",
    sees: ["< NoticeResponse", "(3145728 x)"],
    steps: [
      ask(query(`DO $$ BEGIN RAISE NOTICE '%', repeat('x', ${LARGE_TEXT.length}); END $$`)),
      ask(query("SELECT 1")),
      short,
    ],
  },
  {
    name: "COPY of a line of 3 MiB",
    sees: ['"COPY 1\\0"'],
    steps: [
      ask(query("COPY item FROM STDIN"), copyData(`4\t${LARGE_TEXT}\n`), copyDone()),
      ask(query("COPY item TO STDOUT")),
      short,
    ],
  },
  {
    name: "a batch of 20000 messages in one write",
    sees: ['"SELECT 1\\0"'],
    steps: [
      ask(
        parse("s", "SELECT $1::int"),
        describeStatement("s"),
        ...many(10_000, (index) => [bind("", "s", [String(index)]), execute("")]),
        sync(),
      ),
    ],
  },
  {
    name: "an error in a batch of 20000 messages",
    sees: ["C22012\\0"],
    steps: [
      ask(
        parse("s", "SELECT 1 / ($1::int - 5000)"),
        ...many(10_000, (index) => [bind("", "s", [String(index)]), execute("")]),
        sync(),
      ),
      ask(query("SELECT 1")),
    ],
  },
  {
    name: "a batch of 50000 statements, each parsed anew",
    sees: ["49999"],
    steps: [
      ask(
        Buffer.concat(
          many(50_000, (index) => [parse("", `SELECT ${index}`), bind("", ""), execute("")]),
        ),
        sync(),
      ),
      ask(query("SELECT 1")),
    ],
  },
  {
    name: "an error in the middle of such a batch",
    sees: ["C22012\\0"],
    steps: [
      ask(
        Buffer.concat(
          many(50_000, (index) => [
            parse("", `SELECT 1 / (${index} - 25000)`),
            bind("", ""),
            execute(""),
          ]),
        ),
        sync(),
      ),
      ask(query("SELECT 1")),
    ],
  },
  {
    name: "12000 queries in one write",
    sees: ['"SELECT 1\\0"'],
    steps: [
      send(...many(12_000, (index) => [query(`SELECT ${index}`)])),
      async (client) => {
        for (let count = 0; count < 12_000; count++) await client.until("ReadyForQuery");
      },
    ],
  },
];

testContract(CASES, LARGE_WAYS);
