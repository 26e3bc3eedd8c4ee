import type { z } from "zod";
import { keysAt } from "./keys.ts";
import { nearest } from "./nearest.ts";

/** Keys whose values must not be shown. */
const SECRET = /(^|\.)(password|url)$/;

/** One sentence that names the key and says what is wrong with it. */
export function explainIssue(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  const key = keyName(issue.path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const [unknown = ""] = issue.keys;
      const full = key === "" ? unknown : `${key}.${unknown}`;
      const meant = nearest(unknown, keysAt(schema, issue.path));
      return `${full} is not a key${meant === undefined ? "" : `; did you mean ${meant}?`}`;
    }
    case "invalid_type":
      if (issue.input === undefined) return `${key} is missing`;
      return `${key === "" ? "the file" : key} must be ${typeName(issue.expected)}, not ${shown(key, issue.input)}${hint(issue.expected, issue.input)}`;
    case "invalid_union":
      return `${key} must be a number or text, not ${shown(key, issue.input)}`;
    case "invalid_value":
      if (issue.message !== "" && !issue.message.startsWith("Invalid ")) {
        return `${key}: ${issue.message}`;
      }
      return `${key} must be ${issue.values
        .map(String)
        .join(", ")
        .replace(/, ([^,]*)$/, " or $1")}, not ${shown(key, issue.input)}`;
    case "too_small":
      return issue.origin === "string"
        ? `${key} must not be empty`
        : `${key} must be ${issue.inclusive === true ? "at least" : "above"} ${issue.minimum}, not ${shown(key, issue.input)}`;
    case "too_big":
      return `${key} must be at most ${issue.maximum}, not ${shown(key, issue.input)}`;
    case "invalid_format":
      return `${key} must be a ${issue.format}, not ${shown(key, issue.input)}`;
    default:
      return `${key}: ${issue.message}`;
  }
}

/** `windows[0].old`, as people write it. */
export function keyName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, step) => {
    if (typeof step === "number") return `${name}[${step}]`;
    return name === "" ? String(step) : `${name}.${String(step)}`;
  }, "");
}

function typeName(expected: string): string {
  const names: Record<string, string> = {
    string: "text",
    int: "a whole number",
    number: "a whole number", // There are no others here.
    boolean: "true or false",
    object: "a mapping (key: value)",
    record: "a mapping (key: value)",
    array: "a list",
  };
  return names[expected] ?? expected;
}

function shown(key: string, value: unknown): string {
  if (SECRET.test(key)) return "what it is";
  if (value === null) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** YAML reads 1.0 and true as something else than text. */
function hint(expected: string, value: unknown): string {
  const isScalar = typeof value === "number" || typeof value === "boolean";
  return expected === "string" && isScalar ? " (put it in quotes)" : "";
}
