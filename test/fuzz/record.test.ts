import { writeFileSync } from "node:fs";
import { test } from "vitest";
import { startup } from "../support/client-frames.ts";
import { createDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect } from "../support/twins.ts";
import { CONVERSATIONS, RESET, SCHEMA } from "./conversations.ts";
import { LOGGED_IN, record, Tap } from "./recorder.ts";
import { RECORDED_WAYS, type Recording, recordingFile, writeRecordings } from "./recording.ts";
import { settingsOf } from "./ways.ts";

/** Makes `recordings/` anew, for whoever has changed the conversations: `STRADDLE_FUZZ_RECORD=1`. */
const isWanted = process.env["STRADDLE_FUZZ_RECORD"] === "1";

for (const way of RECORDED_WAYS) {
  test.runIf(isWanted)(
    `records ${way}`,
    async () => {
      const { application, column, yaml } = settingsOf(way);
      const database = await createDatabase();
      await runDirect(database, SCHEMA);
      const { host = "", port = 0 } = database.connection;
      const tap = new Tap({ host, port });
      const tapped = {
        ...database,
        connection: { ...database.connection, port: await tap.listen() },
      };
      const straddle = await startTestStraddle(tapped, yaml);
      const packet = startup({
        user: "postgres",
        database: database.name,
        application_name: application,
      });
      const recordings: Recording[] = [];
      for (const { name, turns } of CONVERSATIONS) {
        await runDirect(database, RESET);
        const address = { host: "127.0.0.1", port: straddle.port };
        const steps = await record(tap, address, packet, turns(column));
        // The log-in is the same each time: it is kept once.
        const loginEnd = steps.findLastIndex(({ bytes }) => bytes === LOGGED_IN) + 1;
        if (recordings.length === 0)
          recordings.push({ name: "log-in", steps: steps.slice(0, loginEnd) });
        recordings.push({ name, steps: steps.slice(loginEnd) });
      }
      await straddle.stop();
      await tap.end();
      await database.drop();
      const named = writeRecordings(recordings);
      writeFileSync(recordingFile(way), named);
    },
    120_000,
  );
}
