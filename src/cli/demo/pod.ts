import { fork } from "node:child_process";
import { sourceOf } from "../source-of.ts";
import type { PodOptions } from "./pod-worker.ts";
import type { PodReport } from "./statistics.ts";

type Message = PodReport | { readonly kind: "ready" };

/** The parent's side of a pod's process. */
export interface Pod {
  readonly version: string;
  /** Lets it finish what it does; resolves when its process has ended. */
  stop(): Promise<void>;
}

/** Starts a pod; resolves when it has connected and works. */
export async function startPod(
  options: PodOptions,
  onReport: (report: PodReport) => void,
): Promise<Pod> {
  const child = fork(sourceOf(import.meta.url, "pod-worker"), [JSON.stringify(options)]);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await new Promise<void>((resolve, reject) => {
    child.on("message", (message) => {
      // Trust boundary: our own worker's words.
      const told = message as Message;
      if (told.kind === "ready") resolve();
      else onReport(told);
    });
    void ended.then((code) => reject(new Error(`a pod ended with ${code} before it could work`)));
  });
  return {
    version: options.version,
    async stop() {
      child.send({ kind: "stop" });
      const code = await ended;
      process.off("exit", kill);
      if (code !== 0) throw new Error(`a pod of version ${options.version} ended with ${code}`);
    },
  };
}
