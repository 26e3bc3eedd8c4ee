import { testContract } from "./contract.ts";
import { COPY_CASES } from "./copy-cases.ts";
import { EXTENDED_CASES } from "./extended-cases.ts";
import { SESSION_CASES } from "./session-cases.ts";
import { SIMPLE_CASES } from "./simple-cases.ts";
import { STARTUP_CASES } from "./startup-cases.ts";

testContract([
  ...STARTUP_CASES,
  ...SIMPLE_CASES,
  ...EXTENDED_CASES,
  ...COPY_CASES,
  ...SESSION_CASES,
]);
