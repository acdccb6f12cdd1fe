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
import type { Surroundings } from './program/shared.ts';
import { declareExport, declareImport } from './program/transfer.ts';
import { declareVerify } from './program/verify.ts';
import { declareWhatIf } from './program/whatif.ts';

/** Commands load what they need when they run: help and usage errors load nothing. */
export function createProgram(options: Surroundings): Command {
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

  declareInit(program, options);
  declareDoctor(program, options);
  declareAdvance(program, options);
  declareResume(program, options);
  declareOrders(program, options);
  declareQuestions(program, options);
  declareExport(program, options);
  declareImport(program, options);
  declareVerify(program, options);
  declareMetrics(program, options);
  declareWhatIf(program, options);
  declareReport(program, options);
  declareViews(program, options);
  declareMaking(program, options);
  declareOpen(program, options);
  declareServe(program, options);
  declareHelp(program, options);
  return program;
}

export { CommanderError };
