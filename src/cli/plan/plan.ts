/** A schema change as steps, of which none stops anybody who is at work. */
export interface Plan {
  readonly steps: readonly Step[];
  /** What no safe way is known for: what is wrong with it, and what there is to do. */
  readonly unsafe: readonly string[];
}

export type Step =
  /** Statements without `;`: one, or several in one transaction. */
  | { readonly kind: "sql"; readonly why: string; readonly statements: readonly string[] }
  /** Commands for a shell, one after the other. */
  | { readonly kind: "commands"; readonly why: string; readonly commands: readonly string[] }
  /** An entry of `windows`, as YAML. */
  | { readonly kind: "window"; readonly why: string; readonly yaml: string }
  /** What people do: deploy, wait, look. */
  | { readonly kind: "task"; readonly what: string };

export function sql(why: string, ...statements: readonly string[]): Step {
  return { kind: "sql", why, statements };
}

export function task(what: string): Step {
  return { kind: "task", what };
}
