import { expect, test } from "vitest";
import { quitAnswer } from "../../src/admin/quit.ts";

const cases: readonly {
  readonly name: string;
  readonly method?: string;
  readonly address?: string;
  readonly headers?: Record<string, string>;
  readonly status: number;
}[] = [
  { name: "from 127.0.0.1", status: 200 },
  { name: "from elsewhere in 127.0.0.0/8", address: "127.1.2.3", status: 200 },
  { name: "from ::1", address: "::1", status: 200 },
  { name: "from 127.0.0.1, over IPv6", address: "::ffff:127.0.0.1", status: 200 },
  { name: "from another machine", address: "10.1.2.3", status: 403 },
  { name: "from another machine, over IPv6", address: "::ffff:10.1.2.3", status: 403 },
  { name: "from another machine with IPv6", address: "2001:db8::1", status: 403 },
  { name: "from nowhere", address: "", status: 403 },
  { name: "from a page", headers: { origin: "http://a.page" }, status: 403 },
  { name: "from a form", headers: { "sec-fetch-site": "cross-site" }, status: 403 },
  { name: "by GET", method: "GET", status: 405 },
  { name: "by GET, from another machine", method: "GET", address: "10.1.2.3", status: 405 },
];
for (const { name, method = "POST", address = "127.0.0.1", headers = {}, status } of cases) {
  test(`${name}: ${status}`, () => {
    let count = 0;
    // Trust boundary: of a request no more than this is looked at.
    const socket = { remoteAddress: address } as Parameters<typeof quitAnswer>[0]["socket"];
    const result = quitAnswer({ method, headers, socket }, () => {
      count += 1;
    });
    expect({ status: result.status, count }).toEqual({ status, count: status === 200 ? 1 : 0 });
    expect(result.allow).toBe(status === 405 ? "POST" : undefined);
  });
}
