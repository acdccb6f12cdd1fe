/** The commands that carry deploys. */
import type { Command } from 'commander';
import type { AdvanceFlags } from '../commands/advance.ts';
import { actorOption, branchOption, example, jsonOption, type ProgramOptions } from './shared.ts';

/** `pipeline advance`. */
export function declareAdvance(
  program: Command,
  { version, terminal, exit }: ProgramOptions,
): void {
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
    .option('--dry-run', 'say what it would do, with what the gates read now; write nothing')
    .option(
      '--reason <text>',
      'why: for --override; in a person’s shell alone, ships by hand what a rollback holds',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      example(
        'pipeline advance',
        'pipeline advance --dry-run',
        'pipeline advance --build 502 --commit 1a5f89d --branch master',
      ) +
        '\nThe same build and commit again goes on with the deploy that they have, or reports it.\n',
    )
    .action(async (_flags, command: Command) => {
      const { dryRun, ...flags } = command.optsWithGlobals<AdvanceFlags & { dryRun?: boolean }>();
      if (dryRun === true) {
        const { rehearse } = await import('../commands/rehearse.ts');
        return exit(await rehearse(flags, terminal));
      }
      const { advance } = await import('../commands/advance.ts');
      exit(await advance(flags, version, terminal));
    });
}

/** `pipeline resume`. */
export function declareResume(program: Command, { version, terminal, exit }: ProgramOptions): void {
  program
    .command('resume')
    .description('let a held deploy go on, checked again; or carry on one that lost its run')
    .argument('<deploy>', 'its id, or the start of it')
    .requiredOption('--reason <text>', 'why; the log keeps it')
    .addOption(actorOption())
    .addOption(branchOption())
    .addOption(jsonOption())
    .addHelpText('after', example('pipeline resume 502-1a5f89db --reason "fixed by #812"'))
    .action(async (deploy: string, _flags, command: Command) => {
      const { resume } = await import('../commands/resume.ts');
      exit(await resume(deploy, command.optsWithGlobals(), version, terminal));
    });
}
