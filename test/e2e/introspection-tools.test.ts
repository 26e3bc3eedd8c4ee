import { afterAll, beforeAll, expect, test } from "vitest";
import { psql, psqlVersion } from "../support/psql.ts";
import type { TestDatabase } from "../support/server.ts";
import { runDirect, type Twins } from "../support/twins.ts";
import { PSQL_COMMANDS } from "./introspection-cases.ts";
import {
  createIntrospectionTwins,
  FLIP,
  named,
  SIDES,
  type Side,
  VERSIONS,
} from "./introspection-stage.ts";

/** What tools print of a schema whose names have changed is what they print of a version's own database. */

let twins: Twins;

beforeAll(async () => {
  twins = await createIntrospectionTwins();
  await runDirect(twins.shared, FLIP);
  await twins.straddle.state.refreshCatalog();
});

afterAll(() => twins.end());

type Print = (database: TestDatabase, port: number, side: Side) => Promise<string>;

async function expectSamePrinted(side: Side, print: Print): Promise<string> {
  const own = twins[side];
  const expected = await print(own, own.connection.port ?? 0, side);
  const found = await print(twins.shared, twins.straddle.port, side);
  expect(found.replaceAll(twins.shared.name, own.name)).toBe(expected);
  return found;
}

function psqlOf(command: string): Print {
  return async (database, port, side) => {
    const place = `host=${database.connection.host} port=${port} dbname=${database.name} user=postgres`;
    const options = { sql: named(command, side), flags: "-Xw" };
    const printed = await psql(`${place} application_name=${VERSIONS[side]}`, options);
    // A column of type regclass is shown by the physical name: README, "Blind spots".
    return printed.replaceAll(/TABLE "(?:person|people)" CONSTRAINT/g, "TABLE … CONSTRAINT");
  };
}

for (const side of SIDES) {
  test.skipIf(psqlVersion === 0).for(PSQL_COMMANDS)(`psql, ${side} names: %s`, async (command) => {
    await expectSamePrinted(side, psqlOf(command));
  });
}
