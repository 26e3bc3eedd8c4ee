import { expect, test } from "vitest";
import {
  applicationNameFor,
  type FoundTag,
  type TagSource,
  tagFromComment,
  tagFromSetting,
  tagFromStartup,
  unreadableVersions,
} from "../../src/version/find-tag.ts";
import { tagWhenUnknown } from "../../src/version/unknown-version.ts";

const COMMENT: TagSource = { kind: "comment" };
const SETTING: TagSource = { kind: "setting" };
const APPLICATION_NAME: TagSource = {
  kind: "startup",
  parameter: "application_name",
  pattern: /^(?<app>[^@/ ]+)[@/](?<version>\S+)$/u,
  app: undefined,
};
const FILE: TagSource = { kind: "file", path: "/labels", versionKey: "version", appKey: "name" };
const ENV: TagSource = { kind: "env", versionVariable: "V", appVariable: "A" };

function facts(input: {
  parameters?: Readonly<Record<string, string>>;
  labels?: string;
  env?: Readonly<Record<string, string>>;
}) {
  return {
    parameters: new Map(Object.entries(input.parameters ?? {})),
    fileContents: (path: string) => (path === "/labels" ? input.labels : undefined),
    env: input.env ?? {},
  };
}

const startups: readonly {
  readonly name: string;
  readonly sources: readonly TagSource[];
  readonly given: Parameters<typeof facts>[0];
  readonly tag: FoundTag | undefined;
  readonly unreadable?: readonly string[];
}[] = [
  {
    name: "no source",
    sources: [],
    given: { parameters: { application_name: "shop@1.0.0" } },
    tag: undefined,
  },
  {
    name: "application_name with @",
    sources: [COMMENT, APPLICATION_NAME],
    given: { parameters: { application_name: "shop@1.4.0" } },
    tag: { app: "shop", version: "1.4.0", sourceIndex: 1 },
  },
  {
    name: "application_name with /",
    sources: [APPLICATION_NAME],
    given: { parameters: { application_name: "shop/1.4.0" } },
    tag: { app: "shop", version: "1.4.0", sourceIndex: 0 },
  },
  {
    name: "application_name without a version",
    sources: [APPLICATION_NAME],
    given: { parameters: { application_name: "psql" } },
    tag: undefined,
  },
  {
    name: "a version that is none is said, and the next source is asked",
    sources: [APPLICATION_NAME, ENV],
    given: { parameters: { application_name: "shop@9f3ab21" }, env: { A: "shop", V: "2.0.0" } },
    tag: { app: "shop", version: "2.0.0", sourceIndex: 1 },
    unreadable: ['The startup source says "9f3ab21", which is not a semantic version.'],
  },
  {
    name: "a pattern without an app group",
    sources: [{ ...APPLICATION_NAME, pattern: /v(?<version>.+)$/u, app: "shop" }],
    given: { parameters: { application_name: "web v2.1" } },
    tag: { app: "shop", version: "2.1.0", sourceIndex: 0 },
  },
  {
    name: "another startup parameter",
    sources: [{ ...APPLICATION_NAME, parameter: "user" }],
    given: { parameters: { user: "shop@2.0.0" } },
    tag: { app: "shop", version: "2.0.0", sourceIndex: 0 },
  },
  {
    name: "the setting as a startup parameter",
    sources: [SETTING],
    given: { parameters: { "straddle.version": "shop@1.0.0" } },
    tag: { app: "shop", version: "1.0.0", sourceIndex: 0 },
  },
  {
    name: "the setting in options",
    sources: [SETTING],
    given: { parameters: { options: "-c geqo=off -c straddle.version=shop@1.0.0" } },
    tag: { app: "shop", version: "1.0.0", sourceIndex: 0 },
  },
  {
    name: "a scoped name in the setting",
    sources: [SETTING],
    given: { parameters: { "straddle.version": "@acme/shop@1.0.0" } },
    tag: { app: "@acme/shop", version: "1.0.0", sourceIndex: 0 },
  },
  {
    name: "the setting without an application",
    sources: [SETTING],
    given: { parameters: { "straddle.version": "1.0.0" } },
    tag: undefined,
  },
  {
    name: "a file of labels",
    sources: [FILE],
    given: { labels: 'name="shop"\nversion="v2.1.0"\n' },
    tag: { app: "shop", version: "2.1.0", sourceIndex: 0 },
  },
  {
    name: "a file without the name",
    sources: [FILE],
    given: { labels: 'version="v2.1.0"\n' },
    tag: undefined,
  },
  { name: "a file that isn't there", sources: [FILE], given: {}, tag: undefined },
  {
    name: "an empty variable",
    sources: [ENV],
    given: { env: { A: "shop", V: "" } },
    tag: undefined,
  },
  {
    name: "the first that answers wins",
    sources: [FILE, SETTING, APPLICATION_NAME, ENV],
    given: {
      parameters: { application_name: "shop@1.0.0", options: "--straddle.version=shop@3.0.0" },
      env: { A: "shop", V: "2.0.0" },
    },
    tag: { app: "shop", version: "3.0.0", sourceIndex: 1 },
  },
];

