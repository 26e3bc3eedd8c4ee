import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/load.ts";

const HOST = "server: { host: db }";
const WINDOW = 'table: orders, rename: { a: b }, old: "<2.0.0", new: ">=2.0.0"';

const refused: readonly {
  readonly yaml: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly message: string;
}[] = [
  {
    yaml: "",
    message:
      "server.host is missing: say where PostgreSQL is (or give server.socket, server.url or DATABASE_URL)",
  },
  {
    yaml: "",
    env: { DATABASE_URL: "nonsense" },
    message: "DATABASE_URL is not a URL like postgres://user:password@host:5432/database",
  },
  { yaml: "listen", message: "must be a mapping (key: value)" },
  {
    yaml: "listen: [",
    message:
      "not YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 10",
  },
  { yaml: "a: 1\na: 2", message: "not YAML: Map keys must be unique at line 2, column 1" },
  {
    yaml: `${HOST}\nlisten: { prot: 1 }`,
    message: "listen.prot is not a key; did you mean port?",
  },
  {
    yaml: `${HOST}\nshutdown: { delay_min: 11s }`,
    message: "shutdown.delay_min must be at most shutdown.delay_max, which counts from SIGTERM too",
  },
  { yaml: `${HOST}\nlisen: {}`, message: "lisen is not a key; did you mean listen?" },
  { yaml: `${HOST}\nxyzzy: {}`, message: "xyzzy is not a key" },
  {
    yaml: `${HOST}\nlisten: { port: "6432" }`,
    message: 'listen.port must be a whole number, not "6432"',
  },
  {
    yaml: `${HOST}\nlisten: { port: 1.5 }`,
    message: "listen.port must be a whole number, not 1.5",
  },
  {
    yaml: `${HOST}\nlisten: { port: 70000 }`,
    message: "listen.port must be at most 65535, not 70000",
  },
  { yaml: `${HOST}\nlisten: { host: "" }`, message: "listen.host must not be empty" },
  { yaml: `${HOST}\nlisten: 6432`, message: "listen must be a mapping (key: value), not 6432" },
  {
    yaml: `${HOST}\nlisten: { tls: { mode: require, cert: a.crt } }`,
    message: "listen.tls: mode require needs both cert and key",
  },
  {
    yaml: `${HOST}\nlisten: { tls: { mode: require, cert: a.crt, key: a.key, client_cert: verify-full } }`,
    message: "listen.tls.client_cert needs ca: without it clients are not asked for a certificate",
  },
  {
    yaml: `${HOST}\nlisten: { tls: { mode: "on" } }`,
    message: 'listen.tls.mode must be off, allow or require, not "on"',
  },
  {
    yaml: `${HOST}\nwindows: {}`,
    message: "windows must be a list, not {}",
  },
  {
    yaml: `${HOST}\nsessions: { application_name: "no" }`,
    message: 'sessions.application_name must be true or false, not "no"',
  },
  {
    yaml: `${HOST}\naudit: { to: syslog }`,
    message: 'audit.to must be stdout, file or off, not "syslog"',
  },
  { yaml: `${HOST}\naudit: { to: file }`, message: "audit.path: is missing, and audit.to is file" },
  {
    yaml: `${HOST}\nguard: { lock_timeout: { max: 5 } }`,
    message: "guard.lock_timeout.max must be text, not 5 (put it in quotes)",
  },
  {
    yaml: `${HOST}\nguard: { lock_timeout: { max: "5" } }`,
    message: 'guard.lock_timeout.max: "5" is not a duration such as 500ms, 5s or 2min',
  },
  {
    yaml: `${HOST}\nguard: { rules: { ban-clustr: off } }`,
    message: "guard.rules: ban-clustr is not a rule; did you mean ban-cluster?",
  },
  {
    yaml: `${HOST}\nguard: { rules: { lock-timeout: off } }`,
    message: "guard.rules: lock-timeout has a key of its own, guard.lock_timeout.on_missing",
  },
  {
    yaml: `${HOST}\nguard: { rules: { ban-cluster: deny } }`,
    message: 'guard.rules.ban-cluster must be block, warn or off, not "deny"',
  },
  ...[
    ["{}", ".rules: is missing, and so is freeze"],
    ["{ reason: x, rules: { ban-cluster: off } }", ".reason: goes with freeze: true"],
    ["{ freeze: yes please }", '.freeze must be true or false, not "yes please"'],
    ["{ freeze: true, role: dba }", ".role is not a key; did you mean roles?"],
    ["{ freeze: true, roles: dba }", '.roles must be a list, not "dba"'],
    ["{ freeze: true, roles: [''] }", ".roles[0] must not be empty"],
    [
      "{ rules: { ban-clustr: off } }",
      ".rules: ban-clustr is not a rule; did you mean ban-cluster?",
    ],
    ["{ freeze: true, when: { from: 'Fri 16:00' } }", ".when.to is missing"],
    ...[
      ["Fry 16:00", "Mon 08:00", "UTC", "from", '"Fry 16:00" is not a time such as Fri 16:00'],
      ["16", "18:00", "UTC", "from", '"16" is not a time such as Fri 16:00'],
      ["16:00", "24:00", "UTC", "to", '"24:00" is not a time such as Fri 16:00'],
      ["2026-02-30 00:00", "2026-03-01 00:00", "UTC", "from", '"2026-02-30 00:00" is not a time'],
    ].map(([from = "", to = "", zone = "", key = "", problem = ""]) => [
      `{ freeze: true, when: { from: '${from}', to: '${to}', time_zone: '${zone}' } }`,
      `.when.${key}: ${problem.replace(/such as .*|$/, "").trimEnd()} such as Fri 16:00, 22:00 or 2026-12-20 00:00`,
    ]),
    [
      "{ freeze: true, when: { from: 'Fri 16:00', to: '08:00' } }",
      '.when.to: "08:00" is not spelled as from, "Fri 16:00", is',
    ],
    ["{ freeze: true, when: { from: '08:00', to: '8:00' } }", ".when.to: is the same time as from"],
    [
      "{ freeze: true, when: { from: '2027-01-02 00:00', to: '2026-12-20 00:00' } }",
      '.when.to: "2026-12-20 00:00" comes before from',
    ],
    [
      "{ freeze: true, when: { from: '22:00', to: '06:00', time_zone: Europe/Bern } }",
      '.when.time_zone: "Europe/Bern" is not a time zone such as Europe/Berlin or UTC',
    ],
  ].map(([entry = "", message = ""]) => ({
    yaml: `${HOST}\nguard: { policies: [${entry}] }`,
    message: `guard.policies[0]${message}`,
  })),
  {
    yaml: `${HOST}\nguard: { mode: shadow }`,
    message: 'guard.mode must be enforce, observe or off, not "shadow"',
  },
  {
    yaml: `${HOST}\nguard: { lock_timeout: { inject: 10s } }`,
    message: "guard.lock_timeout.inject must be above 0 and at most guard.lock_timeout.max",
  },
  {
    yaml: `${HOST}\ncontrol: { mode: database, poll_interval: 60s }`,
    message:
      "control.lease must be above control.poll_interval, or every instance would lose it all the time",
  },
  {
    yaml: `${HOST}\ncontrol: { mode: database }\nlimits: { hold_timeout: 100ms }`,
    message: "control.flip_margin must be above 0 and below limits.hold_timeout",
  },
  {
    yaml: `${HOST}\nguard: { retry: { attempts: 3 }, lock_timeout: { on_missing: off } }`,
    message:
      "guard.retry.attempts above 1 needs guard.lock_timeout.on_missing: block, inject or warn",
  },
  {
    yaml: `${HOST}\nguard: { retry: { backoff: 20s } }`,
    message: "guard.retry.backoff must be above 0 and at most guard.retry.backoff_max",
  },
  {
    yaml: `${HOST}\nlisten: { socket_mode: rw }`,
    message: 'listen.socket_mode: "rw" is not octal permissions such as "0777" or "0770"',
  },
  {
    yaml: `${HOST}\nlisten: { socket_mode: 0770 }`,
    message: "listen.socket_mode must be text, not 770 (put it in quotes)",
  },
  {
    yaml: `${HOST}\nlimits: { cache_size_max: 32MB }`,
    message: 'limits.cache_size_max: "32MB" is not a size such as 4096, 256KiB or 32MiB',
  },
  {
    yaml: `${HOST}\nlimits: { cache_size_max: true }`,
    message: "limits.cache_size_max must be a number or text, not true",
  },
  {
    yaml: "server: { host: db, tls: { mode: on } }",
    message: 'server.tls.mode must be disable, prefer, require, verify-ca or verify-full, not "on"',
  },
  ...(
    [
      [
        "socket: /run/pg, tls: { mode: require }",
        "server.tls.mode: require needs TCP; there is no TLS over a Unix socket",
      ],
      [
        "socket: /run/pg, tls: { mode: verify-full, ca: /ca }",
        "server.tls.mode: verify-full needs TCP; there is no TLS over a Unix socket",
      ],
      [
        "url: 'postgres:///x?host=/run/pg&sslmode=require'",
        "server.tls.mode: require needs TCP; there is no TLS over a Unix socket",
      ],
      [
        "host: db, tls: { mode: prefer, negotiation: direct }",
        "server.tls.negotiation: direct needs server.tls.mode require, verify-ca or verify-full, not prefer",
      ],
      [
        "host: db, tls: { negotiation: direct }",
        "server.tls.negotiation: direct needs server.tls.mode require, verify-ca or verify-full, not disable",
      ],
      [
        "host: db, tls: { negotiation: plain, mode: require }",
        'server.tls.negotiation must be postgres or direct, not "plain"',
      ],
      [
        "host: db, tls: { ca: /ca }",
        "server.tls.ca is given, but server.tls.mode is disable, which encrypts nothing",
      ],
      [
        "host: db, tls: { mode: verify-ca }",
        "server.tls.ca is missing: with mode verify-ca any public authority would do; give one, or use verify-full",
      ],
      [
        "host: db, tls: { mode: require, cert: /c }",
        "server.tls.key is missing: a client certificate and its key go together",
      ],
      [
        "host: db, tls: { mode: require, key: /k }",
        "server.tls.cert is missing: a client certificate and its key go together",
      ],
      [
        "url: 'postgres://db/x?sslmode=no-verify'",
        "server.url asks for sslmode=no-verify, which is none of disable, allow, prefer, require, verify-ca, verify-full",
      ],
      [
        "url: 'postgres://db/x?sslmode=require', tls: { mode: verify-full }",
        "server.tls.mode and the sslmode of server.url contradict each other; give one of them",
      ],
      [
        "url: 'postgres://db/x?sslmode=require', tls: { mode: disable }",
        "server.tls.mode and the sslmode of server.url contradict each other; give one of them",
      ],
      [
        "url: 'postgres://db/x?sslmode=verify-ca&sslrootcert=/a', tls: { ca: /b }",
        "server.tls.ca and the sslrootcert of server.url contradict each other; give one of them",
      ],
      [
        "url: 'postgres://db/x?sslrootcert=/ca'",
        "server.tls.ca is given, but server.tls.mode is disable, which encrypts nothing",
      ],
      [
        "url: 'postgres://db/x?sslmode=require&sslrootcert=system'",
        "server.url asks for sslrootcert=system, which needs sslmode=verify-full, not require",
      ],
    ] as const
  ).map(([server, message]) => ({ yaml: `server: { ${server} }`, message })),
  {
    yaml: `${HOST}\ncontrol: { mode: data }`,
    message: 'control.mode must be file or database, not "data"',
  },
  {
    yaml: `${HOST}\ncontrol: { schema: Own }`,
    message: 'control.schema: "Own" is not a plain name: a-z, 0-9 and _, not beginning with pg_',
  },
  {
    yaml: "server: { host: db, socket: /tmp }",
    message: "server: host and socket exclude each other; give one of them",
  },
  {
    yaml: "server: { url: 'mysql://u:secret@db/x' }",
    message: "server.url must begin with postgres:// or postgresql://, not mysql://",
  },
  { yaml: "server: { url: 'postgres:///x' }", message: "server.url names no host" },
  {
    yaml: "server: { url: 'postgres://u:%zz@db/x' }",
    message: "server.url has a % that is not followed by two hexadecimal digits",
  },
  {
    yaml: `${HOST}\ncontrol: { password: 12345 }`,
    message: "control.password must be text, not what it is (put it in quotes)",
  },
  {
    yaml: `${HOST}\nversion: { unknown: latest }`,
    message:
      'version.unknown must be pass, reject or a version such as 1.0.0 or orders-api@1.0.0, not "latest"',
  },
  {
    yaml: `${HOST}\nversion: { unknown: 1.0 }`,
    message: "version.unknown must be text, not 1 (put it in quotes)",
  },
  {
    yaml: HOST,
    env: { STRADDLE_LISTEN_PORT: "many" },
    message: 'listen.port must be a whole number, not "many" (from STRADDLE_LISTEN_PORT)',
  },
  {
    yaml: HOST,
    env: { STRADDLE_LISTEN_PROT: "1" },
    message:
      "the environment's STRADDLE_LISTEN_PROT is not a setting; did you mean STRADDLE_LISTEN_PORT?",
  },
  {
    yaml: HOST,
    env: { STRADDLE_WINDOWS: "[" },
    message: "STRADDLE_WINDOWS is not YAML: Flow sequence must end with a ] at line 1, column 2",
  },
  ...(
    [
      ["{}", "version.from[0]: needs exactly one of comment, startup, setting, file, env"],
      [
        "{ env: A, app: B, file: /x }",
        "version.from[0]: needs exactly one of comment, startup, setting, file, env",
      ],
      ["{ comment: false }", "version.from[0].comment must be true, not false"],
      ["{ comment: true, app: x }", 'version.from[0].app: does not go with "comment"'],
      ["{ startup: a, version: x }", 'version.from[0].version: does not go with "startup"'],
      [
        "{ startup: a, pattern: '(' }",
        "version.from[0].pattern: is not a regular expression: Invalid regular expression: /(/u: Unterminated group",
      ],
      ["{ startup: a, pattern: '.*' }", 'version.from[0].pattern: needs a group "(?<version>…)"'],
      [
        "{ startup: a, pattern: '(?<version>.*)' }",
        'version.from[0].pattern: needs a group "(?<app>…)", or the key "app" beside it',
      ],
      ["{ setting: my.version }", "version.from[0].setting: must be straddle.version"],
      [
        "{ env: A }",
        "version.from[0].app: is missing: the variable that holds the application's name",
      ],
      ["{ startpu: x }", "version.from[0].startpu is not a key; did you mean startup?"],
    ] as const
  ).map(([source, message]) => ({ yaml: `${HOST}\nversion: { from: [${source}] }`, message })),
  ...(
    [
      ["{ table: orders }", "windows[0].old is missing"],
      [
        '{ table: orders, old: "<2", new: ">=2" }',
        "windows[0].rename: is missing: a window renames columns, its table (rename_table) or both",
      ],
      [
        '{ table: a.b.c, rename: { a: b }, old: "<2", new: ">=2" }',
        'windows[0].table: "a.b.c" is not of the form table or schema.table',
      ],
      [
        '{ table: orders, rename: { a: b }, old: "v1..", new: ">=2" }',
        'windows[0].old: "v1.." is not a range of versions such as "<2.0.0"',
      ],
      [
        '{ table: orders, rename: { a: b }, old: "<=2.0.0", new: ">=2.0.0" }',
        'windows[0].new: ">=2.0.0" overlaps with old: "<=2.0.0"',
      ],
      [
        '{ table: orders, rename: { a: a }, old: "<2", new: ">=2" }',
        'windows[0].rename: "a" is to be called what it is called already',
      ],
      [
        '{ table: orders, rename: { a: b, b: a }, old: "<2", new: ">=2" }',
        "windows[0].rename: names are swapped: put one column aside under a third name first, in a window of its own",
      ],
      [
        '{ table: orders, rename: { a: b, b: c, c: a, x: y }, old: "<2", new: ">=2" }',
        "windows[0].rename: names are swapped: put one column aside under a third name first, in a window of its own",
      ],
      [
        '{ table: orders, rename: { a: c, b: c }, old: "<2", new: ">=2" }',
        'windows[0].rename: "c" is to be the name of two columns',
      ],
      [
        '{ table: orders, rename_table: orders, old: "<2", new: ">=2" }',
        'windows[0].rename_table: "orders" is the table\'s old name as well',
      ],
      [
        `{ table: orders, rename: { a: ${"x".repeat(64)} }, old: "<2", new: ">=2" }`,
        "windows[0].rename.a: is longer than a name can be (63 bytes)",
      ],
      [`{ ${WINDOW}, closes: soon }`, 'windows[0].closes must be a date, not "soon"'],
      [
        `{ ${WINDOW} }, { ${WINDOW} }`,
        'windows[1].rename: "a" is renamed by another window already (windows[0])',
      ],
      [
        `{ ${WINDOW}, app: x }, { table: orders, rename: { a: c }, old: "<2", new: ">=2", app: y }`,
        'windows[1].rename: "a" has another meaning in another window, which has to be closed first (windows[0])',
      ],
      [
        `{ ${WINDOW} }, { table: orders, rename: { b: c }, old: "<3", new: ">=3" }`,
        'windows[1].rename: "b" has another meaning in another window, which has to be closed first (windows[0])',
      ],
      [
        '{ table: a, rename_table: b, old: "<2", new: ">=2" }, { table: a, rename_table: c, old: "<2", new: ">=2" }',
        'windows[1].rename_table: the table is to become "b" as well (windows[0])',
      ],
      [
        '{ table: a, rename_table: b, old: "<2", new: ">=2" }, { table: b, rename: { x: y }, old: "<2", new: ">=2" }',
        'windows[1].table: "b" is the new name of a table; use its old one (windows[0])',
      ],
    ] as const
  ).map(([windows, message]) => ({ yaml: `${HOST}\nwindows: [${windows}]`, message })),
];

