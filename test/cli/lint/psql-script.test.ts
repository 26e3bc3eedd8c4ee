import { expect, test } from "vitest";
import { withoutPsql } from "../../../src/cli/lint/psql-script.ts";

const cases = [
  {
    name: "plain SQL is left alone",
    text: "SELECT E'\\n', '\\', $$\\x$$; -- \\q",
    left: "SELECT E'\\n', '\\', $$\\x$$; -- \\q",
  },
  {
    name: "a meta-command, with what looks like a string in it",
    text: "\\echo it's\nSELECT 1;",
    left: "          \nSELECT 1;",
  },
  {
    name: "a meta-command behind a statement",
    text: "SELECT 1 \\gexec\nSELECT 2;",
    left: "SELECT 1       \nSELECT 2;",
  },
  {
    name: "pg_dump's restrict",
    text: "\\restrict abc\nSELECT 1;\n\\unrestrict abc\n",
    left: "             \nSELECT 1;\n               \n",
  },
  {
    name: "rows of COPY",
    text: "COPY public.t (a, b) FROM stdin;\nit's\t1\n\\N\t$$\n\\.\nSELECT 1;",
    left: "COPY public.t (a, b) FROM stdin;\n      \n     \n  \nSELECT 1;",
  },
  {
    name: "rows without an end",
    text: "COPY t FROM STDIN;\na'\n",
    left: "COPY t FROM STDIN;\n  \n",
  },
  {
    name: "COPY TO, and COPY in a comment",
    text: "COPY t TO stdout;\n-- COPY t FROM stdin;\nSELECT 1;",
    left: "COPY t TO stdout;\n-- COPY t FROM stdin;\nSELECT 1;",
  },
];

for (const { name, text, left } of cases) {
  test(name, () => {
    expect(withoutPsql(text)).toBe(left);
  });
}
