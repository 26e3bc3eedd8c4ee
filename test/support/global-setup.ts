import type { TestProject } from "vitest/node";
import { buildProgram } from "./built-program.ts";
import { startServer } from "./server.ts";

declare module "vitest" {
  interface ProvidedContext {
    server: { readonly host: string; readonly port: number; readonly socketFolder: string };
    /** The compiled program. */
    main: string;
  }
}

/**
 * One PostgreSQL for the whole run, in which each test file makes databases of its own, and the
 * compiled program.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  project.provide("server", {
    host: server.host,
    port: server.port,
    socketFolder: server.socketFolder,
  });
  const program = buildProgram();
  project.provide("main", program.main);
  return async () => {
    program.remove();
    await server.stop();
  };
}
