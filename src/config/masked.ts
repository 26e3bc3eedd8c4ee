import type { Config } from "./config.ts";

/** The settings in effect as JSON data, fit to be shown: without secrets, regular expressions and maps
 * as text and objects. */
export function maskedConfig(config: Config): unknown {
  const { control } = config;
  return JSON.parse(
    JSON.stringify(
      { ...config, control: { ...control, password: control.password && "***" } },
      (_, value: unknown) => {
        if (value instanceof Map) return Object.fromEntries(value);
        return value instanceof RegExp ? value.source : value;
      },
    ),
  );
}
