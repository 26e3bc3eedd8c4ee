import { bind, execute, parse, query, sync } from "../support/client-frames.ts";
import {
  ask,
  type ContractCase,
  cancelSleep,
  meanwhile,
  send,
  until,
  untilClosed,
} from "./contract-case.ts";

const SLEEP = "SELECT pg_sleep(60)";

/** What reaches a session from outside: cancel requests, notifications, and its end. */
export const SESSION_CASES: readonly ContractCase[] = [
  {
    name: "cancel of a Query",
    sees: ["C57014\\0", '< ReadyForQuery "I"'],
    steps: [send(query(SLEEP)), cancelSleep(), until("ReadyForQuery"), ask(query("SELECT 1"))],
  },
  {
    name: "cancel in the middle of a string, in a transaction block",
    sees: ["C57014\\0", '< ReadyForQuery "E"'],
    steps: [
      ask(query("BEGIN")),
      send(query(`SELECT 1; ${SLEEP}; SELECT 2`)),
      cancelSleep(),
      until("ReadyForQuery"),
      ask(query("ROLLBACK")),
    ],
  },
  {
    name: "cancel of an Execute, with more of the batch behind it",
    sees: ["C57014\\0"],
    steps: [
      send(parse("", SLEEP), bind("", ""), execute(""), bind("", ""), execute(""), sync()),
      cancelSleep(),
      until("ReadyForQuery"),
    ],
  },
  {
    name: "a statement_timeout",
    sees: ["C57014\\0"],
    steps: [ask(query("SET statement_timeout = 20")), ask(query(SLEEP))],
  },
  {
    name: "a notification of another session, while idle",
    sees: ["< NotificationResponse (other pid)"],
    steps: [
      ask(query("LISTEN news")),
      meanwhile("NOTIFY news, 'ä payload'"),
      until("NotificationResponse"),
    ],
  },
  {
    name: "a notification of the session itself",
    sees: ["< NotificationResponse (own pid)"],
    steps: [ask(query("LISTEN news; NOTIFY news, 'own'")), ask(query("UNLISTEN *"))],
  },
  {
    name: "a notification within a transaction comes at its end",
    sees: ["< NotificationResponse (other pid)"],
    steps: [
      ask(query("LISTEN news")),
      ask(query("BEGIN")),
      meanwhile("NOTIFY news, 'later'"),
      ask(query("SELECT 1")),
      ask(query("COMMIT")),
    ],
  },
  {
    name: "notifications by the extended protocol",
    sees: ["< NotificationResponse (own pid)"],
    steps: [
      ask(parse("", "LISTEN news"), bind("", ""), execute(""), sync()),
      ask(parse("", "NOTIFY news"), bind("", ""), execute(""), sync()),
    ],
  },
  {
    name: "the session's end, by itself",
    sees: ["SFATAL\\0", "C57P01\\0", "closed"],
    steps: [send(query("SELECT pg_terminate_backend(pg_backend_pid())")), untilClosed()],
  },
  {
    name: "the session's end, by another one while it is idle",
    sees: ["SFATAL\\0", "C57P01\\0", "closed"],
    steps: [
      (client, { other }) =>
        other.query("SELECT pg_terminate_backend($1)", [client.pid]).then(() => undefined),
      untilClosed(),
    ],
  },
  {
    name: "the session's end, in the middle of a batch",
    sees: ["SFATAL\\0", "C57P01\\0", "closed"],
    steps: [
      send(
        parse("", "SELECT pg_terminate_backend(pg_backend_pid())"),
        bind("", ""),
        execute(""),
        sync(),
      ),
      untilClosed(),
    ],
  },
  {
    name: "an idle_in_transaction_session_timeout",
    sees: ["SFATAL\\0", "C25P03\\0", "closed"],
    steps: [
      ask(query("SET idle_in_transaction_session_timeout = 20")),
      ask(query("BEGIN")),
      untilClosed(),
    ],
  },
  {
    name: "Terminate within a transaction block",
    sees: ["> Terminate", "closed"],
    steps: [ask(query("BEGIN; INSERT INTO item VALUES (4, 'd')"))],
  },
];
