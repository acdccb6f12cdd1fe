/** What an auditor asks of the whole log. */
import type { Command } from 'commander';
import type { VerifyFlags } from '../commands/verify.ts';
import { example, jsonOption, type ProgramOptions } from './shared.ts';

const all = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `pipeline verify`. */
export function declareVerify(program: Command, { terminal, exit }: ProgramOptions): void {
  program
    .command('verify')
    .description('whether the whole log is what was recorded; prints its head')
    .argument(
      '[source]',
      'a file of pipeline export, - for standard input, or a store’s URL (default: the log)',
    )
    .option(
      '--head <digest@position>',
      'a head that was kept elsewhere; may be given again',
      all,
      [],
    )
    .option(
      '--public-key <file>',
      'of the key that heads are signed with; may be given again',
      all,
      [],
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      example(
        'pipeline verify',
        'pipeline verify --head 9f86d081…0f00a08@1742',
        'pipeline verify log.jsonl --public-key head-key.pub',
      ) +
        '\nHashes, order and times of every event, every recorded transition made again from the chart, the table of deploys,' +
        '\nand heads. An export needs no store, no network and no configuration. Exits 1 when something differs. docs/audit.md\n',
    )
    .action(async (source: string | undefined, _flags, command: Command) => {
      const { verify } = await import('../commands/verify.ts');
      exit(await verify(source, command.optsWithGlobals<VerifyFlags>(), terminal));
    });
}
