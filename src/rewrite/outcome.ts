import type { Edit } from "../sql/edit.ts";
import type { NamedRelation } from "../version/naming.ts";
import type { Answers } from "./answers.ts";

/** What becomes of one statement under a naming. */
export type Rewrite =
  /** No table under a window is in it. */
  | { readonly kind: "untouched" }
  | {
      readonly kind: "edited";
      /** Sorted and disjoint. None at all is possible: the answers still have to be turned back. */
      readonly edits: readonly Edit[];
      readonly touched: readonly NamedRelation[];
      /** False where the text stays right across a flip: nothing in it but alias lists. */
      readonly dependsOnPhysical: boolean;
      readonly answers: Answers;
    }
  | Refusal;

/** Why a statement must not run. The fields are those of the ErrorResponse that the client gets. */
export interface Refusal {
  readonly kind: "refused";
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
  /** Where in the client's text, as a UTF-16 index. */
  readonly offset: number | undefined;
}
