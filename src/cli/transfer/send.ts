/** How an export in a standard's words goes out: as lines, or to a receiver of traces. */
import { VendorRefused } from '../../effects/http/errors.ts';
import type { OtlpReceiver } from '../../effects/telemetry/vendor.ts';
import { LockstepError, UsageError } from '../../errors/error.ts';
import { counted } from '../../format/words.ts';
import { visibleJson } from '../../redaction/unseen.ts';
import type { Environment } from '../config/environment.ts';
import type { Terminal } from '../render/terminal.ts';
import { given } from '../workspace/flags.ts';
import { otlpReceiver } from '../workspace/otlp.ts';
import { openOutput } from './export-file.ts';
import type { Traced } from './standards.ts';

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

/**
 * A request a deploy: what one is refused for concerns no other, unless it is the address or the key.
 *
 * @throws LockstepError E_TRACES_REJECTED one or more were refused, and the others sent; and what all of them would be refused for
 */
export async function sendAll(
  receiver: OtlpReceiver,
  all: AsyncIterable<Traced>,
  terminal: Terminal,
): Promise<number> {
  const { openTraceSender } = await import('../workspace/trace-sender.ts');
  const sender = openTraceSender(receiver, terminal.err);
  let [sent, underWay] = [0, 0];
  const refused: string[] = [];
  try {
    for await (const { deploy, trace } of all) {
      if (trace === null) {
        underWay += 1;
        continue;
      }
      const why = await sender.send(JSON.stringify(trace)).then(() => null, refusal);
      if (why === null) sent += 1;
      else refused.push(deploy);
      if (why !== null) terminal.err(`${deploy}: ${why}`);
      terminal.status(`sent ${counted(sent, 'trace')}`);
    }
  } finally {
    terminal.clearStatus();
    await sender.close();
    terminal.err(`sent ${counted(sent, 'trace')}${leftOut(underWay)}`);
  }
  if (refused.length > 0) throw notAll(refused, sent);
  return 0;
}

/** Why this one was not taken whole, in words. @throws what the next one would meet, too */
function refusal(error: unknown): string {
  if (!(error instanceof LockstepError)) throw error;
  const isOfOne =
    error instanceof VendorRefused
      ? error.status >= 400 && error.status < 500 && !ofAll.includes(error.status)
      : error.code === 'E_TRACES_REJECTED';
  if (!isOfOne) throw error;
  return `${error.code}: ${error.message}`;
}

/** Of the key, the address, a proxy, and how often it is asked. */
const ofAll: readonly number[] = [401, 403, 404, 405, 407, 410, 429];

function notAll(refused: readonly string[], sent: number): LockstepError {
  const [n, of] = [refused.length, refused.length + sent];
  return new LockstepError(
    'E_TRACES_REJECTED',
    `${n} of ${counted(of, 'trace')} ${n === 1 ? 'was' : 'were'} refused, or not taken whole${sent === 0 ? '' : '; the others are there'}`,
    {
      hint: 'Why stands above, by the deploy. Sending the same again changes nothing before what it says is mended.',
      details: { sent, refused: n, deploys: refused.slice(0, 100).join(' ') },
    },
  );
}
