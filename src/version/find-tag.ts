import { parseLabelFile } from "./label-file.ts";
import { parseVersion } from "./semantic-version.ts";
import { parseStartupOptions } from "./startup-options.ts";
import { formatTag, type VersionTag } from "./tag.ts";

/** One place where a version can be found. A list of them is asked in order; the first that answers wins. */
export type TagSource =
  /** Each statement's sqlcommenter comment: `application` and `version`. */
  | { readonly kind: "comment" }
  /** A startup parameter, read by a pattern with the group `version` and, unless `app` is given, `app`. */
  | {
      readonly kind: "startup";
      readonly parameter: string;
      readonly pattern: RegExp;
      readonly app: string | undefined;
    }
  /** The setting `straddle.version`, at startup or by SET. */
  | { readonly kind: "setting" }
  /** A file of `key="value"` lines. */
  | {
      readonly kind: "file";
      readonly path: string;
      readonly versionKey: string;
      readonly appKey: string;
    }
  /** Straddle's own environment. */
  | { readonly kind: "env"; readonly versionVariable: string; readonly appVariable: string };

/** What is known when a session starts. */
export interface StartupFacts {
  readonly parameters: ReadonlyMap<string, string>;
  /** Contents of a source's file; undefined if it can't be read. */
  readonly fileContents: (path: string) => string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A tag, and which of the sources gave it. */
export interface FoundTag extends VersionTag {
  readonly sourceIndex: number;
}

export function isFoundTag(tag: VersionTag | undefined): tag is FoundTag {
  return tag !== undefined && "sourceIndex" in tag && typeof tag.sourceIndex === "number";
}

/** The tag of a session that starts, or undefined if no source answers. */
export function tagFromStartup(
  sources: readonly TagSource[],
  facts: StartupFacts,
): FoundTag | undefined {
  for (const [sourceIndex, source] of sources.entries()) {
    const claim = claimOf(source, facts);
    const tag = claim === undefined ? undefined : toTag(claim);
    if (tag !== undefined) return { ...tag, sourceIndex };
  }
  return undefined;
}

/**
 * What sources said at startup that is no semantic version, a sentence each: for the log, and for the
 * DETAIL when `unknown` is `reject`.
 */
export function unreadableVersions(sources: readonly TagSource[], facts: StartupFacts): string[] {
  return sources.flatMap((source) => {
    const claim = claimOf(source, facts);
    if (claim === undefined || parseVersion(claim.version) !== undefined) return [];
    return [`The ${source.kind} source says "${claim.version}", which is not a semantic version.`];
  });
}

/**
 * The tag that a statement's own comment gives it (keys and values as decoded). Undefined leaves the
 * session's tag in force; so does a comment whose source stands behind the one that gave `session`.
 */
export function tagFromComment(
  sources: readonly TagSource[],
  comment: ReadonlyMap<string, string>,
  session: FoundTag | undefined,
): FoundTag | undefined {
  const sourceIndex = sources.findIndex(({ kind }) => kind === "comment");
  if (sourceIndex < 0 || (session !== undefined && session.sourceIndex < sourceIndex)) {
    return undefined;
  }
  const tag = claimToTag(comment.get("application"), comment.get("version"));
  return tag === undefined ? undefined : { ...tag, sourceIndex };
}

/**
 * The tag of a session that says `SET straddle.version = value` while it runs. Said so plainly it
 * takes the place of whatever startup found; undefined (an empty value, as after RESET, or one that is
 * no tag) gives startup's tag its place back.
 */
export function tagFromSetting(sources: readonly TagSource[], value: string): FoundTag | undefined {
  const sourceIndex = sources.findIndex(({ kind }) => kind === "setting");
  if (sourceIndex < 0) return undefined;
  const claim = claimOfSetting(value);
  const tag = claim === undefined ? undefined : toTag(claim);
  return tag === undefined ? undefined : { ...tag, sourceIndex };
}

/** Size of a name in PostgreSQL: NAMEDATALEN - 1. The server would cut bytes, perhaps inside a character. */
const APPLICATION_NAME_SIZE_MAX = 63;

/**
 * `orders-api@2.1.0`, at most 63 bytes of UTF-8, never cut inside a character. A tag without an
 * application, as `version.unknown` can give it, keeps the client's own name; undefined if it has none.
 */
export function applicationNameFor(tag: VersionTag, ownName = ""): string | undefined {
  const app = tag.app === "" ? ownName : tag.app;
  if (app === "") return undefined;
  let name = "";
  let size = 0;
  for (const character of formatTag({ app, version: tag.version })) {
    size += Buffer.byteLength(character);
    if (size > APPLICATION_NAME_SIZE_MAX) break;
    name += character;
  }
  return name;
}

/** What a source says, before its version is looked at. */
interface Claim {
  readonly app: string;
  readonly version: string;
}

function claimOf(source: TagSource, facts: StartupFacts): Claim | undefined {
  switch (source.kind) {
    case "comment":
      return undefined; // A statement's, never a session's.
    case "startup": {
      const value = facts.parameters.get(source.parameter);
      const groups = value === undefined ? undefined : source.pattern.exec(value)?.groups;
      return toClaim(groups?.["app"] ?? source.app, groups?.["version"]);
    }
    case "setting": {
      const value =
        facts.parameters.get("straddle.version") ??
        parseStartupOptions(facts.parameters.get("options") ?? "").get("straddle.version");
      return value === undefined ? undefined : claimOfSetting(value);
    }
    case "file": {
      const contents = facts.fileContents(source.path);
      if (contents === undefined) return undefined;
      const labels = parseLabelFile(contents);
      return toClaim(labels.get(source.appKey), labels.get(source.versionKey));
    }
    case "env":
      return toClaim(facts.env[source.appVariable], facts.env[source.versionVariable]);
  }
}

/** `orders-api@2.1.0`. The last @ counts, since a package's name can begin with one. */
function claimOfSetting(value: string): Claim | undefined {
  const at = value.lastIndexOf("@");
  return at < 0 ? undefined : toClaim(value.slice(0, at).trim(), value.slice(at + 1).trim());
}

function toClaim(app: string | undefined, version: string | undefined): Claim | undefined {
  if (app === undefined || app === "" || version === undefined || version === "") return undefined;
  return { app, version };
}

function toTag(claim: Claim): VersionTag | undefined {
  const version = parseVersion(claim.version);
  return version === undefined ? undefined : { app: claim.app, version };
}

function claimToTag(app: string | undefined, version: string | undefined): VersionTag | undefined {
  const claim = toClaim(app, version);
  return claim === undefined ? undefined : toTag(claim);
}
