import { parentPort } from "node:worker_threads";
import { loadParser } from "../sql/parse.ts";
import { type AnalysisQuestion, Analyst, type CatalogCopy } from "./analysis.ts";

/** The other side of `AnalysisThread`: answers one message by one, in order. */
await loadParser();
const analyst = new Analyst();
// Trust boundary: only `AnalysisThread` sends anything here.
parentPort?.on("message", (message: AnalysisQuestion | CatalogCopy) => {
  if (message.kind === "catalog") analyst.takeCatalog(message);
  else parentPort?.postMessage(analyst.answer(message));
});
parentPort?.postMessage("ready");
