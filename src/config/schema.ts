import { z } from "zod";
import { Auth } from "./auth-schema.ts";
import { Guard } from "./guard-schema.ts";
import {
  Count,
  Duration,
  FileMode,
  ListenPort,
  Port,
  SchemaName,
  Size,
  Text,
  WorkerCount,
} from "./scalars.ts";
import { Source } from "./source-schema.ts";
import { Windows } from "./window-schema.ts";

const ListenTls = z.strictObject({
  mode: z
    .enum(["off", "allow", "require"])
    .default("off")
    .describe(
      "TLS towards clients on TCP. `allow`: those that ask for it get it. `require`: those that don't are refused.",
    ),
  cert: Text.optional().describe(
    "Straddle's certificate, with those up to its authority behind it: a PEM file. Read again when it changes, like the files of the next three keys.",
  ),
  key: Text.optional().describe("The certificate's private key: a PEM file."),
  key_password_file: Text.optional().describe(
    "A file whose first line is the password of an encrypted key.",
  ),
  ca: Text.optional().describe(
    "The authority of the clients' certificates: a PEM file. With it they are asked for one.",
  ),
  client_cert: z
    .enum(["optional", "verify-ca", "verify-full"])
    .optional()
    .describe(
      "With `ca`: whether a client may have no certificate, must have one (the default), or must have one whose CN is the user's name. One of another authority is refused by each of them.",
    ),
});

const Listen = z.strictObject({
  host: Text.default("127.0.0.1").describe("Address to accept clients on."),
  port: ListenPort.default(6432).describe("TCP port to accept clients on; 0 picks a free one."),
  socket: Text.optional().describe(
    "Unix socket to accept clients on as well: a folder that exists, in which `.s.PGSQL.<port>` is made, or else the file itself.",
  ),
  socket_mode: FileMode.prefault("0777").describe(
    "Permissions of that socket, in octal and in quotes. Who may write to it may connect: `0777` is everybody, as with PostgreSQL's `unix_socket_permissions`; `0770` is the owner and the group.",
  ),
  tls: ListenTls.prefault({}),
  keepalive: Duration.prefault("60s").describe(
    "How long a client's connection over TCP may be silent before the system asks whether it is still there. Without an answer it ends after ten more seconds. `0s`: it never asks.",
  ),
});

const ServerTls = z.strictObject({
  mode: z
    .enum(["disable", "prefer", "require", "verify-ca", "verify-full"])
    .default("disable")
    .describe(
      "TLS towards the server, by libpq's `sslmode`s. `prefer`: in plain if it has none. `require`: encrypted; the server's certificate is checked only if `ca` is given. `verify-ca`: its certificate is checked. `verify-full`: and the name in it. Unix sockets have no TLS.",
    ),
  ca: Text.optional().describe(
    "A PEM file of the authorities that the server's certificate may come from. By default, for `verify-full`, the public ones that Node.js knows. This file, as the next two, is read again for each connection.",
  ),
  cert: Text.optional().describe(
    "A PEM file with the certificate that Straddle shows the server, for all sessions; `key` goes with it.",
  ),
  key: Text.optional().describe("A PEM file with its private key, without a passphrase."),
  server_name: Text.optional().describe(
    "The name that is sent to the server (SNI, unless it is an IP address) and looked for in its certificate. Default: the host.",
  ),
  negotiation: z
    .enum(["postgres", "direct"])
    .default("postgres")
    .describe(
      "`postgres`: ask the server whether it has TLS. `direct`: begin with TLS at once, which PostgreSQL 17 and later understand; needs mode `require` or stronger.",
    ),
});

const Server = z.strictObject({
  host: Text.optional().describe(
    "PostgreSQL's host; one that begins with a slash is the folder of its Unix socket, as for libpq. One of `host`, `socket` and `url` is needed.",
  ),
  port: Port.default(5432).describe("PostgreSQL's port."),
  socket: Text.optional().describe(
    "PostgreSQL's Unix socket: the folder that holds `.s.PGSQL.<port>`, or else the file itself.",
  ),
  url: Text.optional().describe(
    "`postgres://user:password@host:port/database` in place of `host` and `port`. User, password and database become the defaults of `control`. Without any server the variable `DATABASE_URL` is taken.",
  ),
  tls: ServerTls.prefault({}),
  connect_timeout: Duration.prefault("5s").describe(
    "How long the server may take to accept a connection.",
  ),
  keepalive: Duration.prefault("60s").describe("The same as `listen.keepalive`, of the server's."),
});

