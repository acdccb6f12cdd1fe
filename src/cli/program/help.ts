/** What is asked of the program itself. */
import { Argument, type Command } from 'commander';
import { UsageError } from '../../errors/error.ts';
import { table } from '../../format/columns.ts';
import { nearest } from '../../format/nearest.ts';
import type { HelpTopic } from '../commands/help-topics.ts';
import type { Shell } from '../render/completion-scripts.ts';
import { example, type ProgramOptions } from './shared.ts';

/** By the word after `help`, what it is about. */
export const helpTopics: Readonly<Record<HelpTopic, string>> = {
  'exit-codes': 'what a command ends with',
  environment: 'the environment variables that are read',
  configuration: 'the keys of pipeline.yml',
  store: 'where the log is kept',
  targets: 'where a commit may be deployed to',
};

const shells: readonly Shell[] = ['bash', 'zsh', 'fish'];

/** Below the list of commands. */
export const topicHelp = [
  'Topics, as in pipeline help environment:',
  ...table(Object.entries(helpTopics).map(([topic, about]) => [`  ${topic}`, about])),
].join('\n');

/** `pipeline help`, `version` and `completion`. */
export function declareHelp(program: Command, { version, terminal }: ProgramOptions): void {
  program
    .helpCommand(false)
    .command('help')
    .description('a command’s flags, or one of the topics below')
    .argument('[command or topic]')
    .action(async (word: string | undefined) => {
      if (word === undefined) program.help();
      const command = program.commands.find((one) => one.name() === word);
      if (command !== undefined) command.help();
      if (!isTopic(word)) throw unknown(word, program);
      const { helpTopicView } = await import('../commands/help-topics.ts');
      const lines = await helpTopicView(word, helpTopics[word], terminal);
      for (const line of lines) terminal.out(line);
    });

  program
    .command('version')
    .description('this program’s version')
    .action(() => terminal.out(version));

  program
    .command('completion')
    .description('a script by which a shell completes commands, flags and deploys')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      example(
        'source <(pipeline completion bash)',
        'source <(pipeline completion zsh)',
        'pipeline completion fish | source',
      ),
    )
    .action(async (shell: Shell) => {
      const { completion } = await import('../commands/completion.ts');
      completion(shell, terminal);
    });

  // What those scripts ask at each TAB.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { complete } = await import('../commands/completion.ts');
      const topics = Object.entries(helpTopics).map(([word, about]) => ({ word, about }));
      await complete(words, program, topics, terminal);
    });
}

const isTopic = (word: string): word is HelpTopic => Object.hasOwn(helpTopics, word);

function unknown(word: string, program: Command): UsageError {
  const known = [...program.commands.map((one) => one.name()), ...Object.keys(helpTopics)];
  const near = nearest(word, known);
  return new UsageError('E_USAGE', `there is neither a command nor a topic ${word}`, {
    hint:
      near === null
        ? 'pipeline help lists the commands and the topics.'
        : `Did you mean ${near}? pipeline help lists the commands and the topics.`,
  });
}
