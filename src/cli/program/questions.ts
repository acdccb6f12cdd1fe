/** What is asked of the log. */
import type { Command } from 'commander';
import type { ReplayFlags } from '../commands/replay.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { example, jsonOption, type ProgramOptions } from './shared.ts';

const explainHelp =
  'It goes by the log, and by git for commits that CI skipped or that went with others. A pull request is asked of GitHub (GITHUB_TOKEN).\n' +
  'Exits 2 where nothing is called so, and names the nearest.';

const replayExamples = [
  'pipeline replay 502',
  'pipeline replay 502 --at 2026-01-05T13:04Z',
  'pipeline replay 502 --step',
  'pipeline replay --all --since 24h',
];
const replayHelp =
  'Nothing is run again, and nothing is written: it proves that the chart leads from the recorded events to the recorded states.\n' +
  'Exits 1 when what is recomputed differs from what was recorded.';

/** `pipeline status`, `explain`, `log` and `replay`. */
export function declareQuestions(program: Command, { terminal, exit }: ProgramOptions): void {
  program
    .command('status')
    .description(
      'what runs, what holds it, who holds the lane, what to do, and what became of the deploys',
    )
    .option('--lane <lane>', 'only this lane (default: every lane of the log)')
    .option('--limit <n>', 'how many deploys, newest first', '20')
    .option('--offline', 'only what the log knows: no target is asked')
    .option('--watch', 'show it again whenever the log has something new, until Ctrl-C')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `${example('pipeline status', 'pipeline status --watch', 'pipeline status --lane acme-web --json')}
With a token the targets of the lane in pipeline.yml are asked what they run, for two seconds at most.
`,
    )
    .action(async (_flags, command: Command) => {
      const { status } = await import('../commands/status.ts');
      exit(await status(command.optsWithGlobals(), terminal));
    });

  program
    .command('explain')
    .description('why a commit, a deploy or a pull request shipped, or did not')
    .argument(
      '<commit-or-deploy>',
      'a commit, a branch or HEAD; a deploy’s id or its start; #PULL-REQUEST',
    )
    .option('--lane <lane>', 'in this lane only, where a commit is deployed by several')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `${example('pipeline explain HEAD', 'pipeline explain 1a5f89d', "pipeline explain '#812'")}\n${explainHelp}\n`,
    )
    .action(async (name: string, _flags, command: Command) => {
      const { explain } = await import('../commands/explain.ts');
      exit(await explain(name, command.optsWithGlobals(), terminal));
    });

  program
    .command('log')
    .description('a deploy’s events, in words')
    .argument('<deploy>', 'its id, or the start of it; or its commit')
    .addOption(jsonOption())
    .addHelpText('after', example('pipeline log 502-1a5f89db', 'pipeline log 502 --json'))
    .action(async (deploy: string, _flags, command: Command) => {
      const { log } = await import('../commands/log.ts');
      exit(await log(deploy, command.optsWithGlobals<GlobalFlags>(), terminal));
    });

  program
    .command('replay')
    .description('fold a deploy’s events through the chart again, and compare')
    .argument('[deploy]', 'its id, or the start of it; or its commit')
    .option(
      '--at <time|event>',
      'its state and what it knew then: a time, or the number of an event',
    )
    .option('--step', 'walk through it, event by event')
    .option('--all', 'every deploy of the log: which of them differ')
    .option(
      '--since <time>',
      'with --all: those that were asked for since: 2026-01-05, or 24h for a day ago',
    )
    .addOption(jsonOption())
    .addHelpText('after', `${example(...replayExamples)}\n${replayHelp}\n`)
    .action(async (deploy: string | undefined, _flags, command: Command) => {
      const { replay } = await import('../commands/replay.ts');
      exit(await replay(deploy, command.optsWithGlobals<ReplayFlags>(), terminal));
    });
}
