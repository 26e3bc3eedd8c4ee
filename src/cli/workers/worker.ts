import type { Socket } from "node:net";
import { parseConfig } from "../../config/load.ts";
import type { Written } from "../../config/written.ts";
import { LimitHits } from "../../session/limit-hits.ts";
import { SetupError } from "../fail.ts";
import { flipSubject } from "../fleet/flip-subject.ts";
import { log, nameSpeaker } from "../log.ts";
import { type Straddle, startStraddle } from "../run.ts";
import type { Links, Parts } from "./links.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";
import { RemotePlaces } from "./remote-places.ts";
import { RemoteSink } from "./remote-sink.ts";
import { SharedGate } from "./shared-gate.ts";

/**
 * The program of a worker: all of Straddle but the listening sockets, the pages, the writing of the
 * audit log and the watching of the configuration, which are its primary's. Without its primary it ends.
 */
const STATUS_MS = 1_000;

nameSpeaker(`worker ${process.argv[2]}`);
// A terminal signals all processes at once; what a signal means is the primary's to say.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
process.on("disconnect", () => process.exit(1));

let parts: Parts | undefined;
let straddle: Straddle | undefined;
const announcing = new Map<number, () => void>();
let lastAnnouncement = 0;
const auditSink = new RemoteSink(send);
const places = new RemotePlaces(send);
const hits = new LimitHits();
const gate = new SharedGate({
  hits,
  send,
  settle: async (oid, deadlineMs) => parts?.reader.refreshWhenFree(oid, deadlineMs),
  readCatalog: async () => parts?.reader.refresh(),
  subject: (oid) => (parts === undefined ? undefined : flipSubject(parts.state, oid)),
});

const links: Links = {
  places,
  auditSink,
  gate,
  hits,
  tellUses: (batch) => send({ kind: "uses", batch }),
  announceCatalog: () =>
    new Promise((resolve) => {
      lastAnnouncement += 1;
      announcing.set(lastAnnouncement, resolve);
      send({ kind: "announce", request: lastAnnouncement });
    }),
  serve(served) {
    parts = served;
    served.observers.show(served.state, served.listener);
    send({ kind: "started" });
    void sendStatus(served);
    setInterval(() => void sendStatus(served), STATUS_MS);
    return { port: 0, socket: undefined };
  },
};

// Trust boundary: the primary runs the same program.
process.on("message", (message: ToWorker, socket: Socket | undefined) => take(message, socket));

function take(message: ToWorker, socket: Socket | undefined): void {
  switch (message.kind) {
    case "start":
      void start(message.written, Buffer.from(message.saltKey, "hex"));
      return;
    case "client":
      greet(socket, message.isLocal);
      return;
    case "placed":
      places.answered(message.request, message.place);
      return;
    case "audit_taken":
      auditSink.taken(message.size, message.problem ?? undefined);
      return;
    case "hold":
    case "release":
    case "flip_ready":
      gate.take(message);
      return;
    case "read_catalog":
      void readCatalog(message.round);
      return;
    case "announced":
      announcing.get(message.request)?.();
      announcing.delete(message.request);
      return;
    case "scrape":
      void scrape(message.request);
      return;
    case "ledger":
      parts?.observers.ledger?.adopt(message.record);
      return;
    case "uses":
      parts?.observers.ledger?.hear(message.batch, message.from);
      return;
    case "uses_lost":
      parts?.observers.ledger?.lose(message.from);
      return;
    case "tell_uses":
      tellUses(message.request);
      return;
    case "settings":
      parts?.state.configure(configOf(message.written));
      return;
    case "stop":
      void stop();
      return;
    case "hurry":
      straddle?.hurry();
      return;
  }
}

async function start(written: Written, saltKey: Buffer): Promise<void> {
  try {
    straddle = await startStraddle(configOf(written), { links, saltKey });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    send({ kind: "failed", message, isSetup: error instanceof SetupError }, () => process.exit(1));
  }
}

/** As the primary has them: the environment is in them already. */
function configOf(written: Written) {
  const loaded = parseConfig(JSON.stringify(written), {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  return loaded.config;
}

function greet(socket: Socket | undefined, isLocal: boolean): void {
  if (socket === undefined || parts === undefined) {
    socket?.destroy();
    send({ kind: "greeted" }); // It was gone before it arrived.
    return;
  }
  parts.listener.greet(socket, { isLocal, onGreeted: () => send({ kind: "greeted" }) });
}

async function readCatalog(round: number): Promise<void> {
  await parts?.reader.refresh();
  send({ kind: "catalog_read", round });
}

async function scrape(request: number): Promise<void> {
  const samples = (await parts?.observers.samples({ isScrape: true })) ?? [];
  send({ kind: "scraped", request, samples });
}

async function sendStatus({ observers, health }: Parts): Promise<void> {
  const samples = await observers.samples({ isScrape: false });
  send({ kind: "status", checks: health().checks, samples });
}

function tellUses(request: number): void {
  const told = () => send({ kind: "uses_told", request });
  const ledger = parts?.observers.ledger;
  if (ledger === undefined) told();
  else ledger.settle(told);
}

async function stop(): Promise<void> {
  try {
    await straddle?.stop();
  } catch (error) {
    log.problem("the worker could not stop as it should", error);
  }
  // In order: what was counted last has gone out before it.
  send({ kind: "uses_told", request: 0 }, () => process.exit(0));
}

/** Words to a primary that is gone are lost, and so is this process. */
function send(message: ToPrimary, onSent?: () => void): void {
  process.send?.(message, undefined, undefined, () => onSent?.());
}
