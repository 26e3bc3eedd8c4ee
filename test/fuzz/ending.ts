import { copyFail, query, sync, terminate } from "../support/client-frames.ts";
import type { Turn } from "./conversations.ts";

/** Out of COPY, out of a failed batch, one more answer, and the end. */
export const ENDING: Turn = [copyFail("end"), sync(), query("SELECT 'the end'"), terminate()];
