/** The pages. */
import type { Command } from 'commander';
import type { ServeFlags } from '../commands/serve.ts';
import { example, type ProgramOptions } from './shared.ts';

/** `pipeline serve`. */
export function declareServe(program: Command, { terminal, exit }: ProgramOptions): void {
  program
    .command('serve')
    .description(
      'the log as pages in the browser: what runs where, who waits for what, each deploy on the chart',
    )
    .option('--port <n>', '0 takes any free one', '4480')
    .option(
      '--host <name>',
      'where it listens; beyond this machine PIPELINE_SERVE_TOKEN is needed',
      '127.0.0.1',
    )
    .option('--export <dir>', 'write the pages as files there, and end')
    .option('--limit <n>', 'with --export: of how many deploys of a lane', '100')
    .addHelpText(
      'after',
      example('pipeline serve', 'pipeline serve --port 0', 'pipeline serve --export pages'),
    )
    .action(async (_flags, command: Command) => {
      const { serve } = await import('../commands/serve.ts');
      exit(await serve(command.optsWithGlobals<ServeFlags>(), terminal));
    });
}
