import type { Check, Health } from "../admin/health.ts";
import { windowProblems } from "../version/naming.ts";
import { log } from "./log.ts";
import type { SharedState } from "./shared-state.ts";

/** What is known of Straddle's own condition, for the health pages. */
export class HealthBoard {
  isStarted = false;
  isStopping = false;
  /** Why the settings in force are not those of the file; empty while they are. */
  configProblem = "";
  /** Why the certificate in force is not that of the files; empty while it is. */
  clientTlsProblem = "";
  /** Why the users in force are not those of the files; empty while they are. */
  authProblem = "";
  #catalogProblem = "";

  /** A reading of the catalog has ended, with an error or without. Told to the log when it turns. */
  catalogRead(error: Error | undefined): void {
    const problem = error?.message ?? "";
    if (problem === this.#catalogProblem) return;
    this.#catalogProblem = problem;
    if (error === undefined) log.info("the catalog can be read again");
    else log.problem("the catalog can't be read; the last snapshot stays", error);
  }

  report(
    state: SharedState,
    problems: {
      readonly audit: string | undefined;
      readonly certificates: string;
      readonly blindSpots: string;
      readonly control: string;
    },
  ): Health {
    // Where records are dropped, statements still run.
    const auditState = state.config.audit.whenFull === "wait" ? "failed" : "warning";
    const windows = windowProblems(state.windows, state.catalog).join("; ");
    return {
      isStarted: this.isStarted,
      checks: [
        check("server", this.#catalogProblem, "failed"),
        check("draining", this.isStopping ? "straddle is shutting down" : "", "failed"),
        check("audit", problems.audit ?? "", auditState),
        check("config", this.configProblem, "warning"),
        check("client_tls", this.clientTlsProblem, "warning"),
        check("certificates", problems.certificates, "warning"),
        check("auth", this.authProblem, "warning"),
        check("version", state.labelProblems().join("; "), "warning"),
        check("windows", windows, "warning"),
        check("blind_spots", problems.blindSpots, "warning"),
        check("control", problems.control, "warning"),
      ],
    };
  }
}

function check(name: string, problem: string, state: "warning" | "failed"): Check {
  return { name, state: problem === "" ? "ok" : state, detail: problem };
}
