import {
  flush,
  frame,
  functionCall,
  int32,
  packet,
  parse,
  query,
  startup,
  sync,
} from "../support/client-frames.ts";
import { ask, type ContractCase, send, until, untilClosed } from "./contract-case.ts";

/** A client that breaks the protocol: the server says so, in its own words, and Straddle does not. */
export const VIOLATION_CASES: readonly ContractCase[] = [
  {
    name: "protocol 2.0",
    sees: ["FATAL", "unsupported frontend protocol 2.0", "closed"],
    isBare: true,
    steps: [send(packet(0x20000, Buffer.alloc(288))), untilClosed()],
  },
  {
    name: "a startup packet without its end",
    sees: ["SFATAL\\0", "C08P01\\0", "closed"],
    isBare: true,
    steps: [send(packet(0x30000, "user", "postgres", "x")), untilClosed()],
  },
  {
    name: "a startup packet that is too small",
    sees: ["closed"],
    isBare: true,
    steps: [send(int32(7), Buffer.alloc(3)), untilClosed()],
  },
  {
    name: "a startup packet that is too large",
    sees: ["closed"],
    isBare: true,
    steps: [send(int32(10_005), int32(0x30000)), untilClosed()],
  },
  {
    name: "a query in place of the startup",
    sees: ["closed"],
    isBare: true,
    steps: [send(query("SELECT 1")), untilClosed()],
  },
  {
    name: "a message whose length is below 4",
    sees: ["closed"],
    steps: [send(Buffer.from("Q"), int32(3)), untilClosed()],
  },
  {
    name: "a message whose length is more than any server takes",
    sees: ["closed"],
    steps: [send(Buffer.from("S"), int32(0x7fffffff)), untilClosed()],
  },
  {
    name: "a password after the log-in, of which only the header comes",
    sees: ["SFATAL\\0", "C08P01\\0", "closed"],
    steps: [send(Buffer.from("p"), int32(0x3ffffffe)), untilClosed()],
  },
  {
    name: "a password that is too long, of which only the header comes",
    sees: ["closed"],
    isBare: true,
    steps: [
      (client, { parameters }) => client.send(startup({ ...parameters, user: "user_password" })),
      until("Authentication"),
      send(Buffer.from("p"), int32(65_536)),
      untilClosed(),
    ],
  },
  {
    name: "no message of the protocol",
    sees: ["SFATAL\\0", "C08P01\\0", "closed"],
    steps: [send(query("SELECT 1"), Buffer.from("y")), untilClosed()],
  },
  {
    name: "messages that end inside a field",
    sees: ["C08P01\\0", '"SELECT 1\\0"'],
    steps: [
      ask(frame("P", Buffer.from("s")), sync()),
      ask(frame("P", "s", Buffer.from("SELECT 1")), sync()),
      ask(frame("P", "", "SELECT 1"), sync()),
      ask(frame("B", "", Buffer.from("s")), sync()),
      ask(frame("B", "", ""), sync()),
      ask(frame("D"), sync()),
      ask(frame("D", Buffer.from("S")), sync()),
      ask(frame("E", ""), sync()),
      ask(frame("E"), sync()),
      ask(frame("C", Buffer.from("P")), sync()),
      ask(query("SELECT 1")),
    ],
  },
  {
    name: "an error, then a Query and a FunctionCall, when the error has arrived already",
    sees: ["C42P01\\0", '"SELECT 2\\0"'],
    steps: [
      send(parse("", "SELECT * FROM no_such_table"), flush()),
      until("ErrorResponse"),
      send(query("SELECT 1"), functionCall(177, ["1", "2"])),
      ask(sync()),
      ask(query("SELECT FROM item LIMIT 2")),
    ],
  },
];
