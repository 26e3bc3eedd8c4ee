import { expect, test } from "vitest";
import type { Check } from "../../../src/admin/health.ts";
import { joinedHealth } from "../../../src/cli/workers/joined-health.ts";

test("of each check the worst counts, and the primary's own word over the workers'", () => {
  const check = (name: string, state: Check["state"], detail = ""): Check => ({
    name,
    state,
    detail,
  });
  const { checks } = joinedHealth({
    isStarted: true,
    workers: [
      [check("server", "ok"), check("windows", "warning", "no table"), check("config", "warning")],
      [check("server", "failed", "gone"), check("windows", "ok")],
    ],
    own: [check("config", "ok"), check("workers", "ok")],
  });
  expect(checks).toEqual([
    check("server", "failed", "gone"),
    check("windows", "warning", "no table"),
    check("config", "ok"),
    check("workers", "ok"),
  ]);
});
