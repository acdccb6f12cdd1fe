/** The command line: names, flags, help. Parsing only: `program/` declares the commands, `commands/` does their work. */
import { Command, CommanderError } from 'commander';
import { declareMetrics, declareReport, declareViews } from './program/accounts.ts';
import { declareAdvance, declareResume } from './program/deploys.ts';
import { declareHelp, topicHelp } from './program/help.ts';
import { declareMaking } from './program/making.ts';
import { declareOpen } from './program/open.ts';
import { declareOrders } from './program/orders.ts';
import { declareQuestions } from './program/questions.ts';
import { declareServe } from './program/serve.ts';
import { declareDoctor, declareInit } from './program/setup.ts';
import type { ProgramOptions } from './program/shared.ts';
import { declareExport, declareImport } from './program/transfer.ts';
import { declareVerify } from './program/verify.ts';
import { declareWhatIf } from './program/whatif.ts';

interface Declaration {
  /** The commands that know of no other one. */
  readonly names: readonly string[];
  readonly declare: (program: Command, options: ProgramOptions) => void;
}

/** In the order in which help lists them. */
const declarations: readonly Declaration[] = [
  { names: ['init'], declare: declareInit },
  { names: ['doctor'], declare: declareDoctor },
  { names: ['advance'], declare: declareAdvance },
  { names: ['resume'], declare: declareResume },
  { names: ['disable', 'enable', 'unlock', 'rollback'], declare: declareOrders },
  { names: ['status', 'explain', 'log', 'replay'], declare: declareQuestions },
  { names: ['export'], declare: declareExport },
  { names: ['import'], declare: declareImport },
  { names: ['verify'], declare: declareVerify },
  { names: ['metrics'], declare: declareMetrics },
  { names: ['whatif'], declare: declareWhatIf },
  { names: ['report'], declare: declareReport },
  { names: ['views'], declare: declareViews },
  { names: ['docs', 'sandbox'], declare: declareMaking },
  { names: ['open'], declare: declareOpen },
  { names: ['serve'], declare: declareServe },
  { names: [], declare: declareHelp },
];

/**
 * Commands load what they need when they run: help and usage errors load nothing.
 *
 * @param asked the first of what was given: where it is a command's name, the others are not declared
 */
export function createProgram(options: ProgramOptions, asked = ''): Command {
  const { version, terminal } = options;
  const program = new Command('pipeline')
    .description('Takes a merged commit to production, and proves what happened.')
    .version(version)
    .option('--config <file>', 'the configuration (default: PIPELINE_CONFIG, else pipeline.yml)')
    .option(
      '--store <url>',
      'the event log (default: PIPELINE_STORE, else `store` of the configuration)',
    )
    .option('--no-color', 'no colour (also: NO_COLOR)')
    .option('--debug', 'print the stack of an unexpected error')
    .addHelpText('after', `\n${topicHelp}\n`)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.replace(/\n$/, '')),
      writeErr: (text) => terminal.err(text.replace(/\n$/, '')),
      // Told once, by the program's entry, as every other error is.
      outputError: () => {},
    });

  const own = declarations.filter(({ names }) => names.includes(asked));
  for (const { declare } of own.length > 0 ? own : declarations) declare(program, options);
  return program;
}

export { CommanderError };
