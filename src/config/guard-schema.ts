import { z } from "zod";
import { Policy } from "./policy-schema.ts";
import { RuleSeverities } from "./rule-severities.ts";
import { Duration, Size, Text } from "./scalars.ts";

const ATTEMPTS_MAX = 100;

const Retry = z.strictObject({
  attempts: z
    .int()
    .min(0)
    .max(ATTEMPTS_MAX)
    .default(1)
    .describe(
      "How often a schema change is sent in all when it does not get its lock in time (55P03), where it is alone in its message and outside of a transaction block. 0 and 1: once.",
    ),
  backoff: Duration.prefault("500ms").describe(
    "The longest pause before the second attempt; it doubles with each further one. A random part of its upper half is left out.",
  ),
  backoff_max: Duration.prefault("10s").describe("What that pause doubles up to."),
});

/** What schema changes are refused, and how. */
export const Guard = z.strictObject({
  mode: z
    .enum(["enforce", "observe", "off"])
    .default("enforce")
    .describe(
      "`enforce`: the rules refuse and warn. `observe`: what would have been refused is recorded in audit log and metrics, and passed. `off`: the rules are not asked; `lock_timeout` is as it says.",
    ),
  lock_timeout: z
    .strictObject({
      on_missing: z
        .enum(["block", "inject", "warn", "off"])
        .default("block")
        .describe(
          "What happens to DDL that locks an existing relation while `lock_timeout` is 0 or above `max`: refused, run with `inject`'s value, run with a warning, or run.",
        ),
      max: Duration.prefault("5s").describe("The longest `lock_timeout` that DDL may run with."),
      inject: Duration.prefault("2s").describe(
        "The `lock_timeout` that `on_missing: inject` sets.",
      ),
    })
    .prefault({}),
  retry: Retry.prefault({}),
  rules: RuleSeverities.prefault({}).describe(
    "Rules by their ids, and what each does: `block`, `warn` or `off`. Those that are not named have their own default.",
  ),
  policies: z
    .array(Policy)
    .default([])
    .describe(
      "What holds in place of `rules` somewhere, for somebody, or at some time. Of the entries that match a statement the last one that names a rule counts.",
    ),
  allow_roles: z
    .array(Text.describe("A role's name, or `*`."))
    .default(["*"])
    .describe(
      "Roles, by the name that they log in as, that may override a rule for a statement. `[]`: nobody.",
    ),
  small_table: Size.prefault("10MiB").describe(
    "Below it, rules that are about how long a table is read or written let a change pass.",
  ),
  lock_queue_age: Duration.prefault("2s").describe(
    "How long a transaction is open that a schema change does not wait for: rule `lock-queue`. `0s`: none is waited for.",
  ),
  disk_throughput: Size.prefault("500MiB").describe(
    "What the server's disk moves in a second, for the times in refusals.",
  ),
});
