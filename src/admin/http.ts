import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AdminPages, type Answer, answer, plainAnswer } from "./answer.ts";
import { QUIT_PATH, quitAnswer } from "./quit.ts";

export interface AdminOptions extends AdminPages {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Something that should not be: told to the operator. */
  readonly report: (problem: string, error: unknown) => void;
}

export interface Admin {
  readonly port: number;
  /** Stops listening and ends what connections there are. */
  stop(): Promise<void>;
}

const CONNECTIONS_MAX = 64;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000; // Above Prometheus' usual interval, so that scrapes keep their connection.
const HEADER_SIZE_MAX = 8 * 1024;

/**
 * Serves metrics, health and settings over HTTP, for reading, and takes /quitquitquit. There is no
 * authentication, and so it is on a loopback address unless the settings say otherwise. Rejects if the address can't be had.
 */
export function startAdmin(options: AdminOptions): Promise<Admin> {
  const server = createServer(
    {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_SIZE_MAX,
    },
    (request, response) => {
      serve(request, options).then(
        (result) => send(request, response, result),
        (error: unknown) => {
          options.report(`${request.url} failed`, error);
          send(request, response, plainAnswer(500, "internal error, see the log"));
        },
      );
    },
  );
  server.maxConnections = CONNECTIONS_MAX;

  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off("error", reject);
      server.on("error", (error) => options.report("the admin server failed", error));
      const address = server.address();
      resolve({
        port: typeof address === "object" && address !== null ? address.port : options.port,
        stop: () =>
          new Promise((stopped) => {
            server.close(() => stopped());
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function serve(request: IncomingMessage, pages: AdminPages): Promise<Answer> {
  request.resume(); // A body is of no interest, but has to be read.
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  if (path === QUIT_PATH && pages.quit !== undefined) return quitAnswer(request, pages.quit);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return plainAnswer(405, "only GET and HEAD are served here");
  }
  return (
    (await answer(path, new URLSearchParams(query), pages)) ??
    plainAnswer(404, "no such page; see /")
  );
}

function send(request: IncomingMessage, response: ServerResponse, result: Answer): void {
  response.writeHead(result.status, {
    "content-type": result.contentType,
    "content-length": Buffer.byteLength(result.body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(result.status === 405 ? { allow: result.allow ?? "GET, HEAD" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : result.body);
}
