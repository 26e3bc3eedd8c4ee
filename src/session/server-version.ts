/** `server_version_num` of the ParameterStatus `server_version`: `18.1 (Debian 18.1-1)` is 180001. */
export function serverVersionNumber(text: string): number | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return major === undefined ? undefined : Number(major) * 10_000 + Number(minor);
}
