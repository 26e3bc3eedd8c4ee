import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    // Most files wait for servers and clients: two at a time are faster, also on two cores.
    maxWorkers: 2,
    // Files share what they load: loading it anew for each was a third of the run.
    isolate: false,
    // What hangs ends here. It says nothing about speed: machines are shared.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
