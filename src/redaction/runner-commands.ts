/**
 * What a CI's runner takes for a command to itself in a job's output. GitHub's runner reads `::name
 * key=value::data` where a line begins so after white space, and `##[name key=value]data` anywhere in
 * a line (actions/runner, ActionCommand.cs); Azure's agent reads `##vso[area.action …]` and
 * `##[name]`. Either stream is read. Titles, names and build output are not to be commands.
 */

type Environment = Readonly<Record<string, string | undefined>>;

/** Makes harmless whatever the runner that this environment is of would carry out. */
export function harmlessFor(env: Environment): (text: string) => string {
  const isSet = (name: string): boolean => !['', 'false', undefined].includes(env[name]);
  const [github, azure] = [isSet('GITHUB_ACTIONS'), isSet('TF_BUILD')];
  if (!github && !azure) return (text) => text;
  return (text) => {
    const shielded = text.replace(/##(?=(?:vso)?\[)/gi, '## ');
    return github ? shielded.replace(lineCommand, (_, before: string) => `${before}: :`) : shielded;
  };
}

/** Line ends and white space as .NET has them, in which runners are written; colours are looked through. */
const lineCommand =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  /(?<=^|[\r\n])((?:[^\S\r\n]|\u0085|\u001b\[[0-9;]*m)*)::/g;

/** The same for JSON: an escape, so that the value stays the same. */
export function harmlessJsonFor(env: Environment): (json: string) => string {
  const harmless = harmlessFor(env);
  // A line of JSON never begins with a colon.
  return (json) =>
    harmless('##[') === '##[' ? json : json.replace(/##(?=(?:vso)?\[)/gi, '#\\u0023');
}
