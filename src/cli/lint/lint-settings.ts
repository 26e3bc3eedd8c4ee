import type { RuleId, Severity } from "../../base/rule-ids.ts";
import type { Config } from "../../config/config.ts";
import { parseDuration } from "../../config/duration.ts";
import { type Facts, NO_FACTS } from "../../guard/facts.ts";
import { DEFAULT_POLICY, type GuardPolicy } from "../../guard/guard-policy.ts";
import { SetupError } from "../fail.ts";
import { guardSettings } from "../guard-settings.ts";
import { checkedAddresses } from "../ready/ask-instances.ts";
import { askedUsage } from "./asked-usage.ts";
import { serverFacts } from "./server-facts.ts";

/** Where settings and facts come from: nothing at all, a configuration, a server, or both. */
export interface LintSources {
  readonly config?: string;
  readonly server?: string;
  readonly offline?: boolean;
  /** Instances to ask who uses what, as host:port. */
  readonly admin?: readonly string[];
  readonly quietFor?: string;
}

export type Severities = Readonly<Partial<Record<RuleId, Severity>>>;

/** The guard's settings as the configuration has them, with what options say on top. */
export function policyOf(
  sources: LintSources,
  config: Config | undefined,
  own: Severities,
): GuardPolicy {
  const goneAfterMs = quietMs(sources);
  if (config === undefined) return { ...DEFAULT_POLICY, goneAfterMs, severities: own };
  const { policy } = guardSettings(config);
  const { onMissing } = config.guard.lockTimeout;
  // In sessions it is the server that looks at lock_timeout.
  const lockTimeout = onMissing === "off" || onMissing === "warn" ? onMissing : "block";
  return {
    ...policy,
    goneAfterMs,
    severities: { ...policy.severities, "lock-timeout": lockTimeout, ...own },
  };
}

// What reads settings and what asks a server take half of a start, and are loaded where they are asked for.

export async function configOf({ config }: LintSources): Promise<Config | undefined> {
  if (config === undefined) return undefined;
  const { loadConfigOrThrow } = await import("../config-file.ts");
  return loadConfigOrThrow(config);
}

/**
 * What is known beside the files. With `--server`, timeouts are those of the role that logs in, since
 * it is the one that migrates; of a configuration's control connection they would say nothing.
 */
export async function factsFor(
  sources: LintSources,
  config: Config | undefined,
  judge: (facts: Facts) => void,
): Promise<Facts> {
  const facts = await withServer(sources, config, judge);
  const { admin = [] } = sources;
  if (admin.length === 0) return facts;
  const now = Date.now();
  const usage = await askedUsage(checkedAddresses(admin), quietMs(sources), (asked) =>
    judge({ ...facts, now, usage: asked }),
  );
  if (typeof usage !== "string") return { ...facts, now, usage };
  process.stderr.write(`straddle: warning: who uses what is not known: ${usage}\n`);
  return facts;
}

/** How long nobody must have used a name for it to be free. */
function quietMs({ quietFor }: LintSources): number {
  if (quietFor === undefined) return DEFAULT_POLICY.goneAfterMs;
  const milliseconds = parseDuration(quietFor);
  if (milliseconds === undefined || milliseconds === 0) {
    throw new SetupError(`--quiet-for must be a duration above 0 such as 15min, not "${quietFor}"`);
  }
  return milliseconds;
}

async function withServer(
  sources: LintSources,
  config: Config | undefined,
  judge: (facts: Facts) => void,
): Promise<Facts> {
  const own = withoutServer(config);
  const target = sources.server === undefined ? config : await configOfUrl(sources.server);
  if (target === undefined || sources.offline === true) return own;
  const { withConnection } = await import("../control-connection.ts");
  return withConnection(target, async (client) => {
    const { settings, relation } = await serverFacts(client, (asked) =>
      judge({ ...own, relation: asked }),
    );
    const { serverVersion, lockTimeoutMs, statementTimeoutMs } = settings;
    const timeouts = sources.server === undefined ? {} : { lockTimeoutMs, statementTimeoutMs };
    return { ...own, ...timeouts, serverVersion, relation };
  });
}

function withoutServer(config: Config | undefined): Facts {
  if (config === undefined) return NO_FACTS;
  const { onMissing, injectMs } = config.guard.lockTimeout;
  const lockTimeoutMs = onMissing === "inject" ? injectMs : undefined;
  const { bytesPerSecond } = config.guard;
  return { ...NO_FACTS, lockTimeoutMs, bytesPerSecond, windows: config.windows };
}

async function configOfUrl(url: string): Promise<Config> {
  const { parseConfig } = await import("../../config/load.ts");
  const loaded = parseConfig("", { DATABASE_URL: url });
  if (loaded.kind === "ok") return loaded.config;
  throw new SetupError(loaded.message.replace("DATABASE_URL", "--server"));
}
