/** The log on its way out and in. */
import { type Command, Option } from 'commander';
import type { GlobalFlags } from '../workspace/flags.ts';
import { example, jsonOption, type ProgramOptions } from './shared.ts';

/** `pipeline export`. */
export function declareExport(program: Command, { terminal, exit }: ProgramOptions): void {
  program
    .command('export')
    .description(
      'the log as JSON Lines: an event a line, to read, to keep, to import elsewhere; or in the words of a standard',
    )
    .addOption(
      new Option(
        '--format <format>',
        'jsonl (the default), events of CDEvents, or a trace of OpenTelemetry a deploy',
      ).choices(['jsonl', 'cdevents', 'otel']),
    )
    .option('--otlp <url>', 'send the traces to a receiver of OTLP over HTTP')
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
        'pipeline export --format cdevents --since 24h',
        'pipeline export --otlp http://127.0.0.1:4318 --deploy 502',
      ) +
        '\nOnly a whole export can be imported; with --deploy, --lane, --since or --until it is for reading; so it is in another format (docs/standards.md).' +
        '\nExits 1 when an event is not what was recorded. How many there are is told on standard error.\n',
    )
    .action(async (_flags, command: Command) => {
      const { exportLog } = await import('../commands/export.ts');
      exit(await exportLog(command.optsWithGlobals(), terminal));
    });
}

/** `pipeline import`. */
export function declareImport(program: Command, { terminal, exit }: ProgramOptions): void {
  program
    .command('import')
    .description(
      'take an exported log, or another store’s, into this store, exactly as it was recorded',
    )
    .argument('<source>', 'a file of pipeline export, - for standard input, or a store’s URL')
    .addOption(jsonOption())
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
      const { importLog } = await import('../commands/import.ts');
      exit(await importLog(source, command.optsWithGlobals<GlobalFlags>(), terminal));
    });
}
