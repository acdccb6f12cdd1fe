/** What may stand next on a command line. */
import type { Argument, Command, Option } from 'commander';

export interface Suggestion {
  readonly word: string;
  readonly about: string;
}

/** What the program does not know by itself. */
export interface Asked {
  /** The newest deploys. */
  deploys(): Promise<readonly Suggestion[]>;
  /** The words after `help` that are no commands. */
  readonly topics: readonly Suggestion[];
}

/** @param words what stands after the program's name; the last one is being typed, and may be empty */
export async function suggestions(
  program: Command,
  words: readonly string[],
  asked: Asked,
): Promise<readonly Suggestion[]> {
  const typed = words.at(-1) ?? '';
  const found = await candidates(program, words.slice(0, -1), typed, asked);
  return found.filter(({ word }) => word.startsWith(typed));
}

async function candidates(
  program: Command,
  before: readonly string[],
  typed: string,
  asked: Asked,
): Promise<readonly Suggestion[]> {
  const named = new Map(program.commands.map((command) => [command.name(), command]));
  const at = before.findIndex((word) => named.has(word));
  const command = named.get(before[at] ?? '');
  const options = [...(command?.options ?? []), ...program.options];
  const valued = options.find((one) => takesValue(one) && isNamed(one, before.at(-1)));
  if (valued !== undefined) return choices(valued);
  if (typed.startsWith('-')) return flags(options, before);
  const commands = program.createHelp().visibleCommands(program).map(asSuggestion);
  if (command === undefined) return commands;
  const given = before
    .slice(at + 1)
    .filter((word, i, all) => isArgument(word, all[i - 1], options));
  const argument = command.registeredArguments[given.length];
  if (argument === undefined) return [];
  if (command.name() === 'help') return [...commands, ...asked.topics];
  if (argument.name().includes('deploy')) return asked.deploys();
  return choices(argument);
}

const isNamed = ({ long, short }: Option, word: string | undefined): boolean =>
  word !== undefined && (word === long || word === short);

const takesValue = (option: Option): boolean => option.required || option.optional;

const choices = ({ argChoices = [] }: Option | Argument): Suggestion[] =>
  argChoices.map((word) => ({ word, about: '' }));

/** Those that were not given yet. */
const flags = (options: readonly Option[], before: readonly string[]): Suggestion[] =>
  options
    .filter((option) => !option.hidden && !before.some((word) => isNamed(option, word)))
    .map(({ long, flags: written, description }) => ({
      word: long ?? written,
      about: description,
    }));

const asSuggestion = (command: Command): Suggestion => ({
  word: command.name(),
  about: command.description(),
});

function isArgument(word: string, before: string | undefined, options: readonly Option[]): boolean {
  if (word.startsWith('-')) return false;
  return !options.some((one) => takesValue(one) && isNamed(one, before));
}