for (const { yaml, env = {}, message } of refused) {
  test(`refused: ${message}`, () => {
    expect(parseConfig(yaml, env)).toEqual({ kind: "error", message });
  });
}

const TLS = {
  mode: "require",
  ca: undefined,
  client: undefined,
  serverName: undefined,
  negotiation: "postgres",
};

const accepted: readonly {
  readonly name: string;
  readonly yaml: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly has: object;
}[] = [
  {
    name: "a host is enough",
    yaml: HOST,
    has: {
      listen: { host: "127.0.0.1", port: 6432, socket: undefined },
      server: { address: { kind: "tcp", host: "db", port: 5432 }, connectTimeoutMs: 5_000 },
      control: { user: "postgres", database: "postgres" },
      guard: {
        mode: "enforce",
        lockTimeout: { onMissing: "block", maxMs: 5_000, injectMs: 2_000 },
        retry: { attempts: 1, backoffMs: 500, backoffMaxMs: 10_000 },
        rules: {},
        smallTableBytes: 10_485_760,
        lockQueueAgeMs: 2_000,
        bytesPerSecond: 524_288_000,
        allowRoles: ["*"],
      },
      limits: { cacheSizeMax: 33_554_432, statementSizeMax: 1_048_576, holdTimeoutMs: 2_000 },
    },
  },
  {
    name: "a socket's path is kept, with the port that names its file in a folder",
    yaml: "server: { socket: /run/pg/, port: 5433 }\nlisten: { socket: /run/straddle }",
    has: {
      server: { address: { kind: "unix", path: "/run/pg/", port: 5433 } },
      listen: { socket: "/run/straddle" },
    },
  },
  {
    name: "a socket's permissions are octal",
    yaml: `${HOST}\nlisten: { socket: /run, socket_mode: "0770" }`,
    has: { listen: { socketMode: 0o770 } },
  },
  {
    name: "everybody may use the socket by default",
    yaml: HOST,
    has: { listen: { socketMode: 0o777 } },
  },
  {
    name: "a URL gives the control connection's defaults too",
    yaml: "server: { url: 'postgresql://ann:p%40ss@[::1]:5433/shop?schema=public' }",
    has: {
      server: { address: { kind: "tcp", host: "::1", port: 5433 } },
      control: { user: "ann", password: "p@ss", database: "shop" },
    },
  },
  {
    name: "control's own keys win over the URL's",
    yaml: "server: { url: 'postgres://ann:x@db/shop' }\ncontrol: { user: bob, password_file: /pw }",
    has: { control: { user: "bob", password: undefined, passwordFile: "/pw", database: "shop" } },
  },
  {
    name: "what a fleet needs of durations is asked of fleets only",
    yaml: `${HOST}\ncontrol: { poll_interval: 60s }\nlimits: { hold_timeout: 100ms }`,
    has: { control: { mode: "file", pollIntervalMs: 60_000 } },
  },
  {
    name: "a URL's host can be a socket folder",
    yaml: "server: { url: 'postgres:///shop?host=/run/pg' }",
    has: { server: { address: { kind: "unix", path: "/run/pg", port: 5432 } } },
  },
  {
    name: "so can the host",
    yaml: "server: { host: /run/pg, port: 5433 }",
    has: { server: { address: { kind: "unix", path: "/run/pg", port: 5433 } } },
  },
  ...(
    [
      ["host: db", undefined],
      ["socket: /run/pg, tls: { mode: prefer }", undefined],
      ["url: 'postgres:///x?host=/run/pg&sslmode=prefer'", undefined],
      ["url: 'postgres://db/x?sslmode=disable'", undefined],
      ["host: db, tls: { mode: require }", TLS],
      [
        "host: db, tls: { mode: verify-full, ca: /ca, cert: /c, key: /k, server_name: pg, negotiation: direct }",
        {
          mode: "verify-full",
          ca: "/ca",
          client: { cert: "/c", key: "/k" },
          serverName: "pg",
          negotiation: "direct",
        },
      ],
      [
        "url: 'postgres://db/x?sslmode=verify-ca&sslrootcert=/ca&sslcert=/c&sslkey=/k&sslnegotiation=direct'",
        {
          ...TLS,
          mode: "verify-ca",
          ca: "/ca",
          client: { cert: "/c", key: "/k" },
          negotiation: "direct",
        },
      ],
      ["url: 'postgres://db/x?sslmode=allow'", { ...TLS, mode: "prefer" }],
      ["url: 'postgres://db/x?ssl=true'", TLS],
      ["url: 'postgres://db/x?ssl=true&sslmode=verify-full'", { ...TLS, mode: "verify-full" }],
      ["url: 'postgres://db/x?sslrootcert=system'", { ...TLS, mode: "verify-full" }],
      [
        "url: 'postgres://db/x?sslmode=require', tls: { mode: require, ca: /ca }",
        { ...TLS, ca: "/ca" },
      ],
    ] as const
  ).map(([server, tls]) => ({
    name: `TLS towards the server: ${server}`,
    yaml: `server: { ${server} }`,
    has: { server: { tls } },
  })),
  {
    name: "DATABASE_URL's sslmode",
    yaml: "",
    env: { DATABASE_URL: "postgres://ann@db/shop?sslmode=require" },
    has: { server: { tls: TLS } },
  },
  {
    name: "the environment's TLS",
    yaml: HOST,
    env: { STRADDLE_SERVER_TLS_MODE: "require", STRADDLE_SERVER_TLS_SERVER_NAME: "pg" },
    has: { server: { tls: { ...TLS, serverName: "pg" } } },
  },
  {
    name: "DATABASE_URL serves when nothing else names a server",
    yaml: "",
    env: { DATABASE_URL: "postgres://ann@db/shop" },
    has: { server: { address: { kind: "tcp", host: "db", port: 5432 } } },
  },
  {
    name: "DATABASE_URL does not replace the file's server",
    yaml: HOST,
    env: { DATABASE_URL: "postgres://ann@elsewhere/shop" },
    has: { server: { address: { kind: "tcp", host: "db", port: 5432 } } },
  },
  {
    name: "the environment's server replaces the file's, however that is spelt",
    yaml: "server: { url: 'postgres://ann@db/shop' }",
    env: { STRADDLE_SERVER_HOST: "other" },
    has: { server: { address: { kind: "tcp", host: "other", port: 5432 } } },
  },
  {
    name: "numbers, booleans, lists and text come from the environment",
    yaml: HOST,
    env: {
      STRADDLE_LISTEN_PORT: "0",
      STRADDLE_SESSIONS_APPLICATION_NAME: "false",
      STRADDLE_GUARD_LOCK_TIMEOUT_ON_MISSING: "warn",
      STRADDLE_CONTROL_PASSWORD: "12345",
      STRADDLE_WINDOWS: `[{ ${WINDOW} }]`,
    },
    has: {
      listen: { port: 0 },
      sessions: { applicationName: false },
      guard: { lockTimeout: { onMissing: "warn" } },
      control: { password: "12345" },
      windows: [{ schema: "public", table: "orders" }],
    },
  },
  {
    name: "what Kubernetes puts there for a service called straddle is left alone",
    yaml: HOST,
    env: {
      STRADDLE_SERVICE_HOST: "10.0.0.1",
      STRADDLE_SERVICE_PORT_PG: "6432",
      STRADDLE_PORT: "tcp://10.0.0.1:6432",
      STRADDLE_PORT_6432_TCP_ADDR: "10.0.0.1",
      STRADDLE_SERVER_PORT: "tcp://10.0.0.1:5432",
    },
    has: { server: { address: { kind: "tcp", host: "db", port: 5432 } } },
  },
  {
    name: "a window as `version/window.ts` has it",
    yaml: `${HOST}\nwindows: [{ table: 'sales."Order.Items"', rename: { user_id: customer_id, userName: name }, old: "<2.0.0", new: ">=2.0.0", app: x, closes: 2999-12-01 }]`,
    has: {
      windows: [
        {
          schema: "sales",
          table: "Order.Items",
          renameTable: undefined,
          renameColumns: new Map([
            ["user_id", "customer_id"],
            ["userName", "name"],
          ]),
          old: "<2.0.0",
          new: ">=2.0.0",
          app: "x",
          closes: "2999-12-01",
        },
      ],
    },
  },
  {
    name: "two applications may rename the same column at different versions",
    yaml: `${HOST}\nwindows: [{ ${WINDOW}, app: x }, { table: orders, rename: { a: b }, old: "<7", new: ">=7", app: y }]`,
    has: { windows: [{ app: "x" }, { app: "y" }] },
  },
  {
    name: "every source of a version",
    yaml: `${HOST}\nversion: { from: [{ comment: true }, { startup: application_name, pattern: '^v(?<version>.+)$', app: shop }, { setting: straddle.version }, { file: /etc/podinfo/labels }, { env: V, app: A }], unknown: orders-api@v1.0.0 }`,
    has: {
      version: {
        sources: [
          { kind: "comment" },
          {
            kind: "startup",
            parameter: "application_name",
            pattern: /^v(?<version>.+)$/u,
            app: "shop",
          },
          { kind: "setting" },
          {
            kind: "file",
            path: "/etc/podinfo/labels",
            versionKey: "app.kubernetes.io/version",
            appKey: "app.kubernetes.io/name",
          },
          { kind: "env", versionVariable: "V", appVariable: "A" },
        ],
        unknown: { kind: "treat_as", app: "orders-api", version: "1.0.0" },
      },
    },
  },
];

