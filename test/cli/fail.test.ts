import { connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { explainSystemError } from "../../src/cli/fail.ts";

function errorOf(emitter: { once(event: "error", listener: (error: Error) => void): unknown }) {
  return new Promise<Error>((resolve) => emitter.once("error", resolve));
}

const attempts: readonly {
  readonly name: string;
  readonly attempt: () => Promise<Error>;
  readonly words: string;
}[] = [
  {
    name: "a busy port",
    attempt: async () => {
      const first = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => first.once("listening", resolve));
      const address = first.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const error = await errorOf(createServer().listen(port, "127.0.0.1"));
      first.close();
      return error;
    },
    words: "it: the port is in use already",
  },
  {
    name: "a closed port",
    attempt: () => errorOf(connect({ host: "127.0.0.1", port: 1 })),
    words: "it: nothing accepts connections there",
  },
  {
    name: "a closed port under a name with several addresses",
    attempt: () => errorOf(connect({ host: "localhost", port: 1 })),
    words: "it: nothing accepts connections there",
  },
  {
    name: "a socket that isn't there",
    attempt: () => errorOf(connect({ path: "/nowhere/.s.PGSQL.5432" })),
    words: "it: there is no such file or socket",
  },
  {
    name: "an error without a code",
    attempt: () => Promise.resolve(new Error("something else")),
    words: "it: something else",
  },
];

for (const { name, attempt, words } of attempts) {
  test(`${name} is told in words`, async () => {
    expect(explainSystemError("it", await attempt())).toBe(words);
  });
}
