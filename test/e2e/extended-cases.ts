import {
  bind,
  closePortal,
  closeStatement,
  describePortal,
  describeStatement,
  execute,
  flush,
  frame,
  functionCall,
  parse,
  query,
  sync,
} from "../support/client-frames.ts";
import { ask, type ContractCase, send, until } from "./contract-case.ts";

/** Parse, Bind, Describe and Execute of the unnamed statement: what drivers send. */
const run = (sql: string, values: readonly string[] = []) => [
  parse("", sql),
  bind("", "", values),
  describePortal(""),
  execute(""),
];

const LONG = "n".repeat(63);
const TEXT = 25;
/** `int4pl`: the + of integers. */
const PLUS_OID = 177;

/** The protocol's "Extended Query", "Pipelining" and "Function Call". */
export const EXTENDED_CASES: readonly ContractCase[] = [
  {
    name: "parse, bind, describe, execute, sync",
    sees: ["< ParseComplete", "< BindComplete", "< RowDescription", '"SELECT 1\\0"'],
    steps: [ask(...run("SELECT id, name FROM item WHERE id = $1", ["2"]), sync())],
  },
  {
    name: "a named statement, used again",
    sees: ["< ParameterDescription", '"SELECT 1\\0"', "< CloseComplete"],
    steps: [
      ask(parse("s", "SELECT $1 AS given"), describeStatement("s"), sync()),
      ask(bind("", "s", ["x"]), execute(""), bind("", "s", [null]), execute(""), sync()),
      ask(closeStatement("s"), sync()),
      ask(bind("", "s", ["x"]), sync()),
    ],
  },
  {
    name: "types given, and results in binary",
    sees: ["< DataRow", "C08P01\\0"],
    steps: [
      ask(parse("", "SELECT $1, 258", [TEXT]), bind("", "", ["x"], [1]), execute(""), sync()),
      ask(parse("", "SELECT 1, 2"), bind("", "", [], [0, 1]), execute(""), sync()),
      ask(parse("", "SELECT 1, 2"), bind("", "", [], [0, 1, 1]), execute(""), sync()),
    ],
  },
  {
    name: "what has no rows is described as such",
    sees: ["< NoData", '"UPDATE 3\\0"'],
    steps: [ask(...run("UPDATE item SET name = 'x'"), sync())],
  },
  {
    name: "Describe alone",
    sees: ["C26000\\0", "C34000\\0"],
    steps: [ask(describeStatement("no"), sync()), ask(describePortal("no"), sync())],
  },
  {
    name: "an empty query",
    sees: ["< EmptyQueryResponse"],
    steps: [ask(...run(""), sync()), ask(...run(" -- nothing"), sync())],
  },
  {
    name: "Close of names that do not exist",
    sees: ["< CloseComplete"],
    steps: [ask(closeStatement("no"), closePortal("no"), closeStatement(""), sync())],
  },
  {
    name: "several batches in one write",
    sees: ['"SELECT 1\\0"', "C22012\\0", '"SELECT 3\\0"'],
    steps: [
      send(
        ...run("SELECT 1"),
        sync(),
        ...run("SELECT 1/0"),
        ...run("SELECT 'never run'"),
        sync(),
        ...run("SELECT * FROM item"),
        sync(),
        sync(),
      ),
      until("ReadyForQuery"),
      until("ReadyForQuery"),
      until("ReadyForQuery"),
      until("ReadyForQuery"),
    ],
  },
  {
    name: "a batch is one transaction, undone by its error",
    sees: ["C23505\\0", '"SELECT 3\\0"'],
    steps: [
      ask(
        ...run("INSERT INTO item VALUES (4, 'd')"),
        ...run("INSERT INTO item VALUES (1, 'a')"),
        sync(),
      ),
      ask(...run("SELECT * FROM item"), sync()),
    ],
  },
  {
    name: "a batch with transactions of its own",
    sees: ['"COMMIT\\0"', "C22012\\0", '"SELECT 4\\0"'],
    steps: [
      ask(
        ...run("BEGIN"),
        ...run("INSERT INTO item VALUES (4, 'd')"),
        ...run("COMMIT"),
        ...run("SELECT 1/0"),
        sync(),
      ),
      ask(...run("SELECT * FROM item"), sync()),
    ],
  },
  {
    name: "a batch that leaves a transaction open, and one that ends it",
    sees: ['< ReadyForQuery "T"', '< ReadyForQuery "E"'],
    steps: [
      ask(...run("BEGIN"), sync()),
      ask(...run("SELECT no_such_column"), sync()),
      ask(...run("SELECT 1"), sync()),
      ask(...run("ROLLBACK"), sync()),
    ],
  },
  {
    name: "Flush gets the answers without a Sync",
    sees: ["< ParseComplete", '"SELECT 1\\0"'],
    steps: [
      send(parse("", "SELECT 1"), flush()),
      until("ParseComplete"),
      send(bind("", ""), describePortal(""), flush()),
      until("RowDescription"),
      send(execute(""), flush()),
      until("CommandComplete"),
      ask(sync()),
    ],
  },
  {
    name: "an error, then everything is ignored until Sync",
    sees: ["C42P01\\0", '"SELECT 1\\0"'],
    steps: [
      send(parse("", "SELECT * FROM no_such_table"), flush()),
      until("ErrorResponse"),
      send(...run("SELECT 1"), closeStatement(""), flush()),
      ask(sync()),
      ask(...run("SELECT 1"), sync()),
    ],
  },
  {
    name: "an error, then a Query and a FunctionCall before the Sync are ignored too",
    sees: ["C42P01\\0", '"SELECT 2\\0"'],
    steps: [
      ask(
        parse("", "SELECT * FROM no_such_table"),
        query("SELECT 1"),
        functionCall(PLUS_OID, ["1", "2"]),
        sync(),
      ),
      ask(query("SELECT FROM item LIMIT 2")),
    ],
  },
  {
    name: "errors of Parse, Bind and Execute",
    sees: ["C42601\\0", "C08P01\\0", "C22P02\\0", "C22012\\0", "C42P18\\0"],
    steps: [
      ask(...run("SELECT FROM WHERE"), sync()),
      ask(...run("SELECT 1; SELECT 2"), sync()),
      ask(...run("SELECT $1::int", []), sync()),
      ask(...run("SELECT $1::int", ["x"]), sync()),
      ask(...run("SELECT 1/$1::int", ["0"]), sync()),
      ask(parse("", "SELECT $2::int"), sync()),
    ],
  },
  {
    name: "a portal with a limit of rows",
    sees: ["< PortalSuspended", '"SELECT 1\\0"'],
    steps: [
      ask(
        parse("", "SELECT * FROM item ORDER BY id"),
        bind("p", ""),
        execute("p", 2),
        execute("p", 2),
        execute("p", 2),
        sync(),
      ),
      ask(execute("p"), sync()),
    ],
  },
  {
    name: "a portal of a transaction block outlives Sync, not the block",
    sees: ["< PortalSuspended", "C34000\\0"],
    steps: [
      ask(query("BEGIN")),
      ask(parse("s", "SELECT * FROM item ORDER BY id"), bind("p", "s"), execute("p", 1), sync()),
      ask(describePortal("p"), execute("p", 1), sync()),
      ask(bind("p", "s"), sync()),
      ask(query("ROLLBACK")),
      ask(execute("p"), sync()),
    ],
  },
  {
    name: "two portals of one statement, in turns",
    sees: ["< PortalSuspended", "< CloseComplete"],
    steps: [
      ask(
        parse("s", "SELECT id FROM item WHERE id >= $1 ORDER BY id"),
        bind("p", "s", ["1"]),
        bind("q", "s", ["2"]),
        execute("p", 1),
        execute("q", 1),
        execute("p", 1),
        closePortal("p"),
        execute("q", 0),
        execute("p", 0),
        sync(),
      ),
    ],
  },
  {
    name: "rows of a write, with a limit",
    sees: ["< PortalSuspended", '"UPDATE 2\\0"'],
    steps: [
      ask(
        parse("", "UPDATE item SET name = 'x' RETURNING id"),
        bind("", ""),
        execute("", 1),
        execute("", 0),
        sync(),
      ),
    ],
  },
  {
    name: "Execute of a portal that is done",
    sees: ['"SELECT 0\\0"', "C55000\\0"],
    steps: [
      ask(parse("", "SELECT 1"), bind("", ""), execute(""), execute(""), sync()),
      ask(parse("", "DELETE FROM item"), bind("", ""), execute(""), execute(""), sync()),
    ],
  },
  {
    name: "a cursor of SQL is a portal of the protocol",
    sees: ['"FETCH 1\\0"', "< PortalSuspended", "< CloseComplete"],
    steps: [
      ask(query("BEGIN; DECLARE c CURSOR FOR SELECT * FROM item ORDER BY id")),
      ask(describePortal("c"), execute("c", 1), sync()),
      ask(query("FETCH 1 FROM c")),
      ask(closePortal("c"), sync()),
      ask(query("FETCH 1 FROM c")),
    ],
  },
  {
    name: "a statement of SQL is a statement of the protocol",
    sees: ["< ParameterDescription", '"SELECT 1\\0"', "C26000\\0"],
    steps: [
      ask(query("PREPARE s (int) AS SELECT name FROM item WHERE id = $1")),
      ask(describeStatement("s"), bind("", "s", ["1"]), execute(""), sync()),
      ask(parse("t", "SELECT $1::int * 2"), sync()),
      ask(query("EXECUTE t (21)")),
      ask(query("DEALLOCATE t")),
      ask(bind("", "t", ["21"]), sync()),
    ],
  },
  {
    name: "DEALLOCATE ALL and DISCARD ALL let go of the protocol's statements too",
    sees: ["C26000\\0", '"DEALLOCATE ALL\\0"', '"DISCARD ALL\\0"'],
    steps: [
      ask(parse("s", "SELECT 1"), parse("t", "SELECT 2"), sync()),
      ask(...run("DEALLOCATE ALL"), sync()),
      ask(bind("", "s"), execute(""), sync()),
      ask(parse("s", "SELECT 3"), sync()),
      ask(query("DISCARD ALL")),
      ask(bind("", "s"), execute(""), sync()),
      ask(parse("s", "SELECT 4"), bind("", "s"), execute(""), sync()),
    ],
  },
  {
    name: "a Query destroys the unnamed statement and portal",
    sees: ["C26000\\0", "C34000\\0"],
    steps: [
      ask(parse("", "SELECT 1"), sync()),
      ask(bind("", ""), execute(""), sync()),
      ask(query("SELECT 2")),
      ask(bind("", ""), execute(""), sync()),
      ask(query("BEGIN")),
      ask(parse("", "SELECT 3"), bind("", ""), sync()),
      ask(query("SELECT 4")),
      ask(execute(""), sync()),
    ],
  },
  {
    name: "a Parse that fails destroys the unnamed statement, not a named one",
    sees: ["C26000\\0", '"SELECT 1\\0"'],
    steps: [
      ask(parse("", "SELECT 1"), parse("s", "SELECT 1"), sync()),
      ask(parse("", "SELECT no_such_column"), sync()),
      ask(bind("", ""), execute(""), sync()),
      ask(parse("s", "SELECT no_such_column"), sync()),
      ask(bind("", "s"), execute(""), sync()),
    ],
  },
  {
    name: "a name that is taken",
    sees: ["C42P05\\0", "C42P03\\0"],
    steps: [
      ask(parse("s", "SELECT 1"), sync()),
      ask(parse("s", "SELECT 2"), sync()),
      ask(bind("", "s"), execute(""), sync()),
      ask(bind("p", "s"), bind("p", "s"), sync()),
    ],
  },
  {
    name: "names are cut at 63 bytes",
    sees: ["C42P05\\0", '"SELECT 1\\0"', "C26000\\0"],
    steps: [
      ask(parse(`${LONG}first`, "SELECT 1"), sync()),
      ask(parse(`${LONG}second`, "SELECT 2"), sync()),
      ask(bind(`${LONG}p`, `${LONG}third`), execute(`${LONG}q`), sync()),
      ask(closeStatement(`${LONG}fourth`), sync()),
      ask(bind("", `${LONG}first`), sync()),
    ],
  },
  {
    name: "names that look like Straddle's own",
    sees: ["< ParseComplete", '"SELECT 1\\0"'],
    steps: [
      ask(parse("straddle", "SELECT 1"), bind("straddle", "straddle"), execute("straddle"), sync()),
    ],
  },
  {
    name: "names of several bytes a character",
    sees: ['"SELECT 1\\0"'],
    steps: [ask(parse("ä€", "SELECT 1"), bind("€", "ä€"), execute("€"), sync())],
  },
  {
    name: "a Query in the middle of a batch ends it",
    sees: ['"INSERT 0 1\\0"', '"SELECT 4\\0"'],
    steps: [
      send(...run("INSERT INTO item VALUES (4, 'd')"), query("SELECT * FROM item"), sync()),
      until("ReadyForQuery"),
      until("ReadyForQuery"),
    ],
  },
  {
    name: "notices and ParameterStatus within a batch",
    sees: ["< NoticeResponse", '"TimeZone\\0UTC\\0"'],
    steps: [
      ask(
        ...run("DO $$ BEGIN RAISE NOTICE 'a note'; END $$"),
        ...run("SET TimeZone = 'UTC'"),
        ...run("SELECT 1"),
        sync(),
      ),
    ],
  },
  {
    name: "what can't run in a transaction block fails behind another statement",
    sees: ["C25001\\0"],
    steps: [ask(...run("SELECT 1"), ...run("DISCARD ALL"), sync())],
  },
  {
    name: "a plan whose result type has changed",
    sees: ["C0A000\\0"],
    steps: [
      ask(query("CREATE TEMP TABLE changing (a int)")),
      ask(parse("s", "SELECT * FROM changing"), bind("", "s"), execute(""), sync()),
      ask(query("DROP TABLE changing; CREATE TEMP TABLE changing (a int, b int)")),
      ask(bind("", "s"), execute(""), sync()),
    ],
  },
  {
    name: "FunctionCall",
    sees: ["< FunctionCallResponse"],
    steps: [ask(functionCall(PLUS_OID, ["1", "2"]))],
  },
  {
    name: "FunctionCall of what is no function, or with bad arguments",
    sees: ["C42883\\0", "C08P01\\0"],
    steps: [ask(functionCall(1, [])), ask(functionCall(PLUS_OID, [])), ask(query("SELECT 1"))],
  },
  {
    name: "FunctionCall in a batch and in a failed transaction",
    sees: ["< FunctionCallResponse", "C25P02\\0"],
    steps: [
      send(...run("SELECT 1"), functionCall(PLUS_OID, ["1", "2"])),
      until("ReadyForQuery"),
      ask(query("BEGIN; SELECT 1/0")),
      ask(functionCall(PLUS_OID, ["1", "2"])),
    ],
  },
  {
    name: "messages with bytes behind their end",
    sees: ["C08P01\\0", '"SELECT 1\\0"'],
    steps: [
      ask(Buffer.concat([frame("P", "", "SELECT 1", Buffer.alloc(4))]), sync()),
      ask(frame("D", Buffer.from("S"), "", "x"), sync()),
      ask(frame("S", "x")),
      ask(query("SELECT 1")),
    ],
  },
  {
    name: "Describe and Close of neither a statement nor a portal",
    sees: ["C08P01\\0"],
    steps: [
      ask(frame("D", Buffer.from("x"), ""), sync()),
      ask(frame("C", Buffer.from("x"), ""), sync()),
    ],
  },
  {
    name: "a client that hangs up in the middle of a batch",
    sees: ["closed"],
    isBare: false,
    steps: [send(...run("SELECT 1")), async (client) => client.abandon()],
  },
];
