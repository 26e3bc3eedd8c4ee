import type { RecordedWay } from "./recording.ts";

const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;

/** The settings of a way, and who the client is in it. */
export function settingsOf(way: RecordedWay): {
  readonly application: string;
  /** What its version calls the windowed column. */
  readonly column: string;
  readonly yaml: string;
} {
  switch (way) {
    case "plain":
      return {
        application: "fuzz",
        column: "user_id",
        // Without the setting as a source of versions, Straddle asks nothing on its own.
        yaml: "guard: { mode: off, lock_timeout: { on_missing: off } }\nversion: { from: [comment: true] }",
      };
    case "guard":
      return { application: "fuzz", column: "user_id", yaml: "" };
    case "old":
      return { application: "shop@1.0.0", column: "user_id", yaml: WINDOW };
    case "new":
      return { application: "shop@2.0.0", column: "customer_id", yaml: WINDOW };
  }
}
