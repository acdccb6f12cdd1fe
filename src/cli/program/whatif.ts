/** What a platform engineer asks before a chart or a policy is changed. */
import type { Command } from 'commander';
import type { WhatIfFlags } from '../commands/whatif.ts';
import { example, jsonOption, type ProgramOptions } from './shared.ts';

const all = (value: string, before: readonly string[]): readonly string[] => [...before, value];

const help =
  'Each deploy alone, on what its record says of the world; where a recorded answer does not apply any more, it says so.\n' +
  'Nothing is run again, and nothing is written. Exits 0 whatever would go another way. docs/whatif.md';

/** `pipeline whatif`. */
export function declareWhatIf(program: Command, { terminal, exit }: ProgramOptions): void {
  program
    .command('whatif')
    .description('which recorded deploys a changed chart or other settings would take another way')
    .option('--chart <file>', 'a chart: the JSON of its definition, or a module that exports it')
    .option(
      '--set <setting=value>',
      'a setting of deploys, as their log has it; may be given again',
      all,
      [],
    )
    .option('--since <time>', 'deploys that were asked for since: 2026-01-05, or 24h for a day ago')
    .option('--lane <lane>', 'only deploys of this lane')
    .option('--format <format>', 'text or markdown, for a pull request', 'text')
    .option('--print-chart', 'prints the present chart’s definition, to be changed')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `${example(
        'pipeline whatif --print-chart > chart.json',
        'pipeline whatif --chart chart.json --since 720h --format markdown',
        'pipeline whatif --set gates.stuckExit=0 --set lock.timeout=10m',
      )}\n${help}\n`,
    )
    .action(async (_flags, command: Command) => {
      const { whatif } = await import('../commands/whatif.ts');
      exit(await whatif(command.optsWithGlobals<WhatIfFlags>(), terminal));
    });
}
