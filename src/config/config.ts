import semver from "semver";
import { type AuthSettings, toAuth } from "./auth.ts";
import type { ConfigFile } from "./schema.ts";
import { type ServerTlsSettings, toServerTls } from "./server-tls.ts";
import { parseServerUrl } from "./server-url.ts";
import type { Written } from "./written.ts";

/**
 * Where PostgreSQL is: over TCP, or by a Unix socket. Whether `path` is its file, or the folder in which
 * it is named for the port, only the file system can tell.
 */
export type ServerAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string; readonly port: number };

export type UnknownVersion =
  | { readonly kind: "pass" }
  | { readonly kind: "reject" }
  | { readonly kind: "treat_as"; readonly app: string; readonly version: string };

/**
 * All settings as plain values: checked, defaults filled in, durations in milliseconds, sizes in
 * bytes. Only `cli/` sees it; it hands the parts on.
 */
export type Config = ReturnType<typeof settings>;

/** What the schema alone can't say is checked here. A string is a sentence that names the key. */
export function toConfig(file: ConfigFile, written: Written): Config | string {
  const given = (["host", "socket", "url"] as const).filter(
    (key) => file.server[key] !== undefined,
  );
  if (given.length === 0) {
    return "server.host is missing: say where PostgreSQL is (or give server.socket, server.url or DATABASE_URL)";
  }
  if (given.length > 1)
    return `server: ${given.join(" and ")} exclude each other; give one of them`;

  const url = file.server.url === undefined ? undefined : parseServerUrl(file.server.url);
  if (typeof url === "string") return `server.url ${url}`;

  const host = file.server.host ?? url?.host;
  const port = url?.port ?? file.server.port;
  // As libpq has it, a host that begins with a slash is a socket's folder.
  const folder = host?.startsWith("/") ? host : undefined;
  const socket = file.server.socket ?? url?.socket ?? folder;
  const address: ServerAddress | undefined =
    socket !== undefined
      ? { kind: "unix", path: socket, port }
      : host !== undefined
        ? { kind: "tcp", host, port }
        : undefined;
  if (address === undefined) return "server.url names no host";

  const { tls } = file.listen;
  if (tls.mode !== "off" && (tls.cert === undefined || tls.key === undefined)) {
    return `listen.tls: mode ${tls.mode} needs both cert and key`;
  }
  if (tls.client_cert !== undefined && tls.ca === undefined) {
    return "listen.tls.client_cert needs ca: without it clients are not asked for a certificate";
  }
  const serverTls = toServerTls(file.server.tls, address.kind === "unix");
  if (typeof serverTls === "string") return serverTls;
  const auth = toAuth(file);
  if (typeof auth === "string") return auth;

  const unknown = parseUnknown(file.version.unknown);
  if (unknown === undefined) {
    return `version.unknown must be pass, reject or a version such as 1.0.0 or orders-api@1.0.0, not "${file.version.unknown}"`;
  }
  if (file.control.password !== undefined && file.control.password_file !== undefined) {
    return "control: password and password_file exclude each other; give one of them";
  }
  const { lock_timeout: lockTimeout } = file.guard;
  if (lockTimeout.max === 0)
    return 'guard.lock_timeout.max: "0" would forbid all DDL; see on_missing: off';
  if (lockTimeout.inject === 0 || lockTimeout.inject > lockTimeout.max) {
    return "guard.lock_timeout.inject must be above 0 and at most guard.lock_timeout.max";
  }

  const { retry } = file.guard;
  if (retry.attempts > 1 && lockTimeout.on_missing === "off") {
    return "guard.retry.attempts above 1 needs guard.lock_timeout.on_missing: block, inject or warn";
  }
  if (retry.backoff === 0 || retry.backoff > retry.backoff_max) {
    return "guard.retry.backoff must be above 0 and at most guard.retry.backoff_max";
  }

  const { control } = file;
  const isInDatabase = control.mode === "database";
  if (
    isInDatabase &&
    (control.flip_margin === 0 || control.flip_margin >= file.limits.hold_timeout)
  ) {
    return "control.flip_margin must be above 0 and below limits.hold_timeout";
  }
  if (isInDatabase && control.lease <= control.poll_interval) {
    return "control.lease must be above control.poll_interval, or every instance would lose it all the time";
  }

  if (file.shutdown.delay_min > file.shutdown.delay_max) {
    return "shutdown.delay_min must be at most shutdown.delay_max, which counts from SIGTERM too";
  }

  if (file.ledger.flush_interval === 0) return "ledger.flush_interval must be above 0s";
  if (file.ledger.file !== undefined && isInDatabase) {
    return "ledger.file goes with control.mode file: with database the ledger is kept in the store";
  }
  if (file.ledger.quiet_for === 0) return "ledger.quiet_for must be above 0s";
  if (file.ledger.retention < file.ledger.quiet_for) {
    return "ledger.retention must be at least ledger.quiet_for";
  }

  const user = file.control.user ?? url?.user ?? "postgres";
  return settings(file, {
    written,
    address,
    serverTls,
    auth,
    unknown,
    user,
    password:
      file.control.password ??
      (file.control.password_file === undefined ? url?.password : undefined),
    database: file.control.database ?? url?.database ?? user,
  });
}

