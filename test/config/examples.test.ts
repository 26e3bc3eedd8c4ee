import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { variableName } from "../../src/config/environment.ts";
import { type ConfigKey, configKeys } from "../../src/config/keys.ts";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigFile } from "../../src/config/schema.ts";

for (const name of readdirSync("config")) {
  test(`config/${name} is good and warns of nothing`, () => {
    expect(loadConfig({ file: `config/${name}`, env: {} })).toMatchObject({
      kind: "ok",
      warnings: [],
    });
  });
}

const FULL = readFileSync("config/full.yaml", "utf8");
const KEYS = configKeys(ConfigFile);

const COMMENTED_OUT = [
  "server.socket",
  "server.url",
  "server.tls.ca",
  "server.tls.cert",
  "server.tls.key",
  "server.tls.server_name",
  "auth.users_file",
  "auth.salt_key_file",
  "auth.server.user",
  "auth.server.password_file",
  "auth.server.users_file",
  "control.password",
  "ledger.file",
];

test("config/full.yaml has every key, some of them commented out", () => {
  const missing = KEYS.filter((key) => !has(parse(FULL), key.name)).map((key) => key.name);
  const commentedOut = missing.filter((name) => FULL.includes(`# ${name.split(".").at(-1)}: `));
  expect({ missing, commentedOut }).toEqual({
    missing: COMMENTED_OUT,
    commentedOut: missing,
  });
});

const EXAMPLES =
  /^(server\.host|listen\.socket|listen\.tls\.(cert|key|key_password_file|ca|client_cert)$|version\.from|windows|guard\.policies|audit\.path|control\.(user|password_file|database))/;

for (const key of KEYS.filter(({ inList, name }) => !inList && !EXAMPLES.test(name))) {
  if (COMMENTED_OUT.includes(key.name)) continue;
  test(`config/full.yaml shows the default of ${key.name}`, () => {
    expect(lookUp(parse(FULL), key)).toEqual(key.default);
  });
}

test("every key has a description, and a variable of its own", () => {
  const undescribed = KEYS.filter((key) => key.description === "").map((key) => key.name);
  const variables = KEYS.filter((key) => !key.inList).map(variableName);
  expect({ undescribed, distinct: new Set(variables).size }).toEqual({
    undescribed: [],
    distinct: variables.length,
  });
});

test("a file that isn't there", () => {
  expect(loadConfig({ file: "config/none.yaml", env: {} })).toEqual({
    kind: "error",
    message: "config/none.yaml can't be read: there is no such file",
  });
});

function lookUp(document: unknown, key: ConfigKey): unknown {
  return key.path.reduce<unknown>(child, document);
}

/** Whether a key such as `windows[].old` occurs, in any of the list's entries. */
function has(document: unknown, name: string): boolean {
  const [step = "", ...rest] = name.split(".");
  const value = child(document, step.replace("[]", ""));
  if (value === undefined || rest.length === 0) return value !== undefined;
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.some((each) => has(each, rest.join(".")));
}

function child(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}