const Control = z.strictObject({
  mode: z
    .enum(["file", "database"])
    .default("file")
    .describe(
      "`file`: windows come from this file only. `database`: the store that `straddle control init` made is used as well.",
    ),
  schema: SchemaName.default("straddle").describe(
    "The schema of that store, in `database`: lower-case letters, digits and `_`.",
  ),
  user: Text.optional().describe(
    "Who Straddle's own connection logs in as, to read the catalog. Any role will do. Default: the user of `server.url`, or `postgres`.",
  ),
  password: Text.optional().describe(
    "Its password. Default: that of `server.url`. Better given by `password_file` or by the environment.",
  ),
  password_file: Text.optional().describe(
    "A file whose first line is the password; read again for each connection.",
  ),
  database: Text.optional().describe(
    "The database whose catalog is read, and in which the windows are. Default: that of `server.url`, or the user's name.",
  ),
  poll_interval: Duration.prefault("1s").describe(
    "How often the catalog is compared, and in `database` the store asked for what no notification told.",
  ),
  read_timeout: Duration.prefault("10s").describe(
    "How long the server may take for an answer when the catalog is read; then that connection counts as lost, and another one is made.",
  ),
  lease: Duration.prefault("5s").describe(
    "In `database`: how long an instance that has lost its connection to the store still counts. Until then nobody can rename.",
  ),
  flip_margin: Duration.prefault("500ms").describe(
    "In `database`: how long before the end of a hold (`limits.hold_timeout`) its rename has to be over.",
  ),
});

const Version = z.strictObject({
  from: z
    .array(Source)
    .prefault([{ comment: true }, { startup: "application_name" }, { setting: "straddle.version" }])
    .describe("Where a session's version comes from; the first source that answers wins."),
  unknown: Text.default("pass").describe(
    "What to do with a session that has no version: `pass` (physical names), `reject`, or treat it as a version, `1.0.0` or `orders-api@1.0.0`.",
  ),
});

const Audit = z.strictObject({
  to: z
    .enum(["stdout", "file", "off"])
    .default("stdout")
    .describe("Where a JSON line per statement goes."),
  path: Text.optional().describe("The file, for `to: file`. Appended to; opened anew on SIGHUP."),
  parameters: z
    .enum(["none", "redact", "full"])
    .default("redact")
    .describe(
      "`redact`: literals are left out of the text, parameters are told by number and size. `none`: the text as sent, without parameters. `full`: both, values included.",
    ),
  when_full: z
    .enum(["wait", "drop"])
    .default("wait")
    .describe(
      "When the sink is slow or failing: statements wait, or records are dropped (counted).",
    ),
  buffer_size_max: Size.prefault("16MiB").describe("Bytes of records not yet written."),
  parameter_size_max: Size.prefault("4KiB").describe(
    "Bytes of one parameter's value that are recorded.",
  ),
});

const Metrics = z.strictObject({
  enabled: z.boolean().default(true).describe("Whether to serve HTTP at all."),
  host: Text.default("127.0.0.1").describe(
    "Address of /metrics, /livez, /readyz, /startupz and /config.",
  ),
  port: ListenPort.default(9187).describe("Port of the same; 0 picks a free one."),
  label_sets_max: Count.default(200).describe(
    "Pairs of application and version that get labels of their own; the rest are counted as `other`.",
  ),
});

const Ledger = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe("Whether to keep account of which version uses which table and column."),
  entries_max: Count.default(10_000).describe(
    "Lines of that account: one for each version with each table and each column that it uses. When it is full, what is not in it is `unknown`, never `unused`.",
  ),
  quiet_for: Duration.prefault("15min").describe(
    "How long nobody must have used a name before it counts as unused.",
  ),
  retention: Duration.prefault("30d").describe(
    "After how long without use a line is forgotten; at least `quiet_for`.",
  ),
  file: Text.optional().describe(
    "With `control.mode: file`, where it is kept when Straddle is not running. By default it begins anew at each start. With `database` it is kept in the store.",
  ),
  flush_interval: Duration.prefault("5s").describe("How often it is written there."),
});

