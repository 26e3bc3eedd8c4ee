import type { TestProject } from "vitest/node";
import { startServer } from "./server.ts";

declare module "vitest" {
  interface ProvidedContext {
    server: { readonly host: string; readonly port: number; readonly socketFolder: string };
  }
}

/** One PostgreSQL for the whole run; each test file makes databases of its own in it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  project.provide("server", {
    host: server.host,
    port: server.port,
    socketFolder: server.socketFolder,
  });
  return () => server.stop();
}
