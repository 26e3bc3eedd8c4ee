import type { Config } from "../config/config.ts";
import type { Tagging } from "../session/session-context.ts";
import { parseComment } from "../sql/comment.ts";
import {
  applicationNameFor,
  isFoundTag,
  tagFromComment,
  tagFromSetting,
  tagFromStartup,
} from "../version/find-tag.ts";
import type { VersionTag } from "../version/tag.ts";
import { tagWhenUnknown } from "../version/unknown-version.ts";
import type { LabelFiles } from "./label-files.ts";

/** What is wrong with the files that versions are to come from, a clause each. */
export function labelProblems(config: Config, files: LabelFiles): string[] {
  return config.version.sources.flatMap((source) => {
    const problem = source.kind === "file" ? files.problem(source.path) : "";
    return problem === "" ? [] : [problem];
  });
}

/** How sessions find their tags under these settings. */
export function taggingFor(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  files: LabelFiles,
): Tagging {
  const { sources, unknown } = config.version;
  const fallback = tagWhenUnknown(unknown);
  return {
    fromStartup: (parameters) =>
      tagFromStartup(sources, { parameters, env, fileContents: (path) => files.contents(path) }) ??
      (fallback === "reject" ? undefined : fallback),
    // With the session's tag the order of the sources is kept; without it the comment wins.
    fromComment: (comment: string, session?: VersionTag) =>
      tagFromComment(sources, parseComment(comment), isFoundTag(session) ? session : undefined),
    fromSetting: (value) => tagFromSetting(sources, value),
    usesSetting: sources.some(({ kind }) => kind === "setting"),
    usesComments: sources.some(({ kind }) => kind === "comment"),
    rejectsUnknown: fallback === "reject",
    applicationName: (tag, ownName) =>
      config.sessions.applicationName ? applicationNameFor(tag, ownName) : undefined,
  };
}
