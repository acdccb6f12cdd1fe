/** The head of a log as it is stored: from the last full blocks that were kept, and the events since. */
import { putCheckpoint, readCheckpoint } from './checkpoint-table.ts';
import { hashes, hashOfEvent } from './event-table.ts';
import { type FullBlocks, HeadChain, headBlock } from './head-chain.ts';
import {
  type Checkpoint,
  type EventLog,
  type LogHead,
  StoreReplaced,
  StoreUnavailable,
} from './log.ts';
import type { Database, Procedure } from './procedure.ts';

/** The checkpoint that the last full blocks are kept in. It is a shortcut: `verify` makes it again. */
const consumer = 'heads';
/** How many events one query reads. */
const page = 10_000;
/** They are kept anew once so many events stand behind them: that is a write. */
const keptEvery = 4 * headBlock;

export async function headOfLog(database: Database): Promise<LogHead> {
  const kept = await database.read(keptThere);
  const chain = new HeadChain(kept ?? undefined);
  for (;;) {
    const after = chain.position;
    const found = await database.read(() => hashes(after, page));
    for (const one of found) chain.add(one);
    if (found.length < page) break;
  }
  const { full, position } = chain;
  const isDue = full.position - (kept?.position ?? 0) >= keptEvery;
  // Without it the next head costs more, and is the same: a log that cannot be written now fails nobody for that.
  if (isDue && !database.isReadOnly) await database.write(() => keep(full)).catch(unlessReplaced);
  return { digest: chain.digest(), position };
}

function unlessReplaced(error: unknown): void {
  if (!(error instanceof StoreUnavailable) || error instanceof StoreReplaced) throw error;
}

/** Null where there are none, or where the log has another event at their end: it is another log, or was cut. */
function* keptThere(): Procedure<FullBlocks | null> {
  const kept = yield* blocks();
  const isThere = kept !== null && (yield* hashOfEvent(kept.position)) === kept.last;
  return isThere ? kept : null;
}

function* keep({ position, digest, last }: FullBlocks): Procedure<void> {
  // A server may have lost them since.
  if ((yield* hashOfEvent(position)) !== last) return;
  yield* putCheckpoint(consumer, { position, state: { blocks: { position, digest, last } } });
}

function* blocks(): Procedure<FullBlocks | null> {
  try {
    return blocksIn(yield* readCheckpoint(consumer));
  } catch (error) {
    return unlessCorrupt(error);
  }
}

/** As they are kept: whoever verifies the log compares them. Null: there are none, or none that can be gone on from. */
export async function keptBlocks(log: EventLog): Promise<FullBlocks | null> {
  return log.checkpoint(consumer).then(blocksIn, unlessCorrupt);
}

function unlessCorrupt(error: unknown): null {
  if (error instanceof StoreUnavailable && error.code === 'E_STORE_CORRUPT') return null;
  throw error;
}

/** The checkpoint's own position is no part of it: it moves with every import. */
function blocksIn({ state }: Checkpoint): FullBlocks | null {
  const { position, digest, last } = (state.blocks ?? {}) as Partial<Record<string, unknown>>;
  const isFull = Number.isSafeInteger(position) && Number(position) % headBlock === 0;
  if (!isFull || Number(position) <= 0 || !isHex(digest) || !isHex(last)) return null;
  return { position: Number(position), digest, last };
}

const isHex = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
