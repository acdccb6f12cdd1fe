/** The command line: names, flags, help. Parsing only; each command's work is in `commands/`. */
import { Command, CommanderError, Option } from 'commander';
import { exitCodes } from './exit-codes.ts';
import type { GlobalFlags } from './flags.ts';
import type { Terminal } from './terminal.ts';

const exitCodeHelp = Object.entries(exitCodes)
  .map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`)
  .join('\n');

const example = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;

/** Commands load what they need when they run: help and usage errors load nothing. */
export function createProgram(options: {
  version: string;
  terminal: Terminal;
  exit: (code: number) => void;
}): Command {
  const { version, terminal, exit } = options;
  const program = new Command('pipeline')
    .description('Takes a merged commit to production, and proves what happened.')
    .version(version)
    .option('--config <file>', 'the configuration (default: PIPELINE_CONFIG, else pipeline.yml)')
    .option(
      '--store <url>',
      'the event log (default: PIPELINE_STORE, else `store` of the configuration)',
    )
    .option('--no-color', 'no colour (also: NO_COLOR)')
    .option('--debug', 'print the stack of an unexpected error')
    .addHelpText('after', `\nExit codes:\n${exitCodeHelp}\n`)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.replace(/\n$/, '')),
      writeErr: (text) => terminal.err(text.replace(/\n$/, '')),
    });

  const json = (): Option => new Option('--json', 'one JSON document on standard output');
  const flagsOf = (command: Command): GlobalFlags => command.optsWithGlobals();

  program
    .command('advance')
    .description('deploy this commit: staging, checks, gates, production, checks')
    .option('--commit <sha>', 'the commit (default: what the CI says, else HEAD)')
    .option('--branch <name>', 'the branch (default: what the CI says, else the one checked out)')
    .option('--build <label>', 'the build’s label (default: what the CI says)')
    .option('--actor <name>', 'who asks (default: what the CI says, else USER)')
    .option('--override', 'ship out of git order; needs --reason')
    .option('--reason <text>', 'why, for --override')
    .addOption(json())
    .addHelpText(
      'after',
      example('pipeline advance', 'pipeline advance --build 502 --commit 1a5f89d --branch master') +
        '\nThe same build and commit again goes on with the deploy that they have, or reports it.\n',
    )
    .action(async (_flags, command: Command) => {
      const { advance } = await import('./commands/advance.ts');
      exit(await advance(command.optsWithGlobals(), version, terminal));
    });

  program
    .command('resume')
    .description('let a held deploy go on: lifts the rollback’s hold, checks everything again')
    .argument('<deploy>', 'its id, or the start of it')
    .requiredOption('--reason <text>', 'why; the log keeps it')
    .option('--actor <name>', 'who (default: USER)')
    .addOption(json())
    .addHelpText('after', example('pipeline resume 502-1a5f89db --reason "fixed by #812"'))
    .action(async (deploy: string, _flags, command: Command) => {
      const { resume } = await import('./commands/resume.ts');
      exit(await resume(deploy, command.optsWithGlobals(), version, terminal));
    });

  const orders = {
    disable: 'let nothing of this lane go to production until it is enabled again',
    enable: 'let this lane go to production again',
    unlock: 'take the lane’s lock from its holder, dead or alive',
  } as const;
  for (const [name, description] of Object.entries(orders)) {
    program
      .command(name)
      .description(description)
      .requiredOption('--reason <text>', 'why; the log keeps it')
      .option('--actor <name>', 'who (default: USER)')
      .addHelpText('after', example(`pipeline ${name} --reason "incident 4711"`))
      .action(async (_flags, command: Command) => {
        const { order } = await import('./commands/lane.ts');
        exit(
          await order(name as keyof typeof orders, command.optsWithGlobals(), version, terminal),
        );
      });
  }

  program
    .command('status')
    .description('every deploy, its state, since when, and what to do next')
    .option('--limit <n>', 'how many, newest first', '20')
    .addOption(json())
    .addHelpText('after', example('pipeline status', 'pipeline status --json'))
    .action(async (_flags, command: Command) => {
      const { status } = await import('./commands/status.ts');
      exit(await status(command.optsWithGlobals(), terminal));
    });

  program
    .command('log')
    .description('a deploy’s events, in words')
    .argument('<deploy>', 'its id, or the start of it')
    .addOption(json())
    .addHelpText('after', example('pipeline log 502-1a5f89db', 'pipeline log 502 --json'))
    .action(async (deploy: string, _flags, command: Command) => {
      const { log } = await import('./commands/log.ts');
      exit(await log(deploy, flagsOf(command), terminal));
    });

  program
    .command('replay')
    .description('fold a deploy’s events through the chart again, and compare')
    .argument('<deploy>', 'its id, or the start of it')
    .addOption(json())
    .addHelpText(
      'after',
      `${example('pipeline replay 502-1a5f89db')}\nExits 1 when what is recomputed differs from what was recorded.\n`,
    )
    .action(async (deploy: string, _flags, command: Command) => {
      const { replay } = await import('./commands/replay.ts');
      exit(await replay(deploy, flagsOf(command), terminal));
    });

  program
    .command('docs')
    .description('write docs/statechart.md from the chart')
    .option('--check', 'write nothing; exit 1 when the file is not what the chart says')
    .option('--output <file>', 'where', 'docs/statechart.md')
    .addHelpText('after', example('pipeline docs', 'pipeline docs --check'))
    .action(async (flags: { check?: boolean; output: string }) => {
      const { docs } = await import('./commands/docs.ts');
      exit(await docs(flags, terminal));
    });

  program
    .command('sandbox')
    .description('local stand-ins for Heroku, CircleCI, GitHub, Slack and the two apps')
    .option('--port <n>', 'the first of eight ports (default: any free ones)')
    .option('--repository <dir>', 'answer GitHub’s calls from this git repository')
    .addOption(json())
    .addHelpText('after', example('pipeline sandbox', 'pipeline sandbox --port 4400'))
    .action(async (flags: { port?: string; repository?: string; json?: boolean }) => {
      const { sandbox } = await import('./commands/sandbox.ts');
      exit(await sandbox(flags, terminal));
    });

  return program;
}

export { CommanderError };
