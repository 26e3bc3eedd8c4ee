import { parseDocument } from "yaml";

export type Yaml =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "error"; readonly message: string };

/** Reads YAML. The error is one line and says where: `… at line 2, column 1`. */
export function readYaml(text: string): Yaml {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error === undefined) return { kind: "value", value: document.toJS() };
  const [line = ""] = error.message.split("\n");
  return { kind: "error", message: line.replace(/:$/, "") };
}
