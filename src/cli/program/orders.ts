/** What a person orders of a lane. */
import type { Command } from 'commander';
import { actorOption, branchOption, example, type Surroundings } from './shared.ts';

/** `pipeline disable`, `enable` and `unlock`. */
export function declareOrders(program: Command, { version, terminal, exit }: Surroundings): void {
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