const Sessions = z.strictObject({
  application_name: z
    .boolean()
    .default(true)
    .describe("Whether the server is told the version as `application_name`: `orders-api@2.1.0`."),
});

const Limits = z.strictObject({
  sessions_max: Count.default(1_000).describe("Sessions at once; one more gets 53300."),
  sessions_per_user_max: z
    .int()
    .nonnegative()
    .default(0)
    .describe(
      "Sessions at once of one user; one more gets 53300. 0: as many as there is room for.",
    ),
  greetings_max: Count.default(1_000).describe(
    "Connections at once that have not said yet what they want, and requests to cancel that are under way. For one more, the one that has taken longest is closed.",
  ),
  statement_size_max: Size.prefault("1MiB").describe("Bytes of the largest statement analysed."),
  worker_size_min: Size.prefault("16KiB").describe(
    "Bytes from which a statement is analysed in a thread of its own, so that others do not wait for it.",
  ),
  analysis_timeout: Duration.prefault("5s").describe(
    "How long that may take; `limits.oversize` says what becomes of a statement that takes longer.",
  ),
  oversize: z
    .enum(["pass", "reject"])
    .default("reject")
    .describe("What becomes of larger ones while a window is open or the guard is on."),
  cache_size_max: Size.prefault("32MiB").describe("Bytes of analysed statements kept."),
  prepared_size_max: Size.prefault("4MiB").describe(
    "Bytes of prepared statements' texts remembered, per session.",
  ),
  replay_size_max: Size.prefault("256KiB").describe(
    "Bytes of a batch kept so that it can be sent again after a rename; a larger one fails then.",
  ),
  pipeline_max: Count.default(10_000).describe("Replies that the server may owe one session."),
  hold_timeout: Duration.prefault("2s").describe("How long a statement is kept back for a rename."),
  startup_timeout: Duration.prefault("60s").describe("How long a client may take to log in."),
  idle_timeout: Duration.prefault("0s").describe(
    "How long a client may be idle outside of a transaction; then it gets 57P05. `0s`: as long as it likes.",
  ),
  stalled_timeout: Duration.prefault("0s").describe(
    "How long a client may take nothing of what waits for it; then its session ends. `0s`: as long as it likes.",
  ),
  buffer_size_max: Size.prefault("256KiB").describe(
    "Bytes kept for one side of a session that doesn't take them.",
  ),
});

const Shutdown = z.strictObject({
  delay_min: Duration.prefault("0s").describe(
    "How long Straddle goes on as before after SIGTERM, new connections included: for applications that still need the database while they shut down.",
  ),
  delay_max: Duration.prefault("10s").describe(
    "How long after SIGTERM sessions may take, `delay_min` included, to reach the end of their transactions; then they are ended.",
  ),
});

/**
 * The configuration file: every key, its default, its check and its meaning, in the file's own
 * spelling. `config.ts` maps it to what the rest of the program takes.
 */
export const ConfigFile = z.strictObject({
  listen: Listen.prefault({}),
  server: Server.prefault({}),
  auth: Auth.prefault({}),
  version: Version.prefault({}),
  windows: Windows.default([]).describe("The renames that are under way."),
  guard: Guard.prefault({}),
  audit: Audit.prefault({}).refine((audit) => audit.to !== "file" || audit.path !== undefined, {
    path: ["path"],
    error: "is missing, and audit.to is file",
  }),
  metrics: Metrics.prefault({}),
  control: Control.prefault({}),
  ledger: Ledger.prefault({}),
  sessions: Sessions.prefault({}),
  limits: Limits.prefault({}),
  shutdown: Shutdown.prefault({}),
  workers: WorkerCount.prefault(1).describe(
    "Processes that serve sessions. `auto`: one for each core that the CPU limit leaves. With 1, Straddle is a single process.",
  ),
});

export type ConfigFile = z.infer<typeof ConfigFile>;
