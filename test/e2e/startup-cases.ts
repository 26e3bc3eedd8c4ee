import {
  frame,
  GSSENC_REQUEST,
  int32,
  packet,
  query,
  SSL_REQUEST,
  startup,
  terminate,
} from "../support/client-frames.ts";
import { AUTH_PASSWORD, AUTH_USERS } from "../support/server.ts";
import {
  ask,
  type ContractCase,
  type Step,
  send,
  start,
  until,
  untilClosed,
} from "./contract-case.ts";

const request =
  (bytes: Buffer): Step =>
  (client) =>
    client.request(bytes);

/** A StartupMessage of another protocol version. */
const startAs =
  (protocol: number, more: Readonly<Record<string, string>> = {}): Step =>
  async (client, { parameters }) => {
    await client.send(startup({ ...parameters, ...more }, protocol));
    await client.until("ReadyForQuery", "ErrorResponse");
  };

const bye = [send(terminate())];

const authentications = AUTH_USERS.flatMap((user): ContractCase[] => [
  {
    name: `${user}: the right password`,
    sees: ["> Password", "< Authentication 0", "< ReadyForQuery"],
    isBare: true,
    steps: [start({ user }, AUTH_PASSWORD), ask(query("SELECT current_user")), ...bye],
  },
  {
    name: `${user}: a wrong password`,
    sees: ["> Password", "C28P01\\0", "closed"],
    isBare: true,
    steps: [start({ user }, "wrong"), untilClosed()],
  },
  {
    name: `${user}: a client that hangs up when it is asked for the password`,
    sees: ["< Authentication", "closed"],
    isBare: true,
    steps: [
      (client, { parameters }) => client.send(startup({ ...parameters, user })),
      until("Authentication"),
      async (client) => client.abandon(),
    ],
  },
]);

export const STARTUP_CASES: readonly ContractCase[] = [
  {
    name: "a password that is right, and no longer valid",
    sees: ["> Password", "C28P01\\0", "closed"],
    isBare: true,
    steps: [start({ user: "user_expired" }, AUTH_PASSWORD), untilClosed()],
  },
  {
    name: "a startup that needs no password",
    sees: ["< Authentication 0", '< ParameterStatus "server_version\\0', "< BackendKeyData"],
    isBare: true,
    steps: [start(), ...bye],
  },
  ...authentications,
  {
    name: "SSLRequest, then the startup in plain text",
    sees: ["< byte N", "< ReadyForQuery"],
    isBare: true,
    steps: [request(SSL_REQUEST), start(), ...bye],
  },
  {
    name: "GSSENCRequest, SSLRequest, then the startup in plain text",
    sees: ["< byte N", "< ReadyForQuery"],
    isBare: true,
    steps: [request(GSSENC_REQUEST), request(SSL_REQUEST), start(), ...bye],
  },
  {
    name: "the first query comes along with the startup",
    sees: ["< ReadyForQuery", '< CommandComplete "SELECT 1\\0"'],
    isBare: true,
    steps: [
      (client, { parameters }) => client.send(startup(parameters), query("SELECT 1")),
      until("ReadyForQuery"),
      until("ReadyForQuery"),
      ...bye,
    ],
  },
  {
    name: "a database that does not exist",
    sees: ["SFATAL\\0", "C3D000\\0", "closed"],
    isBare: true,
    steps: [start({ database: "no_such_database" }), untilClosed()],
  },
  {
    name: "a user that does not exist",
    sees: ["SFATAL\\0", "C28000\\0", "closed"],
    isBare: true,
    steps: [start({ user: "nobody_of_that_name" }), untilClosed()],
  },
  {
    name: "no user",
    sees: ["SFATAL\\0", "C28000\\0", "closed"],
    isBare: true,
    steps: [start({ user: undefined }), untilClosed()],
  },
  {
    name: "no database: that of the user's name",
    sees: ["< ReadyForQuery"],
    isBare: true,
    steps: [start({ database: undefined }), ask(query("SELECT current_database()")), ...bye],
  },
  {
    name: "settings among the parameters",
    sees: ['< ParameterStatus "TimeZone\\0Asia/Tokyo\\0"', '"client_encoding\\0LATIN1\\0"'],
    isBare: true,
    steps: [
      start({ TimeZone: "Asia/Tokyo", client_encoding: "latin1", options: "-c work_mem=1MB" }),
      ask(query("SHOW work_mem")),
      ...bye,
    ],
  },
  {
    name: "many parameters, one of them twice",
    sees: ["x299", "again"],
    isBare: true,
    steps: [
      async (client, { parameters }) => {
        const many = Array.from({ length: 300 }, (_, index) => [`a.p${index}`, `x${index}`]).flat();
        const fixed = Object.entries(parameters).flat();
        await client.send(packet(0x30000, ...fixed, ...many, "a.p7", "again", Buffer.alloc(1)));
        await client.until("ReadyForQuery", "ErrorResponse");
      },
      ask(query("SELECT current_setting('a.p299'), current_setting('a.p7')")),
      ...bye,
    ],
  },
  {
    name: "a setting that does not exist",
    sees: ["SFATAL\\0", "C42704\\0"],
    isBare: true,
    steps: [start({ no_such_setting: "1" }), untilClosed()],
  },
  {
    name: "options that can't be read",
    sees: ["SFATAL\\0", "closed"],
    isBare: true,
    steps: [start({ options: "--no-such-option" }), untilClosed()],
  },
  {
    name: "protocol 3.2: a longer key",
    sees: ["(key of 32 bytes)", "< ReadyForQuery"],
    isBare: true,
    steps: [startAs(0x30002), ask(query("SELECT 1")), ...bye],
  },
  {
    name: "protocol 3.999: the server names the one that it knows",
    sees: ["< NegotiateProtocolVersion", "< ReadyForQuery"],
    isBare: true,
    steps: [startAs(0x303e7), ...bye],
  },
  {
    name: "a protocol option that the server does not know",
    sees: ["< NegotiateProtocolVersion", "_pq_.no_such_option"],
    isBare: true,
    steps: [startAs(0x30000, { "_pq_.no_such_option": "1" }), ...bye],
  },
  {
    name: "a message in place of the password",
    sees: ["SFATAL\\0", "C08P01\\0", "closed"],
    isBare: true,
    steps: [
      (client, { parameters }) => client.send(startup({ ...parameters, user: "user_password" })),
      until("Authentication"),
      send(query("SELECT 1")),
      untilClosed(),
    ],
  },
  {
    name: "a cancel request of a session that does not exist",
    sees: ["closed"],
    isBare: true,
    steps: [send(packet(80877102, int32(1), int32(2))), untilClosed()],
  },
  {
    name: "a walsender",
    sees: ["C42601\\0", "< ReadyForQuery"],
    isBare: true,
    steps: [
      start({ replication: "database" }),
      ask(query("SHOW wal_level")),
      ask(query("BOGUS")),
      ...bye,
    ],
  },
  {
    name: "a password message of a session that runs",
    sees: ["SFATAL\\0", "C08P01\\0"],
    steps: [send(frame("p", "x")), untilClosed()],
  },
];
