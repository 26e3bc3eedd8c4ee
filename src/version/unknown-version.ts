import type { FoundTag } from "./find-tag.ts";

/** What to do with a session (or statement) for which no source has an answer. */
export type UnknownPolicy =
  | { readonly kind: "pass" }
  | { readonly kind: "reject" }
  | { readonly kind: "treat_as"; readonly app: string; readonly version: string };

/**
 * What such a session goes as: without a tag, under the tag that the policy names, or not at all. Any
 * source that answers later wins over the policy's tag.
 */
export function tagWhenUnknown(policy: UnknownPolicy): FoundTag | "reject" | undefined {
  switch (policy.kind) {
    case "pass":
      return undefined;
    case "reject":
      return "reject";
    case "treat_as":
      return {
        app: policy.app,
        version: policy.version,
        sourceIndex: Number.POSITIVE_INFINITY,
      };
  }
}
