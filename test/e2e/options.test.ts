import { query, terminate } from "../support/client-frames.ts";
import { LARGE_WAYS, testContract } from "./contract.ts";
import { type ContractCase, send, start, untilClosed } from "./contract-case.ts";

/** As the server cuts them (pg_split_opts, and getopt in process_postgres_switches). */
const OPTIONS = [
  "-c work_mem=1MB",
  "-cwork_mem=1MB",
  "--work_mem=1MB",
  "--work-mem=1MB",
  "-c work-mem=1MB",
  "-c WORK_MEM=1MB",
  "-c work_mem = 1MB",
  "-c 'work_mem=1MB'",
  "-c work_mem='1MB'",
  "-c  work_mem=1MB   --statement-timeout=5s\\t-cDateStyle=German",
  "-c work_mem=2MB -c work_mem=1MB",
  "-c DateStyle=German,\\\\ DMY",
  "-c search_path=a\\\\ b,\\\\\\\\c",
  "-c search_path=\\\\",
  "-c search_path=a\\",
  "-c search_path=",
  "-c search_path",
  "-c =x",
  "-c",
  "--",
  "--work_mem",
  "-- -c work_mem=1MB",
  "work_mem=1MB",
  "-S 1024 -e -f h",
  "-W 0",
  "-z",
  "-c no.such=1 --a.b=c\\\\ d",
  "-c no_such=1",
  "-c work_mem=x",
  "-c shared_buffers=1MB",
  "-p 1",
  " ",
  "\\n",
];

const CASES = OPTIONS.map(
  (options): ContractCase => ({
    name: `options: ${JSON.stringify(options)}`,
    sees: [],
    isBare: true,
    steps: [
      start({ options }),
      send(
        ...["work_mem", "statement_timeout", "DateStyle", "search_path", "enable_hashjoin"].map(
          (name) => query(`SHOW ${name}`),
        ),
        query("SELECT current_setting('no.such', true), current_setting('a.b', true)"),
        terminate(),
      ),
      untilClosed(),
    ],
  }),
);

testContract(CASES, LARGE_WAYS);
