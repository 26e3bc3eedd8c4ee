import { expect, test } from "vitest";
import { LabelFiles } from "../../src/cli/label-files.ts";
import { taggingFor } from "../../src/cli/tagging.ts";
import { parseConfig } from "../../src/config/load.ts";
import type { Tagging } from "../../src/session/session-context.ts";

const NO_FILES = new LabelFiles(() => undefined);

function tagging(yaml: string): Tagging {
  const loaded = parseConfig(`server: { host: db }\n${yaml}`, {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  return taggingFor(loaded.config, { V: "3.1.0", A: "env-app" }, NO_FILES);
}

const SHOP = new Map([["application_name", "shop@1.4.0"]]);
const NOBODY = new Map([["application_name", "psql"]]);
const COMMENT = "application='shop',version='2.0.0'";

const cases: readonly {
  readonly name: string;
  readonly yaml: string;
  readonly ask: (tagging: Tagging) => unknown;
  readonly answer: unknown;
}[] = [
  {
    name: "the defaults know application_name",
    yaml: "",
    ask: ({ fromStartup }) => fromStartup(SHOP),
    answer: { app: "shop", version: "1.4.0" },
  },
  {
    name: "an unknown session passes",
    yaml: "",
    ask: (it) => [it.fromStartup(NOBODY), it.rejectsUnknown],
    answer: [undefined, false],
  },
  {
    name: "an unknown session is rejected",
    yaml: "version: { unknown: reject }",
    ask: (it) => [it.fromStartup(NOBODY), it.rejectsUnknown],
    answer: [undefined, true],
  },
  {
    name: "an unknown session is treated as a version",
    yaml: "version: { unknown: shop@0.9.0 }",
    ask: (it) => [it.fromStartup(NOBODY), it.rejectsUnknown],
    answer: [{ app: "shop", version: "0.9.0" }, false],
  },
  {
    name: "the environment is the last source",
    yaml: "version: { from: [{ startup: application_name }, { env: V, app: A }] }",
    ask: ({ fromStartup }) => fromStartup(NOBODY),
    answer: { app: "env-app", version: "3.1.0" },
  },
  {
    name: "a comment speaks for its statement",
    yaml: "",
    ask: (it) => [it.usesComments, it.fromComment(COMMENT, undefined)],
    answer: [true, { app: "shop", version: "2.0.0" }],
  },
  {
    name: "a comment is nothing where it is no source",
    yaml: "version: { from: [{ startup: application_name }] }",
    ask: (it) => [it.usesComments, it.fromComment(COMMENT, undefined)],
    answer: [false, undefined],
  },
  {
    name: "the setting is read",
    yaml: "",
    ask: (it) => [it.usesSetting, it.fromSetting("shop@3.0.0")],
    answer: [true, { app: "shop", version: "3.0.0" }],
  },
  {
    name: "application_name says the tag",
    yaml: "",
    ask: (it) => it.applicationName({ app: "shop", version: "1.4.0" }, "psql"),
    answer: "shop@1.4.0",
  },
  {
    name: "application_name is left alone",
    yaml: "sessions: { application_name: false }",
    ask: (it) => it.applicationName({ app: "shop", version: "1.4.0" }, "psql"),
    answer: undefined,
  },
];

for (const { name, yaml, ask, answer } of cases) {
  test(name, () => {
    const told = ask(tagging(yaml));
    if (typeof answer === "object") expect(told).toMatchObject(answer ?? {});
    else expect(told).toBe(answer);
  });
}
