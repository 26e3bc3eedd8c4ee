/** Which release of which application a session (or one statement) speaks for. */
export interface VersionTag {
  readonly app: string;
  /** A semantic version, as the application spells it. */
  readonly version: string;
}

/** `orders-api@2.1.0`, the way a tag is shown to people and in `application_name`. */
export function formatTag(tag: VersionTag): string {
  return `${tag.app}@${tag.version}`;
}
