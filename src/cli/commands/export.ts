/** `pipeline export`: the log as JSON Lines, for people, for jq, and for `pipeline import`. It only reads. */
import { isDeepStrictEqual } from 'node:util';
import { LockstepError, UsageError } from '../../errors/error.ts';
import { counted } from '../../format/words.ts';
import { redactAll } from '../../redaction/gate.ts';
import { Chain } from '../../store/hash-chain.ts';
import { LogFault, type RecordedEvent } from '../../store/log.ts';
import { toRow } from '../../store/stored-event.ts';
import { readEnvironment } from '../config/environment.ts';
import type { Terminal } from '../render/terminal.ts';
import { toLine } from '../transfer/event-line.ts';
import { openOutput } from '../transfer/export-file.ts';
import { selected } from '../transfer/selection.ts';
import { receiverOf, sendAll, writeLines } from '../transfer/send.ts';
import { cdevents, type Traced, traces } from '../transfer/standards.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { findDeploy } from '../workspace/find-deploy.ts';
import { mustHaveLane } from '../workspace/find-lane.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { rangeOf } from '../workspace/period.ts';

/** `jsonl`: as it was recorded, which alone can be imported. */
type ExportFormat = 'jsonl' | 'cdevents' | 'otel';

export interface ExportFlags extends GlobalFlags {
  format?: ExportFormat;
  otlp?: string;
  output?: string;
  deploy?: string;
  lane?: string;
  since?: string;
  until?: string;
}

export async function exportLog(flags: ExportFlags, terminal: Terminal): Promise<number> {
  const range = rangeOf(flags, Date.now());
  const environment = readEnvironment(process.env);
  const receiver = receiverOf(flags, environment);
  const store = await findStore(flags, environment);
  const log = await openDeployLog(store, { readOnly: true });
  try {
    const { deploy: name, lane = null } = flags;
    const deploy = name === undefined ? null : (await findDeploy(log, name, terminal.err)).deploy;
    const whose = { deploy, lane };
    if (lane !== null) await mustHaveLane(log, lane);
    if (receiver !== null) return await sendAll(receiver, traces(log, whose, range), terminal);
    if (flags.format === 'cdevents') {
      return await told(cdevents(log, whose, range), 'event', flags, terminal);
    }
    if (flags.format === 'otel') {
      return await told(alone(traces(log, whose, range)), 'trace', flags, terminal);
    }
    const faults = new Map<number, LogFault>();
    const pages = selected(log, whose, range, faults);
    return await send(pages, faults, flags, terminal);
  } finally {
    await log.close();
  }
}

async function* alone(all: AsyncIterable<Traced>): AsyncGenerator<object | null> {
  for await (const { trace } of all) yield trace;
}

/** What a lane has none of is refused, as its events are. */
async function told(
  all: AsyncIterable<object | null>,
  noun: string,
  flags: ExportFlags,
  terminal: Terminal,
): Promise<number> {
  const none = () => (flags.lane === undefined ? null : nothingOf(flags));
  await writeLines(all, { noun, file: flags.output, none }, terminal);
  return 0;
}

async function send(
  pages: AsyncIterable<readonly RecordedEvent[]>,
  faults: ReadonlyMap<number, LogFault>,
  flags: ExportFlags,
  terminal: Terminal,
): Promise<number> {
  const part = (['deploy', 'lane', 'since', 'until'] as const).find((f) => flags[f] !== undefined);
  const output = await openOutput(flags.output, terminal);
  const chain = new Chain();
  let events = 0;
  let masked = 0;
  let fault: LogFault | null = null;
  try {
    for await (const page of pages) {
      for (const event of page) {
        // Of a part, what comes before an event in its stream may not be there.
        const flaw = part === undefined ? chain.add(toRow(event)) : null;
        fault ??= faults.get(event.position) ?? (flaw && new LogFault({ ...event, ...flaw }));
      }
      events += page.length;
      const lines = page.map((event) => {
        const clean = redactAll(event);
        if (!isDeepStrictEqual(clean, event)) masked++;
        return `${toLine(clean)}\n`;
      });
      const isRead = await output.write(lines.join(''));
      if (isRead) continue;
      await output.discard();
      return 0;
    }
    if (flags.lane !== undefined && events === 0) throw nothingOf(flags);
    await output.keep();
  } catch (error) {
    await output.discard();
    throw error;
  }
  if (part === undefined) {
    const [all, streams] = [counted(events, 'event'), counted(chain.streams, 'stream')];
    terminal.err(`exported ${all} of ${streams}; head digest ${chain.digest()}`);
  } else {
    const all = counted(events, 'event');
    terminal.err(`exported ${all}, a part of the log; for one to import, leave --${part} out`);
  }
  if (fault !== null) throw fault;
  if (masked > 0) throw holdsSecrets(masked);
  return 0;
}

function nothingOf({ lane, since, until }: ExportFlags): UsageError {
  const when = since === undefined && until === undefined ? '' : ' of that time';
  return new UsageError('E_NO_LANE', `the log has no event${when} of lane ${lane}`, {
    hint: 'The lane is known; --since and --until choose another time.',
  });
}

/** Written by a run that did not know it for one, or imported. */
function holdsSecrets(masked: number): LockstepError {
  return new LockstepError(
    'E_EXPORT_SECRET',
    `${counted(masked, 'event')} of the log hold a secret of this environment, which the export has not`,
    {
      hint: 'The export cannot be imported. Change that secret; then, or where it is not set, the export is whole.',
      details: { masked },
    },
  );
}
