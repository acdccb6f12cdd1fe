/** How an export in a standard's words goes out: as lines, or to a receiver of traces. */
import type { OtlpReceiver } from '../../effects/telemetry/vendor.ts';
import { UsageError } from '../../errors/error.ts';
import { counted } from '../../format/words.ts';
import { visibleJson } from '../../redaction/unseen.ts';
import type { Environment } from '../config/environment.ts';
import type { Terminal } from '../render/terminal.ts';
import { given } from '../workspace/flags.ts';
import { otlpReceiver } from '../workspace/otlp.ts';
import { openOutput } from './export-file.ts';

/** @throws UsageError E_USAGE, E_PLAIN_HTTP, E_ENVIRONMENT */
export function receiverOf(
  { otlp, format, output }: { otlp?: string; format?: string; output?: string },
  { otlpHeaders }: Pick<Environment, 'otlpHeaders'>,
): OtlpReceiver | null {
  const address = given('--otlp', otlp);
  if (address === undefined) return null;
  if ((format ?? 'otel') === 'otel' && output === undefined) {
    return otlpReceiver(address, otlpHeaders);
  }
  throw new UsageError('E_USAGE', '--otlp sends traces, and writes nothing', {
    hint: 'Leave --output and any other --format out.',
  });
}

const linesAtOnce = 200;

/** A line for each; null is one that is not over yet. @param none what is wrong with none */
export async function writeLines(
  all: AsyncIterable<object | null>,
  {
    noun,
    file,
    none,
  }: {
    readonly noun: string;
    readonly file: string | undefined;
    readonly none: () => Error | null;
  },
  terminal: Terminal,
): Promise<void> {
  const output = await openOutput(file, terminal);
  let [count, underWay] = [0, 0];
  let lines: string[] = [];
  const flush = async (): Promise<boolean> => {
    const isRead = lines.length === 0 || (await output.write(lines.join('')));
    lines = [];
    return isRead;
  };
  try {
    for await (const one of all) {
      if (one === null) {
        underWay += 1;
        continue;
      }
      count += 1;
      lines.push(`${visibleJson(JSON.stringify(one))}\n`);
      if (lines.length < linesAtOnce || (await flush())) continue;
      await output.discard();
      return;
    }
    const missing = count + underWay === 0 ? none() : null;
    if (missing !== null) throw missing;
    await flush();
    await output.keep();
  } catch (error) {
    await output.discard();
    throw error;
  }
  terminal.err(`exported ${counted(count, noun)}${leftOut(underWay)}`);
}

const leftOut = (underWay: number): string =>
  underWay === 0 ? '' : `; ${counted(underWay, 'deploy')} under way left out`;

/** A request a deploy: what one is refused for concerns no other. */
export async function sendAll(
  receiver: OtlpReceiver,
  all: AsyncIterable<object | null>,
  terminal: Terminal,
): Promise<number> {
  const { openTraceSender } = await import('../workspace/trace-sender.ts');
  const sender = openTraceSender(receiver, terminal.err);
  let [count, underWay] = [0, 0];
  try {
    for await (const one of all) {
      if (one === null) {
        underWay += 1;
        continue;
      }
      await sender.send(JSON.stringify(one));
      count += 1;
      terminal.status(`sent ${counted(count, 'trace')}`);
    }
  } finally {
    terminal.clearStatus();
    await sender.close();
  }
  terminal.err(`sent ${counted(count, 'trace')}${leftOut(underWay)}`);
  return 0;
}
