/** The command line: names, flags, help. Parsing only; each command's work is in `commands/`. */
import { Command, CommanderError, Option } from 'commander';
import type { Terminal } from './render/terminal.ts';
import { exitCodes } from './workspace/exit-codes.ts';
import type { GlobalFlags } from './workspace/flags.ts';

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
      // Told once, by the program's entry, as every other error is.
      outputError: () => {},
    });

  const json = (): Option => new Option('--json', 'one JSON document on standard output');
  const who = (): Option =>
    new Option('--actor <name>', 'who; what the CI, git and the target say is kept beside it');
  const branch = (): Option =>
    new Option('--branch <name>', 'in a CI: the branch of this build (default: what the CI says)');
  const flagsOf = (command: Command): GlobalFlags => command.optsWithGlobals();

  program
    .command('advance')
    .description('deploy this commit: staging, checks, gates, production, checks')
    .option('--commit <sha>', 'the commit (default: HEAD; in a CI it has to be HEAD)')
    .option(
      '--branch <name>',
      'the branch (default: what the CI says; outside of one, what is checked out)',
    )
    .option('--build <label>', 'the build’s label (default: what the CI says)')
    .option('--actor <name>', 'who asks; what the CI and git say is kept beside it')
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
    .description('let a held deploy go on, checked again; or carry on one that lost its run')
    .argument('<deploy>', 'its id, or the start of it')
    .requiredOption('--reason <text>', 'why; the log keeps it')
    .addOption(who())
    .addOption(branch())
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
      .addOption(who())
      .addOption(branch())
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
    .command('export')
    .description('the log as JSON Lines: an event a line, to read, to keep, to import elsewhere')
    .option(
      '--output <file>',
      'a file, replaced when the export is whole (default: standard output)',
    )
    .addOption(
      new Option('--deploy <id>', 'only this deploy: its id, or the start of it').conflicts('lane'),
    )
    .option('--lane <lane>', 'only this lane: its own events and its deploys’')
    .option(
      '--since <time>',
      'only from this time on: 2026-01-05, 2026-01-05T13:00Z, or 24h for a day ago',
    )
    .option('--until <time>', 'only before this time')
    .addHelpText(
      'after',
      example(
        'pipeline export --output log.jsonl',
        'pipeline export --deploy 502 | jq .type',
        'pipeline export --since 24h --lane acme-web --output today.jsonl',
      ) +
        '\nOnly a whole export can be imported; with --deploy, --lane, --since or --until it is for reading.' +
        '\nExits 1 when an event is not what was recorded. How many there are is told on standard error.\n',
    )
    .action(async (_flags, command: Command) => {
      const { exportLog } = await import('./commands/export.ts');
      exit(await exportLog(command.optsWithGlobals(), terminal));
    });

  program
    .command('import')
    .description(
      'take an exported log, or another store’s, into this store, exactly as it was recorded',
    )
    .argument('<source>', 'a file of pipeline export, - for standard input, or a store’s URL')
    .addOption(json())
    .addHelpText(
      'after',
      example(
        'pipeline import log.jsonl',
        'pipeline import sqlite:.pipeline/log.db --store "$DATABASE_URL"',
        'gunzip -c log.jsonl.gz | pipeline import -',
      ) +
        '\nEverything is checked before anything is written. What is there already is left as it is, so the same' +
        '\ncommand again finishes an import that was interrupted. No channel is told of what is imported.\n',
    )
    .action(async (source: string, _flags, command: Command) => {
      const { importLog } = await import('./commands/import.ts');
      exit(await importLog(source, flagsOf(command), terminal));
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
    .description('local stand-ins for the vendors and for the two apps')
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
