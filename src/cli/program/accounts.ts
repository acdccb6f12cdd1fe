/** What is told of many deploys: figures and reports. */
import { type Command, Option } from 'commander';
import type { MetricsFlags } from '../commands/metrics.ts';
import type { ReportFlags } from '../commands/report.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { example, jsonOption, type ProgramOptions } from './shared.ts';

const time = '2026-01-05, 2026-01-05T13:00Z, or 720h for thirty days ago';

/** `pipeline metrics`. */
export function declareMetrics(program: Command, { terminal, exit }: ProgramOptions): void {
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

/** `pipeline report`. */
export function declareReport(program: Command, { terminal, exit }: ProgramOptions): void {
  program
    .command('report')
    .description('every change of production in a period; or one deploy as a page by itself')
    .argument('[deploy]', 'its id, or the start of it; or its commit')
    .option('--lane <lane>', 'only this lane (default: every lane of the log)')
    .option('--since <time>', `from this time on: ${time} (default: thirty days before the end)`)
    .option('--until <time>', 'before this time (default: now)')
    .addOption(
      new Option('--format <format>', 'csv (the default), json or html').choices([
        'csv',
        'json',
        'html',
      ]),
    )
    .option('--output <file>', 'a file, replaced when it is whole (default: standard output)')
    .option('--html <file>', 'with a deploy: where its page goes (default: standard output)')
    .addHelpText(
      'after',
      example(
        'pipeline report --since 2026-01-01 --until 2026-04-01 --output changes.csv',
        'pipeline report --format html --output changes.html',
        'pipeline report 502 --html 502.html',
      ) +
        '\nDeploys, those by hand, rollbacks, and releases that were made elsewhere and that a deploy met. docs/audit.md\n',
    )
    .action(async (deploy: string | undefined, _flags, command: Command) => {
      const { report } = await import('../commands/report.ts');
      exit(await report(deploy, command.optsWithGlobals<ReportFlags>(), terminal));
    });
}

/** `pipeline views`. */
export function declareViews(program: Command, { terminal, exit }: ProgramOptions): void {
  program
    .command('views')
    .description('SQL that makes views over the log, for questions of your own')
    .option('--schema <name>', 'keep them there, on PostgreSQL (default: for the session alone)')
    .addHelpText(
      'after',
      `${example(
        'pipeline views > views.sql && sqlite3 -readonly -init views.sql .pipeline/log.db',
        'pipeline views --schema reporting | psql "$PIPELINE_STORE"',
      )}\nIt runs none of it, and opens no log. docs/sql.md has the columns.\n`,
    )
    .action(async (_flags, command: Command) => {
      const { views } = await import('../commands/views.ts');
      exit(await views(command.optsWithGlobals<GlobalFlags & { schema?: string }>(), terminal));
    });
}
