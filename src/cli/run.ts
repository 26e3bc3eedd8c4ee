import type { Config } from "../config/config.ts";
import { changedKeys } from "../config/written.ts";
import { CatalogReader } from "../control/catalog-reader.ts";
import { Listener } from "../session/listener.ts";
import { OwnPlaces } from "../session/places.ts";
import { loadParser } from "../sql/parse.ts";
import { describeStatements } from "../sql/statement.ts";
import { windowProblems } from "../version/naming.ts";
import { CertificateWatch } from "./certificate-watch.ts";
import { ClientTlsFiles } from "./client-tls-files.ts";
import { ConfigWatch } from "./config-watch.ts";
import { controlConnection, serverName } from "./control-connection.ts";
import { explainSystemError, SetupError } from "./fail.ts";
import { flipSubject } from "./fleet/flip-subject.ts";
import { OwnFleet } from "./fleet/own-fleet.ts";
import { HealthBoard } from "./health-board.ts";
import { LabelFiles } from "./label-files.ts";
import { listenOnSocket } from "./listen-socket.ts";
import { log } from "./log.ts";
import { Observers } from "./observers.ts";
import { OwnAuth } from "./own-auth.ts";
import { WindowPreflight } from "./preflight/window-preflight.ts";
import { SharedState } from "./shared-state.ts";
import { Shutdown } from "./shutdown.ts";
import { socketFile } from "./socket-file.ts";
import type { Links } from "./workers/links.ts";

/** A configuration file is looked at this often, in case its folder tells nothing of changes. */
const CONFIG_POLL_MS = 2_000;
/** Certificates are looked at this often: whether they have changed, and whether they expire. */
const CERTIFICATE_POLL_MS = 1_000;
const EXPIRY_POLL_MS = 60_000;

export interface Straddle {
  readonly port: number;
  /** The Unix socket's file. */
  readonly socket: string | undefined;
  /** Where metrics and health are; undefined when they are off. */
  readonly metricsPort: number | undefined;
  /** The windows that are in force. */
  readonly windowsCount: number;
  readonly state: SharedState;
  /** After the audit log's file has been moved away. */
  reopenAudit(): Promise<void>;
  /** Reads the configuration file again, whether or not it has changed. */
  rereadSettings(): void;
  /** Stops accepting, lets transactions end, writes out the audit log: as `shutdown` has it. */
  stop(): Promise<void>;
  /** Cuts short what `stop` waits for. */
  hurry(): void;
}

/**
 * Starts everything: the one place where the floors are put together. What can't be had (a port, the
 * server, a file) is a SetupError.
 */
export async function startStraddle(
  config: Config,
  options: {
    readonly configFile?: string | undefined;
    /** Somebody asks for the end by HTTP. Without it nobody can. */
    readonly onQuit?: (() => void) | undefined;
    /** What salts are made from; the processes of one Straddle have it in common. */
    readonly saltKey?: Buffer | undefined;
    /** Where this is a worker. */
    readonly links?: Links | undefined;
  } = {},
): Promise<Straddle> {
  await loadParser();
  // The first use of a parser is slow: nobody should have to wait for it.
  describeStatements("SELECT 1");
  const { links } = options;
  const observers = await Observers.open(config, links);
  const health = new HealthBoard();
  const fleet =
    links === undefined
      ? OwnFleet.of({
          config,
          onWindows: (merged) => state.configure(merged),
          windows: () => state.windows,
          async readCatalog() {
            await reader.refresh();
            if (!reader.isKnown) throw new Error("the catalog could not be read");
          },
        })
      : undefined;
  const state: SharedState = new SharedState({
    config,
    env: process.env,
    observer: observers.observer,
    labels: new LabelFiles((path, problem) => {
      if (problem === "") log.info(`version.from: ${path} can be read again`);
      else log.warn(`version.from: ${problem}; sessions get no version from it`);
    }),
    reader: () => reader,
    report: log.problem,
    usage: (then) => {
      if (observers.ledger === undefined) then(undefined);
      else observers.ledger.usage(then);
    },
    links,
    gate: fleet?.gate({
      readCatalog: () => reader.refresh(),
      subject: (oid) => flipSubject(state, oid),
    }),
    inForce: fleet && ((read) => fleet.windows.rebase(read)),
  });
  const reader = new CatalogReader({
    connection: controlConnection(config),
    pollMs: config.control.pollIntervalMs,
    answerMs: config.control.readTimeoutMs,
    isNeeded: () => state.windows.length > 0,
    onChange: (catalog) => {
      observers.ledger?.settle();
      state.catalogChanged(catalog);
      for (const problem of windowProblems(state.config.windows, catalog)) log.warn(problem);
    },
    onProblem: (error) => health.catalogRead(error),
  });
  state.labelProblems(); // So that the log tells of them at once.
  // Of a worker: its primary's, once for all.
  const preflight =
    links === undefined ? new WindowPreflight({ config: () => state.config, log }) : undefined;
  observers.blindSpots = () => preflight?.counts ?? [];
  // Before the file can change unseen.
  const watch = watchConfig(options.configFile, state, health, () => preflight?.look());
  let listener: Listener | undefined;
  let clientTls: ClientTlsFiles | undefined;
  const certificates = new CertificateWatch({
    config,
    pollIntervalMs: EXPIRY_POLL_MS,
    onChange: (problem) => {
      if (problem === "") log.info("no certificate is about to expire any more");
      else log.warn(problem);
    },
  });
  let auth: OwnAuth | undefined;

  const stopAll = async () => {
    watch?.stop();
    clientTls?.stop();
    certificates.stop();
    auth?.stop();
    await fleet?.stop();
    await state.analysis?.stop();
    await preflight?.stop();
    await reader.stop();
    await observers.stop();
  };
  try {
    const tls = clientTlsFiles(config, health);
    clientTls = tls;
    auth = ownAuth(config, health, options.saltKey);
    await reader.start().catch((error: unknown) => {
      if (error instanceof SetupError) throw error;
      const subject = `the server ${serverName(config)} can't be reached as ${config.control.user}`;
      throw new SetupError(explainSystemError(subject, error));
    });
    await fleet?.start();
    listener = new Listener({
      context: state,
      places: links?.places ?? new OwnPlaces(config.limits.sessionsMax),
      keepaliveMs: config.listen.keepaliveMs,
      tls: () => tls.current,
      auth,
    });
    observers.logins = auth?.failures;
    const report = () =>
      health.report(state, {
        audit: observers.auditProblem,
        certificates: certificates.problem,
        blindSpots: preflight?.problem ?? "",
        control: fleet?.problem ?? "",
      });
    const { port, socket: file } =
      links === undefined
        ? await listenAs(config, listener)
        : links.serve({ listener, observers, state, reader, health: report });
    if (links === undefined) {
      await observers.serve(state, listener, { health: report, quit: options.onQuit });
    }
    health.isStarted = true;
    preflight?.look();
    const shutdown = new Shutdown(listener);
    return {
      port,
      socket: file,
      get metricsPort() {
        return observers.port;
      },
      get windowsCount() {
        return state.windows.length;
      },
      reopenAudit: () => observers.reopen(),
      rereadSettings() {
        if (watch === undefined) log.info("there is no configuration file to be read again");
        watch?.reread();
      },
      state,
      async stop() {
        health.isStopping = true;
        await shutdown.run(state.config.shutdown);
        await stopAll();
      },
      hurry: () => shutdown.hurry(),
    };
  } catch (error) {
    await listener?.stop(0);
    await stopAll();
    throw error;
  }
}

