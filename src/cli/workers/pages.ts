import { type Admin, startAdmin } from "../../admin/http.ts";
import { explainSystemError, SetupError } from "../fail.ts";

/** The primary's pages; a port that can't be had is a SetupError. */
export async function startPages(options: Parameters<typeof startAdmin>[0]): Promise<Admin> {
  const { host, port } = options;
  try {
    return await startAdmin(options);
  } catch (error) {
    const subject = `metrics.host and metrics.port: ${host}:${port}`;
    throw new SetupError(explainSystemError(subject, error));
  }
}
