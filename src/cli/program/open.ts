/** What is shown outside of the terminal. */
import { Argument, type Command } from 'commander';
import type { LinkName } from '../../runtime/audit/links.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { example, type ProgramOptions } from './shared.ts';

const linkNames: readonly LinkName[] = ['app', 'run', 'comparison', 'commit'];

/** `pipeline open`. */
export function declareOpen(program: Command, { terminal, exit }: ProgramOptions): void {
  program
    .command('open')
    .description(
      'open a deploy’s app, CI run, comparison or commit in the browser, or print its address',
    )
    .addArgument(new Argument('<what>').choices(linkNames))
    .argument('[deploy]', 'its id, or the start of it (default: the newest)')
    .addHelpText('after', example('pipeline open app', 'pipeline open comparison 502'))
    .action(async (what: LinkName, deploy: string | undefined, _flags, command: Command) => {
      const { openLink } = await import('../commands/open.ts');
      exit(await openLink(what, deploy ?? null, command.optsWithGlobals<GlobalFlags>(), terminal));
    });
}