for (const { name, sources, given, tag, unreadable = [] } of startups) {
  test(`at startup: ${name}`, () => {
    expect({
      tag: tagFromStartup(sources, facts(given)),
      unreadable: unreadableVersions(sources, facts(given)),
    }).toEqual({ tag, unreadable });
  });
}

const ORDER = [APPLICATION_NAME, COMMENT, SETTING];
const comments = [
  {
    name: "gives the statement a tag",
    comment: { application: "shop", version: "2.0.0" },
    session: undefined,
    tag: { app: "shop", version: "2.0.0", sourceIndex: 1 },
  },
  {
    name: "wins over a later source",
    comment: { application: "shop", version: "2.0.0" },
    session: { app: "shop", version: "1.0.0", sourceIndex: 2 },
    tag: { app: "shop", version: "2.0.0", sourceIndex: 1 },
  },
  {
    name: "does not win over an earlier source",
    comment: { application: "shop", version: "2.0.0" },
    session: { app: "shop", version: "1.0.0", sourceIndex: 0 },
    tag: undefined,
  },
  {
    name: "needs the application",
    comment: { version: "2.0.0" },
    session: undefined,
    tag: undefined,
  },
  {
    name: "needs a version that is one",
    comment: { application: "shop", version: "main" },
    session: undefined,
    tag: undefined,
  },
];

for (const { name, comment, session, tag } of comments) {
  test(`a comment ${name}`, () => {
    expect(tagFromComment(ORDER, new Map(Object.entries(comment)), session)).toEqual(tag);
  });
}

test("a comment counts only where it is a source", () => {
  const comment = new Map([
    ["application", "shop"],
    ["version", "2.0.0"],
  ]);
  expect(tagFromComment([APPLICATION_NAME], comment, undefined)).toBeUndefined();
});

const settings = [
  { value: "shop@2.0.0", sources: ORDER, tag: { app: "shop", version: "2.0.0", sourceIndex: 2 } },
  { value: " shop @ 2.0 ", sources: ORDER, tag: { app: "shop", version: "2.0.0", sourceIndex: 2 } },
  { value: "", sources: ORDER, tag: undefined },
  { value: "@2.0.0", sources: ORDER, tag: undefined },
  { value: "shop@", sources: ORDER, tag: undefined },
  { value: "shop@2.0.0", sources: [COMMENT], tag: undefined },
];

for (const { value, sources, tag } of settings) {
  test(`SET straddle.version = '${value}' with ${sources.length} sources`, () => {
    expect(tagFromSetting(sources, value)).toEqual(tag);
  });
}

const names: readonly { app: string; ownName?: string; name: string | undefined }[] = [
  { app: "shop", ownName: "psql", name: "shop@1.0.0" },
  { app: "", ownName: "psql", name: "psql@1.0.0" },
  { app: "", ownName: "", name: undefined },
  { app: "shop", name: "shop@1.0.0" },
  { app: "a".repeat(57), name: `${"a".repeat(57)}@1.0.0` },
  { app: "a".repeat(58), name: `${"a".repeat(58)}@1.0.` },
  { app: `${"a".repeat(61)}é`, name: `${"a".repeat(61)}é` },
  { app: `${"a".repeat(62)}é`, name: "a".repeat(62) },
  { app: `${"a".repeat(60)}😀`, name: "a".repeat(60) },
];

for (const { app, ownName, name } of names) {
  test(`application_name of ${app}, whose client says ${ownName}`, () => {
    expect(applicationNameFor({ app, version: "1.0.0" }, ownName)).toBe(name);
  });
}

const policies = [
  { policy: { kind: "pass" as const }, goesAs: undefined },
  { policy: { kind: "reject" as const }, goesAs: "reject" },
  {
    policy: { kind: "treat_as" as const, app: "shop", version: "1.0.0" },
    goesAs: { app: "shop", version: "1.0.0", sourceIndex: Number.POSITIVE_INFINITY },
  },
];

for (const { policy, goesAs } of policies) {
  test(`a session without a version under ${policy.kind}`, () => {
    expect(tagWhenUnknown(policy)).toEqual(goesAs);
  });
}
