import type { RuleId, Severity } from "../../base/rule-ids.ts";
import type { Config } from "../../config/config.ts";
import { parseConfig } from "../../config/load.ts";
import { type Facts, NO_FACTS } from "../../guard/facts.ts";
import { DEFAULT_POLICY, type GuardPolicy } from "../../guard/guard-policy.ts";
import { loadConfigOrThrow } from "../config-file.ts";
import { withConnection } from "../control-connection.ts";
import { SetupError } from "../fail.ts";
import { serverFacts } from "./server-facts.ts";

/** Where settings and facts come from: nothing at all, a configuration, a server, or both. */
export interface LintSources {
  readonly config?: string;
  readonly server?: string;
  readonly offline?: boolean;
}

export type Severities = Readonly<Partial<Record<RuleId, Severity>>>;

/** The guard's settings as the configuration has them, with what options say on top. */
export function policyOf(config: Config | undefined, own: Severities): GuardPolicy {
  if (config === undefined) return { ...DEFAULT_POLICY, severities: own };
  const { onMissing, maxMs } = config.guard.lockTimeout;
  const lockTimeout: Severity =
    onMissing === "off" ? "off" : onMissing === "warn" ? "warn" : "block";
  return {
    ...DEFAULT_POLICY,
    lockTimeoutMaxMs: maxMs,
    severities: { "lock-timeout": lockTimeout, ...own },
  };
}

export function configOf({ config }: LintSources): Config | undefined {
  return config === undefined ? undefined : loadConfigOrThrow(config);
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
  const own = withoutServer(config);
  const target = sources.server === undefined ? config : configOfUrl(sources.server);
  if (target === undefined || sources.offline === true) return own;
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
  return { ...NO_FACTS, lockTimeoutMs, windows: config.windows, now: Date.now() };
}

function configOfUrl(url: string): Config {
  const loaded = parseConfig("", { DATABASE_URL: url });
  if (loaded.kind === "ok") return loaded.config;
  throw new SetupError(loaded.message.replace("DATABASE_URL", "--server"));
}