/** The one place where the file's spelling becomes the program's. */
function settings(
  file: ConfigFile,
  derived: {
    written: Written;
    address: ServerAddress;
    serverTls: ServerTlsSettings;
    auth: AuthSettings;
    unknown: UnknownVersion;
    user: string;
    password: string | undefined;
    database: string;
  },
) {
  const { listen, server, control, version, windows, guard, audit, metrics, limits, ledger } = file;
  return {
    written: derived.written,
    listen: {
      host: listen.host,
      port: listen.port,
      socket: listen.socket,
      socketMode: listen.socket_mode,
      tls: {
        mode: listen.tls.mode,
        cert: listen.tls.cert,
        key: listen.tls.key,
        keyPasswordFile: listen.tls.key_password_file,
        ca: listen.tls.ca,
        clientCert: listen.tls.client_cert ?? "verify-ca",
      },
      keepaliveMs: listen.keepalive,
    },
    server: {
      address: derived.address,
      tls: derived.serverTls,
      connectTimeoutMs: server.connect_timeout,
      keepaliveMs: server.keepalive,
    },
    auth: derived.auth,
    control: {
      mode: control.mode,
      schema: control.schema,
      user: derived.user,
      password: derived.password,
      passwordFile: control.password_file,
      database: derived.database,
      pollIntervalMs: control.poll_interval,
      readTimeoutMs: control.read_timeout,
      leaseMs: control.lease,
      flipMarginMs: control.flip_margin,
    },
    version: { sources: version.from, unknown: derived.unknown },
    windows,
    guard: {
      mode: guard.mode,
      rules: guard.rules,
      policies: guard.policies,
      smallTableBytes: guard.small_table,
      lockQueueAgeMs: guard.lock_queue_age,
      bytesPerSecond: guard.disk_throughput,
      allowRoles: guard.allow_roles,
      retry: {
        attempts: guard.retry.attempts,
        backoffMs: guard.retry.backoff,
        backoffMaxMs: guard.retry.backoff_max,
      },
      lockTimeout: {
        onMissing: guard.lock_timeout.on_missing,
        maxMs: guard.lock_timeout.max,
        injectMs: guard.lock_timeout.inject,
      },
    },
    audit: {
      to: audit.to,
      path: audit.path,
      parameters: audit.parameters,
      whenFull: audit.when_full,
      bufferSizeMax: audit.buffer_size_max,
      parameterSizeMax: audit.parameter_size_max,
    },
    metrics: {
      enabled: metrics.enabled,
      host: metrics.host,
      port: metrics.port,
      labelSetsMax: metrics.label_sets_max,
    },
    ledger: {
      enabled: ledger.enabled,
      entriesMax: ledger.entries_max,
      quietMs: ledger.quiet_for,
      retentionMs: ledger.retention,
      file: ledger.file,
      flushMs: ledger.flush_interval,
    },
    workers: file.workers,
    sessions: { applicationName: file.sessions.application_name },
    limits: {
      sessionsMax: limits.sessions_max,
      sessionsPerUserMax: limits.sessions_per_user_max,
      greetingsMax: limits.greetings_max,
      statementSizeMax: limits.statement_size_max,
      workerSizeMin: limits.worker_size_min,
      analysisTimeoutMs: limits.analysis_timeout,
      oversize: limits.oversize,
      cacheSizeMax: limits.cache_size_max,
      preparedSizeMax: limits.prepared_size_max,
      replaySizeMax: limits.replay_size_max,
      pipelineMax: limits.pipeline_max,
      holdTimeoutMs: limits.hold_timeout,
      startupTimeoutMs: limits.startup_timeout,
      idleTimeoutMs: limits.idle_timeout,
      stalledTimeoutMs: limits.stalled_timeout,
      bufferSizeMax: limits.buffer_size_max,
    },
    shutdown: {
      delayMinMs: file.shutdown.delay_min,
      delayMaxMs: file.shutdown.delay_max,
    },
  } as const;
}

function parseUnknown(text: string): UnknownVersion | undefined {
  if (text === "pass" || text === "reject") return { kind: text };
  const at = text.lastIndexOf("@");
  const version = semver.valid(text.slice(at + 1));
  if (version === null || at === 0) return undefined;
  return { kind: "treat_as", app: text.slice(0, Math.max(at, 0)), version };
}
