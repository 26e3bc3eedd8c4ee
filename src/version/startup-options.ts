/**
 * The settings in a startup packet's `options`, as the server reads them: words split at blanks, a
 * backslash before a character means that character (`pg_split_opts`), then `-c name=value`,
 * `-cname=value` and `--name=value` (`process_postgres_switches`). In names `-` stands for `_`
 * (`ParseLongOption`) and case does not count. A later one wins. Other switches are left alone.
 */
export function parseStartupOptions(options: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  const words = splitWords(options);
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    let assignment: string | undefined;
    if (word === "--") break; // As in getopt: no switches after it.
    if (word === "-c") {
      index++; // The assignment is the next word.
      assignment = words[index];
    } else if (word.startsWith("-c") || word.startsWith("--")) assignment = word.slice(2);
    else if (SWITCHES_WITH_VALUE.has(word)) index++;
    const equals = assignment?.indexOf("=") ?? -1;
    if (assignment === undefined || equals <= 0) continue;
    const name = assignment.slice(0, equals).replaceAll("-", "_").toLowerCase();
    settings.set(name, assignment.slice(equals + 1));
  }
  return settings;
}

/** Those of postgres's switches whose value can be the next word, which then is no switch itself. */
const SWITCHES_WITH_VALUE: ReadonlySet<string> = new Set([
  "-B",
  "-C",
  "-D",
  "-d",
  "-f",
  "-h",
  "-k",
  "-N",
  "-p",
  "-r",
  "-S",
  "-t",
  "-v",
  "-W",
]);

function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let index = 0; index < text.length; index++) {
    let character = text.charAt(index);
    if (/[ \t\n\v\f\r]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    if (character === "\\") {
      index++;
      character = text.charAt(index); // A backslash at the end is dropped.
    }
    word = (word ?? "") + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}
