/** The way in: what is set up, and whether it is right. */
import { type Command, Option } from 'commander';
import { channelKinds } from '../../effects/channels/kinds.ts';
import type { InitFlags } from '../commands/init.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { example, jsonOption, type ProgramOptions } from './shared.ts';

/** `pipeline init`. */
export function declareInit(program: Command, { terminal, exit }: ProgramOptions): void {
  const command = program
    .command('init')
    .description(
      'write pipeline.yml and the CI’s deploy job, by what the repository and the target tell',
    )
    .option('--yes', 'ask nothing, take every default; what is there is not replaced')
    .option('--app <name>', 'the lane’s name (default: the repository’s)')
    .option('--branch <name>', 'the branch that is deployed (default: the remote’s)')
    .option('--target <kind>', 'what is deployed to, by its key in pipeline.yml')
    .option('--staging <name>', 'the app of staging')
    .option('--production <name>', 'the app of production')
    .option('--staging-url <url>', 'what answers 200 when staging is well')
    .option('--production-url <url>', 'what answers 200 when production is well')
    .addOption(
      new Option('--ci <name>', 'whose deploy job is written').choices([
        'circleci',
        'github',
        'none',
      ]),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `${example('pipeline init', 'pipeline init --yes --ci circleci')}\nWithout --yes it asks, with what it found as the default. It writes no secret.\n`,
    )
    .action(async (_flags, command: Command) => {
      const { init } = await import('../commands/init.ts');
      exit(await init(command.optsWithGlobals<InitFlags>(), terminal));
    });
  for (const { name, setup } of channelKinds) {
    if (setup !== undefined) command.option(`--${name} <name>`, setup.what);
  }
}

/** `pipeline doctor`. */
export function declareDoctor(program: Command, { terminal, exit }: ProgramOptions): void {
  program
    .command('doctor')
    .description('look at all that a deploy needs: what was found, why it matters, how to mend it')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `${example('pipeline doctor', 'pipeline doctor --json')}\nExits 1 when something would break a deploy. It deploys nothing, and appends nothing to the log.\n`,
    )
    .action(async (_flags, command: Command) => {
      const { doctor } = await import('../commands/doctor.ts');
      exit(await doctor(command.optsWithGlobals<GlobalFlags>(), terminal));
    });
}
