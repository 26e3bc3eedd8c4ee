import { testContract } from "./contract.ts";
import { VIOLATION_CASES } from "./violation-cases.ts";

testContract(VIOLATION_CASES);
