import { bind, describePortal, execute, parse, sync } from "../support/client-frames.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { dataFor, type PipelinedClient } from "./pipelined.ts";
import { begin, isSame, type Judgement, type Pair, show } from "./run.ts";
import type { Case } from "./statements.ts";
import type { Path } from "./vocabulary.ts";

export type Protocol = "simple" | "extended";

/** Sends a case as it is to both sides, of which one is a Straddle. What that refuses ends the case. */
export async function judgeThrough(
  pair: Pair,
  { path, texts }: Case,
  protocol: Protocol,
): Promise<Judgement> {
  const [expected, outcomes] = await Promise.all([
    runAll(pair.direct, path, texts, protocol),
    runAll(pair.renamed, path, texts, protocol),
  ]);
  let verdict: Judgement = { kind: "rows" };
  for (const [index, sent] of texts.entries()) {
    const want = expected[index];
    const got = outcomes[index];
    if (want === undefined || got === undefined) break;
    const error = want.notes.find(({ C = "" }) => !/^0[01]/.test(C));
    const answered = got.notes.find(({ C = "" }) => !/^0[01]/.test(C));
    if (error?.["C"] === "57014" || answered?.["C"] === "57014") return { kind: "slow" };
    if (answered?.["C"] === "0A000" && REFUSALS.test(answered["M"] ?? "")) {
      return { kind: "refused", detail: answered["D"] ?? answered["M"] ?? "" };
    }
    if (error !== undefined && verdict.kind === "rows") {
      verdict = { kind: "error", sqlstate: error["C"] ?? "" };
    }
    if (isSame(want, got, { sent, place: pair.place })) continue;
    const story = [`${protocol}: ${sent}`, `want: ${show(want)}`, `got:  ${show(got)}`].join("\n");
    return { kind: "different", story };
  }
  return verdict;
}

/** What Straddle says when it refuses for a window's sake. */
const REFUSALS = /^(straddle |cannot rewrite this statement)/;

async function runAll(
  client: PipelinedClient,
  path: Path,
  texts: readonly string[],
  protocol: Protocol,
): Promise<Outcome[]> {
  const begun = begin(client, path);
  const answers = texts.map((text) =>
    protocol === "simple"
      ? client.run(text)
      : client.send(
          parse("", text),
          bind("", ""),
          describePortal(""),
          execute(""),
          ...dataFor(text),
          sync(),
        ),
  );
  const isPrepared = texts.some((text) => text.startsWith("PREPARE"));
  const ended = client.run(isPrepared ? "ROLLBACK; DEALLOCATE ALL" : "ROLLBACK");
  const [, , ...all] = await Promise.all([begun, ended, ...answers]);
  return all.map((answer) => outcomeOf(answer, undefined));
}
