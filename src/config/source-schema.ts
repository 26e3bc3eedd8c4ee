import { z } from "zod";
import { Text } from "./scalars.ts";

/** The kinds of sources, each named by the key that only it has. */
const KINDS = ["comment", "startup", "setting", "file", "env"] as const;

const ALLOWED: Record<(typeof KINDS)[number], readonly string[]> = {
  comment: [],
  startup: ["pattern", "app"],
  setting: [],
  file: ["version", "app"],
  env: ["app"],
};

const DEFAULT_PATTERN = "^(?<app>[^@/ ]+)[@/](?<version>\\S+)$";

/** One entry of `version.from`. The shape that comes out is what `version/find-tag.ts` takes. */
export const Source = z
  .strictObject({
    comment: z
      .literal(true)
      .optional()
      .describe(
        "Read `application` and `version` from each statement's sqlcommenter comment: `/*application='orders-api',version='2.1.0'*/`.",
      ),
    startup: Text.optional().describe(
      "A startup parameter to read, such as `application_name`, by `pattern`.",
    ),
    pattern: Text.optional().describe(
      `For \`startup\`: a JavaScript regular expression with the group \`version\` and the group \`app\` (or the key \`app\`). Default \`${DEFAULT_PATTERN}\`.`,
    ),
    setting: z
      .string()
      .optional()
      .describe(
        "Only `straddle.version`: `SET straddle.version = 'orders-api@2.1.0'`, or `options=-c straddle.version=…`.",
      ),
    file: Text.optional().describe(
      'A file of `key="value"` lines, as the Kubernetes Downward API writes a pod\'s labels.',
    ),
    version: Text.optional().describe(
      "For `file`: the key of the version. Default `app.kubernetes.io/version`.",
    ),
    env: Text.optional().describe("An environment variable of Straddle's that holds the version."),
    app: Text.optional().describe(
      "For `file`: the key of the application's name (default `app.kubernetes.io/name`). For `env`: the variable that holds it. For `startup`: the name itself.",
    ),
  })
  .transform((entry, context) => {
    const kinds = KINDS.filter((kind) => entry[kind] !== undefined);
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) {
      context.addIssue(`needs exactly one of ${KINDS.join(", ")}`);
      return z.NEVER;
    }
    for (const key of ["pattern", "version", "app"] as const) {
      if (entry[key] !== undefined && !ALLOWED[kind].includes(key)) {
        context.addIssue({ code: "custom", path: [key], message: `does not go with "${kind}"` });
        return z.NEVER;
      }
    }
    if (entry.comment !== undefined) return { kind: "comment" as const };
    if (entry.startup !== undefined) {
      const pattern = compile(entry.pattern ?? DEFAULT_PATTERN, entry.app !== undefined);
      if (typeof pattern === "string") {
        context.addIssue({ code: "custom", path: ["pattern"], message: pattern });
        return z.NEVER;
      }
      return {
        kind: "startup" as const,
        parameter: entry.startup,
        pattern,
        app: entry.app,
      };
    }
    if (entry.setting !== undefined) {
      if (entry.setting === "straddle.version") return { kind: "setting" as const };
      context.addIssue({ code: "custom", path: ["setting"], message: "must be straddle.version" });
      return z.NEVER;
    }
    if (entry.file !== undefined) {
      return {
        kind: "file" as const,
        path: entry.file,
        versionKey: entry.version ?? "app.kubernetes.io/version",
        appKey: entry.app ?? "app.kubernetes.io/name",
      };
    }
    if (entry.env !== undefined && entry.app !== undefined) {
      return { kind: "env" as const, versionVariable: entry.env, appVariable: entry.app };
    }
    context.addIssue({
      code: "custom",
      path: ["app"],
      message: "is missing: the variable that holds the application's name",
    });
    return z.NEVER;
  });

/** The pattern, or what is wrong with it. */
function compile(text: string, hasApp: boolean): RegExp | string {
  let pattern: RegExp;
  try {
    pattern = new RegExp(text, "u");
  } catch (error) {
    return `is not a regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
  // With an empty alternative the pattern matches "", and a match lists all groups.
  const groups = new RegExp(`${text}|`, "u").exec("")?.groups ?? {};
  if (!("version" in groups)) return 'needs a group "(?<version>…)"';
  if (!("app" in groups) && !hasApp) return 'needs a group "(?<app>…)", or the key "app" beside it';
  return pattern;
}
