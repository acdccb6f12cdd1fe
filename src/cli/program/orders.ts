/** What a person orders of a lane. */
import { type Command, Option } from 'commander';
import { UsageError } from '../../errors/error.ts';
import type { RollbackFlags } from '../commands/rollback.ts';
import { actorOption, branchOption, example, jsonOption, type ProgramOptions } from './shared.ts';

/** `pipeline disable`, `enable`, `unlock` and `rollback`. */
export function declareOrders(program: Command, options: ProgramOptions): void {
  const { version, terminal, exit } = options;
  declareRollback(program, options);
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
      .addOption(actorOption())
      .addOption(branchOption())
      .addHelpText('after', example(`pipeline ${name} --reason "incident 4711"`))
      .action(async (_flags, command: Command) => {
        const { order } = await import('../commands/lane.ts');
        exit(
          await order(name as keyof typeof orders, command.optsWithGlobals(), version, terminal),
        );
      });
  }
}

function declareRollback(program: Command, { version, terminal, exit }: ProgramOptions): void {
  program
    .command('rollback')
    .description(
      'take production back to a release that ran there, verified; later deploys are held',
    )
    .argument('[to]', 'a version, a deploy’s id or a commit (default: the last verified one)')
    .requiredOption('--reason <text>', 'why; the log keeps it')
    .option('--yes', 'ask nothing: for scripts, where there is no terminal')
    .addOption(
      new Option(
        '--give-up',
        'take nothing back: give up a rollback that was begun and not ended',
      ).conflicts(['yes', 'json']),
    )
    .addOption(actorOption())
    .addOption(branchOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `${example('pipeline rollback --reason "errors since 503"', 'pipeline rollback v41 --yes --reason "errors since 503"')}
Shows what goes back before it asks. What lifts the hold afterwards: docs/after-a-rollback.md.
`,
    )
    .action(async (to: string | undefined, _flags, command: Command) => {
      const { giveUp, ...flags } = command.optsWithGlobals<RollbackFlags & { giveUp?: boolean }>();
      if (giveUp === true) {
        const { order } = await import('../commands/lane.ts');
        if (to !== undefined) throw new UsageError('E_USAGE', '--give-up takes no release');
        return exit(await order('rollback --give-up', flags, version, terminal));
      }
      const { rollback } = await import('../commands/rollback.ts');
      exit(await rollback(to ?? null, flags, version, terminal));
    });
}