for (const { name, yaml, env = {}, has } of accepted) {
  test(`accepted: ${name}`, () => {
    expect(parseConfig(yaml, env)).toMatchObject({ kind: "ok", config: has });
  });
}

const warned = [
  {
    name: "a window past its day",
    yaml: `${HOST}\nwindows: [{ ${WINDOW}, closes: 2026-01-01 }]`,
    warnings: ["windows[0] (public.orders) was to close on 2026-01-01"],
  },
  {
    name: "a window on its day is not",
    yaml: `${HOST}\nwindows: [{ ${WINDOW}, closes: 2026-01-02 }]`,
    warnings: [],
  },
  {
    name: "an unknown version that no window's application can match",
    yaml: `${HOST}\nwindows: [{ ${WINDOW}, app: shop }]\nversion: { unknown: "1.0.0" }`,
    warnings: [
      "version.unknown names no application, so windows[0], which is for shop only, does not apply to sessions without a version",
    ],
  },
  {
    name: "windows without sources",
    yaml: `${HOST}\nwindows: [{ ${WINDOW} }]\nversion: { from: [] }`,
    warnings: ["version.from is empty, so no session can say which names it uses"],
  },
];

for (const { name, yaml, warnings } of warned) {
  test(`warned: ${name}`, () => {
    expect(parseConfig(yaml, {}, "2026-01-02")).toMatchObject({ kind: "ok", warnings });
  });
}

test("windows of one table know each other's names for it", () => {
  const range = 'old: "<2", new: ">=2"';
  const windows = `[{ table: a, rename: { x: y }, ${range} }, { table: a, rename_table: b, ${range} }]`;
  const loaded = parseConfig(`${HOST}\nwindows: ${windows}`, {});
  const others = loaded.kind === "error" ? [] : loaded.config.windows;
  expect(others.map(({ otherTables }) => otherTables)).toEqual([["b"], []]);
});
