/** What is told of many deploys: figures and reports. */
import type { Command } from 'commander';
import type { MetricsFlags } from '../commands/metrics.ts';
import { example, jsonOption, type Surroundings } from './shared.ts';

const time = '2026-01-05, 2026-01-05T13:00Z, or 720h for thirty days ago';

/** `pipeline metrics`. */
export function declareMetrics(program: Command, { terminal, exit }: Surroundings): void {
  program
    .command('metrics')
    .description('DORA’s five figures of each lane, and where its deploys waited')
    .option('--lane <lane>', 'only this lane (default: every lane of the log)')
    .option('--since <time>', `from this time on: ${time} (default: thirty days before the end)`)
    .option('--until <time>', 'before this time (default: now)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      example('pipeline metrics', 'pipeline metrics --since 2026-01-01 --until 2026-02-01 --json') +
        '\nTimes of commits are asked of the git repository that it is run in. docs/metrics.md has the formulas.\n',
    )
    .action(async (_flags, command: Command) => {
      const { metrics } = await import('../commands/metrics.ts');
      exit(await metrics(command.optsWithGlobals<MetricsFlags>(), terminal));
    });
}
