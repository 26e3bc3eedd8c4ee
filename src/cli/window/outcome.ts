/** What became of what was asked for: done, or refused for a reason that the operator can act on. */
export type Outcome =
  | {
      readonly kind: "done";
      /** For people: lines, without the last one's end. */
      readonly text: string;
      /** For programs, as JSON. */
      readonly data: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: "refused";
      readonly because: string;
      /** What to do instead; empty where that is said already. */
      readonly instead: string;
      /** Lines that say it in full, before the sentence. */
      readonly text?: string;
      readonly data?: Readonly<Record<string, unknown>>;
    };

const REFUSED_EXIT_CODE = 1;

export interface Printed {
  readonly out: string;
  readonly err: string;
  /** 0 done, 1 refused. */
  readonly status: number;
}

/** What a command prints. A refusal's sentence goes to stderr, unless all of it is JSON. */
export function printed(outcome: Outcome, { json }: { readonly json: boolean }): Printed {
  const status = outcome.kind === "refused" ? REFUSED_EXIT_CODE : 0;
  if (json) return { out: `${JSON.stringify(asJson(outcome))}\n`, err: "", status };
  const out = outcome.text === undefined || outcome.text === "" ? "" : `${outcome.text}\n`;
  if (outcome.kind === "done") return { out, err: "", status };
  const hint = outcome.instead === "" ? "" : `straddle: instead: ${outcome.instead}\n`;
  return { out, err: `straddle: refused: ${outcome.because}\n${hint}`, status };
}

/** Prints it, and sets the exit status. */
export function print({ out, err, status }: Printed): void {
  process.stdout.write(out);
  process.stderr.write(err);
  process.exitCode = status;
}

function asJson(outcome: Outcome): Readonly<Record<string, unknown>> {
  if (outcome.kind === "done") return { outcome: "done", ...outcome.data };
  const { because, instead, data } = outcome;
  return { outcome: "refused", because, instead, ...data };
}
