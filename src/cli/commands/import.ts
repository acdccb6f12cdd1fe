/** `pipeline import SOURCE`: takes an exported log, or another store's, into this one, exactly as it was recorded. */
import { setFlagsFromString } from 'node:v8';
import { LockstepError, UsageError } from '../../errors/error.ts';
import { counted } from '../../format/words.ts';
import { ImportCheck } from '../../store/import-check.ts';
import { type EventLog, type ImportFlaw, ImportRefused, StoreUnusable } from '../../store/log.ts';
import { shownStore } from '../../store/open.ts';
import { readEnvironment } from '../config/environment.ts';
import type { Terminal } from '../render/terminal.ts';
import { type EventBatch, type EventSource, openSource } from '../transfer/event-source.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import type { GlobalFlags } from '../workspace/flags.ts';

/** Everything is read and checked before the first event is written: what is refused leaves no trace. */
export async function importLog(
  from: string,
  flags: GlobalFlags,
  terminal: Terminal,
): Promise<number> {
  // Nothing of an event lives longer than its batch: where it is made need not grow to hold many batches.
  setFlagsFromString('--semi-space-growth-factor=1');
  const url = await findStore(flags, readEnvironment(process.env));
  const target = { url, shown: shownStore(url) };
  const source = await openSource(from);
  try {
    const found = await check(source, target.url, terminal);
    const { read, present } = found;
    if (read === 0) throw nothingThere(source);
    const imported = read === present ? 0 : await write(source, target, read - present, terminal);
    tell(found, imported, target.shown, flags, terminal);
    return 0;
  } finally {
    terminal.clearStatus();
    await source.close();
  }
}

interface Found {
  /** How many events the source has. */
  readonly read: number;
  /** How many of them the target had. */
  readonly present: number;
  /** The last position of the source, and of the target before. */
  readonly last: number;
  readonly head: number;
  readonly headDigest: string;
}

/** Makes no log where there is none. @throws UsageError what cannot be imported, and where it stands */
async function check(source: EventSource, url: string, terminal: Terminal): Promise<Found> {
  const target = await openIfThere(url);
  try {
    const head = (await target?.head()) ?? 0;
    const checked = new ImportCheck(target, head, (id) => positionOf(source, id));
    for await (const batch of source.batches()) {
      await checked.take(batch.events).catch((error: unknown) => {
        throw atItsPlace(error, batch, head);
      });
      terminal.status(`checked ${counted(checked.read, 'event')}`);
    }
    const { read, present, last } = checked;
    return { read, present, last, head, headDigest: checked.headDigest() };
  } finally {
    await target?.close();
  }
}

/** Of the first event that has this id; null: none has. */
async function positionOf(source: EventSource, id: string): Promise<number | null> {
  for await (const { events } of source.batches()) {
    const found = events.find((event) => event.id === id);
    if (found !== undefined) return found.position;
  }
  return null;
}

async function openIfThere(url: string): Promise<EventLog | null> {
  try {
    return await openDeployLog(url, { readOnly: true });
  } catch (error) {
    if (error instanceof StoreUnusable && error.code === 'E_STORE_MISSING') return null;
    throw error;
  }
}

/** @returns how many were imported; whatever an interrupted import left behind is not written again */
async function write(
  source: EventSource,
  { url, shown }: { url: string; shown: string },
  missing: number,
  terminal: Terminal,
): Promise<number> {
  const log = await openDeployLog(url, { readOnly: false });
  let imported = 0;
  try {
    const head = await log.head();
    for await (const batch of source.batches()) {
      if ((batch.events.at(-1)?.position ?? 0) <= head) continue;
      const done = await log.importEvents(batch.events).catch((error: unknown) => {
        throw overtaken(error, batch, imported, shown);
      });
      imported += done.imported;
      terminal.status(`imported ${counted(imported, 'event')} of ${counted(missing, 'event')}`);
    }
    // Whoever only reads the log cannot keep what the next head is computed from.
    await log.headDigest();
    return imported;
  } finally {
    await log.close();
  }
}

function tell(
  { read, last, head, headDigest }: Found,
  imported: number,
  shown: string,
  flags: GlobalFlags,
  terminal: Terminal,
): void {
  const present = read - imported;
  if (flags.json === true) {
    const position = Math.max(last, head);
    const digest = last >= head ? headDigest : null;
    const result = { imported, present, position, headDigest: digest };
    terminal.json(result);
    return;
  }
  const already = present === 0 ? '' : `, ${counted(present, 'event')} there already`;
  const goesOn =
    last >= head ? `; head digest ${headDigest}` : `, which goes on to position ${head}`;
  if (imported > 0) {
    terminal.out(`imported ${counted(imported, 'event')} into ${shown}${already}${goesOn}`);
    return;
  }
  const all = read === 1 ? 'the 1 event is' : `all ${counted(read, 'event')} are`;
  terminal.out(`${all} in ${shown} already${goesOn}`);
}

const changedHint =
  'Nothing was imported. The event was changed after it was exported: write the export again with pipeline export --output FILE.';

const hints: Record<ImportFlaw, string> = {
  event: changedHint,
  hash: changedHint,
  chain: changedHint,
  time: changedHint,
  id: changedHint,
  version: changedHint,
  position:
    'Nothing was imported. A part of a log (export --deploy, --lane, --since, --until, or some lines of it) is for reading; only a whole log, its beginning, or what goes on where this log ends can be imported.',
  other:
    'Nothing was imported. A log has one history: import into a store that is empty or has the beginning of this one, named with --store or PIPELINE_STORE.',
};

function atItsPlace(error: unknown, batch: EventBatch, head: number): unknown {
  if (!(error instanceof ImportRefused)) return error;
  const { code, flaw, index, reason, details } = error;
  const ends = flaw === 'position' && head > 0 ? ` (the log ends at position ${head})` : '';
  return new UsageError(code, `${batch.placeOf(index)}: ${reason}${ends}`, {
    hint: hints[flaw],
    details,
    cause: error,
  });
}

/** It could be imported a moment ago. */
function overtaken(error: unknown, batch: EventBatch, imported: number, shown: string): unknown {
  if (!(error instanceof ImportRefused)) return error;
  const { code, index, reason, details } = error;
  const before = `${counted(imported, 'event')} imported before it`;
  return new LockstepError(code, `${batch.placeOf(index)}: ${reason}; ${before}`, {
    hint: `Somebody else wrote to ${shown} meanwhile, or the source was changed. Stop that, and import into an empty store.`,
    details,
    cause: error,
  });
}

function nothingThere({ shown }: EventSource): UsageError {
  return new UsageError('E_IMPORT_SOURCE', `${shown} has no events`, {
    hint: 'See whether the export went well, and whether this is the file that it wrote.',
  });
}
