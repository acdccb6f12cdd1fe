/** What is of use without a log. */
import { type Command, Option } from 'commander';
import type { SandboxFlags } from '../commands/sandbox.ts';
import { example, jsonOption, type ProgramOptions } from './shared.ts';

/** `pipeline docs` and `sandbox`. */
export function declareMaking(program: Command, { terminal, exit }: ProgramOptions): void {
  program
    .command('docs')
    .description(
      'write docs/statechart.md from the chart, and keep true what is marked in other documents',
    )
    .option('--check', 'write nothing; exit 1 when a document is not what this version says')
    .option('--output <file>', 'where the chart’s document goes', 'docs/statechart.md')
    .addHelpText('after', example('pipeline docs', 'pipeline docs --check'))
    .action(async (flags: { check?: boolean; output: string }) => {
      const { docs } = await import('../commands/docs.ts');
      exit(await docs(flags, terminal));
    });

  program
    .command('sandbox')
    .description('local stand-ins for the vendors and for the two apps')
    .option('--port <n>', 'the first of nine ports (default: any free ones)')
    .option('--repository <dir>', 'answer GitHub’s calls from this git repository')
    .addOption(
      new Option('--generation <name>', 'of the platform that the two apps run on')
        .choices(['cedar', 'fir'])
        .default('cedar'),
    )
    .addOption(jsonOption())
    .addHelpText('after', example('pipeline sandbox', 'pipeline sandbox --port 4400'))
    .action(async (flags: SandboxFlags) => {
      const { sandbox } = await import('../commands/sandbox.ts');
      exit(await sandbox(flags, terminal));
    });
}