/** Listens as the settings say. What can't be had is a SetupError. */
export async function listenAs(
  config: Config,
  listener: Pick<Listener, "listen">,
): Promise<{ readonly port: number; readonly socket: string | undefined }> {
  const { host, socket, socketMode } = config.listen;
  const port = await listener.listen({ host, port: config.listen.port }).catch((error: unknown) => {
    const subject = `listen.host and listen.port: ${host}:${config.listen.port}`;
    throw new SetupError(explainSystemError(subject, error));
  });
  const file = socket === undefined ? undefined : socketFile(socket, port);
  if (file !== undefined) await listenOnSocket(listener, file, socketMode);
  return { port, socket: file };
}

/** TLS towards clients, and what is said when its files change. */
function clientTlsFiles(config: Config, health: HealthBoard): ClientTlsFiles {
  return new ClientTlsFiles({
    settings: config.listen.tls,
    pollIntervalMs: CERTIFICATE_POLL_MS,
    onChange: (problem) => {
      health.clientTlsProblem = problem;
      if (problem === "") log.info("the certificate for clients was read again");
      else log.warn(`${problem}; the certificate before stays`);
    },
  });
}

/** Authentication by Straddle itself, and what is said when its files change. */
function ownAuth(
  { auth }: Config,
  health: HealthBoard,
  saltKey: Buffer | undefined,
): OwnAuth | undefined {
  if (auth === undefined) return undefined;
  const own: OwnAuth = new OwnAuth({
    settings: auth,
    saltKey,
    onChange: ({ users, problem }) => {
      health.authProblem = own.problem;
      if (problem === "") log.info(`a user list of auth was read again: ${users.size} user(s)`);
      else log.warn(`${problem}; the user list before stays`);
    },
    report: (problem, words) => log.warn(`${problem}: ${words}`),
  });
  return own;
}

/** A good change takes effect without a dropped session; a bad one is reported and the old one kept. */
export function watchConfig(
  file: string | undefined,
  state: Pick<SharedState, "config" | "reload" | "waitingKeys"> &
    Partial<Pick<SharedState, "catalog">>,
  health: Pick<HealthBoard, "configProblem">,
  onTaken: () => void,
): ConfigWatch | undefined {
  if (file === undefined) return undefined;
  return new ConfigWatch({
    file,
    pollIntervalMs: CONFIG_POLL_MS,
    onChange: (loaded) => {
      if (loaded.kind === "error") {
        health.configProblem = loaded.message;
        log.warn(`${loaded.message}; the settings before stay`);
        return;
      }
      health.configProblem = "";
      const changed = changedKeys(state.config, loaded.config);
      state.reload(loaded.config);
      onTaken();
      for (const warning of loaded.warnings) log.warn(warning);
      for (const key of state.waitingKeys) {
        log.warn(`${key} has changed: that takes effect at the next start`);
      }
      const { catalog } = state;
      const problems = catalog === undefined ? [] : windowProblems(loaded.config.windows, catalog);
      for (const problem of problems) log.warn(problem);
      const taken = changed.filter((key) => !state.waitingKeys.includes(key));
      const what = taken.length === 0 ? "nothing has changed" : `${taken.join(", ")} changed`;
      log.info(`settings read again: ${what}; ${loaded.config.windows.length} window(s) open`);
    },
  });
}
