import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Health } from "../../src/admin/health.ts";
import { type Admin, startAdmin } from "../../src/admin/http.ts";

const HEALTHY: Health = {
  isStarted: true,
  checks: [
    { name: "server", state: "ok", detail: "" },
    { name: "config", state: "ok", detail: "" },
  ],
};

let health = HEALTHY;
let metricsError: Error | undefined;
const reports: string[] = [];
let admin: Admin;

beforeAll(async () => {
  admin = await startAdmin({
    host: "127.0.0.1",
    port: 0,
    metrics: () =>
      metricsError === undefined ? Promise.resolve("up 1\n") : Promise.reject(metricsError),
    health: () => health,
    ledger: ({ of }) => (of === "wrong" ? "no such name" : { of: of ?? "all" }),
    config: () => ({ server: { host: "db", password: "***" } }),
    report: (problem) => reports.push(problem),
  });
});
afterAll(() => admin.stop());

function get(path: string, method = "GET"): Promise<Response> {
  return fetch(`http://127.0.0.1:${admin.port}${path}`, { method });
}

const pages: { path: string; method?: string; status: number; type: string; body: string }[] = [
  { path: "/metrics", status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: "up 1" },
  {
    path: "/metrics?name=x",
    status: 200,
    type: "text/plain; version=0.0.4; charset=utf-8",
    body: "up 1",
  },
  { path: "/livez", status: 200, type: "text/plain; charset=utf-8", body: "alive" },
  { path: "/startupz", status: 200, type: "text/plain; charset=utf-8", body: "started" },
  { path: "/config", status: 200, type: "application/json; charset=utf-8", body: '"***"' },
  { path: "/ledger", status: 200, type: "application/json; charset=utf-8", body: '"all"' },
  { path: "/ledger?of=%C3%A9", status: 200, type: "application/json; charset=utf-8", body: '"é"' },
  {
    path: "/ledger?of=wrong",
    status: 400,
    type: "text/plain; charset=utf-8",
    body: "no such name",
  },
  { path: "/", status: 200, type: "text/plain; charset=utf-8", body: "/readyz" },
  { path: "/nothing", status: 404, type: "text/plain; charset=utf-8", body: "no such page" },
  { path: "/metrics/", status: 404, type: "text/plain; charset=utf-8", body: "no such page" },
  { path: "/metrics", method: "POST", status: 405, type: "text/plain; charset=utf-8", body: "GET" },
  {
    path: "/config",
    method: "DELETE",
    status: 405,
    type: "text/plain; charset=utf-8",
    body: "GET",
  },
  { path: "/livez", method: "HEAD", status: 200, type: "text/plain; charset=utf-8", body: "" },
];
for (const { path, method = "GET", status, type, body } of pages) {
  test(`${method} ${path} answers ${status}`, async () => {
    const response = await get(path, method);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe(type);
    expect(response.headers.get("cache-control")).toBe("no-store");
    if (status === 405) expect(response.headers.get("allow")).toBe("GET, HEAD");
    expect(await response.text()).toContain(body);
  });
}

const states: { name: string; health: Health; ready: number; started: number; body: unknown }[] = [
  {
    name: "all is well",
    health: HEALTHY,
    ready: 200,
    started: 200,
    body: { status: "ready", checks: { server: { state: "ok" }, config: { state: "ok" } } },
  },
  {
    name: "a bad reload is told, but clients are served on",
    health: {
      isStarted: true,
      checks: [{ name: "config", state: "warning", detail: "windows[0].old: is missing" }],
    },
    ready: 200,
    started: 200,
    body: {
      status: "ready",
      checks: { config: { state: "warning", detail: "windows[0].old: is missing" } },
    },
  },
  {
    name: "an unreachable server takes readiness away",
    health: {
      isStarted: true,
      checks: [{ name: "server", state: "failed", detail: "connect ECONNREFUSED" }],
    },
    ready: 503,
    started: 200,
    body: {
      status: "not ready",
      checks: { server: { state: "failed", detail: "connect ECONNREFUSED" } },
    },
  },
  {
    name: "before the start is over nothing is ready",
    health: { isStarted: false, checks: [] },
    ready: 503,
    started: 503,
    body: { status: "not ready", checks: {} },
  },
];
for (const { name, health: state, ready, started, body } of states) {
  test(name, async () => {
    health = state;
    const response = await get("/readyz");
    expect(response.status).toBe(ready);
    expect(await response.json()).toEqual(body);
    expect((await get("/startupz")).status).toBe(started);
    expect((await get("/livez")).status).toBe(200);
    health = HEALTHY;
  });
}

test("a page that fails is a 500 that tells the operator, not the caller", async () => {
  metricsError = new Error("secret detail");
  const response = await get("/metrics");
  metricsError = undefined;
  expect(response.status).toBe(500);
  expect(await response.text()).toBe("internal error, see the log\n");
  expect(reports).toEqual(["/metrics failed"]);
});

/** Sends bytes as they are; resolves with all that comes back until the server closes. */
function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(admin.port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

test("what is not HTTP is a 400", async () => {
  expect(await exchange("\0\0\0\x08\x04\xd2\x16\x2f")).toMatch(/^HTTP\/1\.1 400 /);
});

test("headers without end are refused", async () => {
  const long = `GET /livez HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(9_000)}\r\n\r\n`;
  expect(await exchange(long)).toMatch(/^HTTP\/1\.1 431 /);
});

test("a port that is taken is an error of the start", async () => {
  const taken = startAdmin({
    host: "127.0.0.1",
    port: admin.port,
    metrics: () => Promise.resolve(""),
    health: () => HEALTHY,
    config: () => ({}),
    report: () => {},
  });
  await expect(taken).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("stopping ends connections that are kept alive", async () => {
  const other = await startAdmin({
    host: "127.0.0.1",
    port: 0,
    metrics: () => Promise.resolve(""),
    health: () => HEALTHY,
    config: () => ({}),
    report: () => {},
  });
  const socket = connect(other.port, "127.0.0.1", () =>
    socket.write("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"),
  );
  await new Promise((resolve) => socket.once("data", resolve));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await other.stop();
  await closed;
  await expect(fetch(`http://127.0.0.1:${other.port}/livez`)).rejects.toThrow();
});
