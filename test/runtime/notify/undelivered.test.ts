/** What a channel was not told, as it is kept beside its checkpoint, and which channels a lane's last run had. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LockstepError } from '../../../src/errors/error.ts';
import { Gate, within } from '../../../src/redaction/gate.ts';
import { readUndelivered } from '../../../src/runtime/notify/read-undelivered.ts';
import { readRoster, rosterKeeper } from '../../../src/runtime/notify/roster.ts';
import {
  leftOutNow,
  stillWaiting,
  type Undelivered,
  undeliveredIn,
  withLeftOut,
} from '../../../src/runtime/notify/undelivered.ts';
import type { EventLog, JsonObject, RecordedEvent } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';

const nothing: Undelivered = { waiting: null, leftOut: [], leftOutCount: 0 };
const [at, later] = ['2026-01-05T10:00:00.000Z', '2026-01-05T10:01:00.000Z'];
const [atMs, laterMs] = [Date.parse(at), Date.parse(later)];
const recorded = (id: string, stream = 'deploy/501'): RecordedEvent =>
  ({ id, type: 'deploy.failed', stream, position: 7, version: 3, time: at }) as RecordedEvent;
const named = (id: string, deploy: string | null = '501') => ({
  ...{ id, type: 'deploy.failed', deploy, position: 7, time: at },
});

describe('what waits', () => {
  const away = new LockstepError<string>('E_TEST', 'it is away', { hint: 'Bring it back.' });

  it('is the event with the error that it failed with last, since when, and how often it was tried', () => {
    const first = stillWaiting(nothing, recorded('a'), away, { nowMs: atMs, tried: true });
    expect(first).toEqual({
      ...{ event: named('a'), since: at, at, tries: 1 },
      ...{ code: 'E_TEST', message: 'it is away', hint: 'Bring it back.' },
    });
    const again = { ...nothing, waiting: first };
    const tried = { nowMs: laterMs, tried: true };
    expect(stillWaiting(again, recorded('a'), 'a text', tried)).toEqual({
      ...{ event: named('a'), since: at, at: later, tries: 2 },
      ...{ code: null, message: 'a text', hint: null },
    });
    // The run ended before it could be tried, and another event is another one.
    const ended = { nowMs: laterMs, tried: false };
    expect(stillWaiting(again, recorded('a'), away, ended)).toMatchObject({ since: at, tries: 1 });
    expect(stillWaiting(again, recorded('b'), away, ended)).toMatchObject({
      ...{ event: named('b'), since: later, tries: 0 },
    });
  });

  it('is an order for the lane where its stream is no deploy’s', () => {
    const order = recorded('a', 'lane/acme-web');
    expect(stillWaiting(nothing, order, away, { nowMs: atMs, tried: true }).event).toEqual(
      named('a', null),
    );
  });

  it('has texts of a bounded length', () => {
    const long = new LockstepError<string>('E_TEST', 'x'.repeat(900), { hint: 'x'.repeat(900) });
    const { message, hint } = stillWaiting(nothing, recorded('a'), long, {
      ...{ nowMs: atMs, tried: true },
    });
    expect([message.length, hint?.length]).toEqual([500, 500]);
    const { reason } = leftOutNow(recorded('a'), long, atMs);
    expect(reason).toHaveLength(500);
    // Masked first: of a secret that is cut nobody knows the half.
    const gate = new Gate();
    gate.hide('correct-horse-battery');
    const text = `${'x'.repeat(490)} correct-horse-battery`;
    const leaking = new LockstepError<string>('E_TEST', text, { hint: text });
    const now = { nowMs: atMs, tried: true };
    const kept = within(gate, () => [
      stillWaiting(nothing, recorded('a'), leaking, now),
      leftOutNow(recorded('a'), leaking, atMs),
    ]);
    expect(JSON.stringify(kept)).not.toContain('correct');
    const bare = new LockstepError<string>('E_TEST', 'it is away');
    const told = stillWaiting(nothing, recorded('a'), bare, { nowMs: atMs, tried: true });
    expect(told.hint).toBeNull();
  });
});

describe('what was left out', () => {
  it('is kept with when and why, the newest twenty, and counted', () => {
    const left = Array.from({ length: 23 }, (_, n) =>
      leftOutNow(recorded(`e${n}`), new Error('too odd'), atMs),
    );
    expect(left[0]).toEqual({ event: named('e0'), at, reason: 'too odd' });
    const some = withLeftOut(nothing, left.slice(0, 2));
    expect(some).toEqual({ waiting: null, leftOut: left.slice(0, 2), leftOutCount: 2 });
    const all = withLeftOut(some, left.slice(2));
    expect(all).toEqual({ waiting: null, leftOut: left.slice(-20), leftOutCount: 23 });
  });

  it('is kept once where an event is left out again for the same, and twice for something else', () => {
    const one = leftOutNow(recorded('a'), new Error('too odd'), atMs);
    const again = leftOutNow(recorded('a'), new Error('too odd'), laterMs);
    const before = withLeftOut(nothing, [one]);
    expect(withLeftOut(before, [again])).toEqual(before);
    const other = leftOutNow(recorded('a'), new Error('too long'), laterMs);
    const another = leftOutNow(recorded('b'), new Error('too odd'), laterMs);
    expect(withLeftOut(before, [other, another])).toMatchObject({
      ...{ leftOut: [one, other, another], leftOutCount: 3 },
    });
  });
});

it.each<[string, JsonObject, Undelivered]>([
  ['nothing', {}, nothing],
  ['only what waits', { undelivered: { waiting: null } }, nothing],
  ['a count alone', { undelivered: { leftOutCount: 2 } }, { ...nothing, leftOutCount: 2 }],
  ['what nobody can read', { undelivered: { leftOut: 'many', leftOutCount: 2 } }, nothing],
  ['a text', { undelivered: 'all' }, nothing],
])('a checkpoint that kept %s tells what it can', (_, state, told) => {
  expect(undeliveredIn(state)).toEqual(told);
});

describe('the channels of a lane', () => {
  let log: EventLog;
  beforeEach(async () => {
    log = await openLog('sqlite::memory:');
  });
  afterEach(() => log.close());

  const wall = { name: 'wall', title: 'The wall' };
  const hook = { name: 'hooks/failures', title: 'hook failures' };
  const kept = [
    { channel: 'wall', title: 'The wall' },
    { channel: 'hooks/failures', title: 'hook failures' },
  ];

  it('are those of its last run, and are written where they changed', async () => {
    const save = vi.spyOn(log, 'saveCheckpoint');
    expect(await readRoster(log, 'acme')).toEqual([]);
    for (const times of [1, 1]) {
      await rosterKeeper(log, 'acme', [wall, hook]).drain();
      expect(await readRoster(log, 'acme')).toEqual(kept);
      expect(save).toHaveBeenCalledTimes(times);
    }
    const less = rosterKeeper(log, 'acme', [hook]);
    less.start();
    expect(await less.flush(0)).toBe('done');
    expect(await readRoster(log, 'acme')).toEqual(kept.slice(1));
    expect(await readRoster(log, 'other')).toEqual([]);
    expect(save).toHaveBeenCalledTimes(2);
  });

  it('are none where what was kept cannot be read, and a run goes on where they cannot be kept', async () => {
    await log.saveCheckpoint('channels/acme', { position: 0, state: { channels: 'all' } });
    expect(await readRoster(log, 'acme')).toEqual([]);
    vi.spyOn(log, 'saveCheckpoint').mockRejectedValue(new Error('away'));
    const keeper = rosterKeeper(log, 'acme', [wall]);
    await keeper.drain();
    expect(await keeper.flush(0)).toBe('done');
  });

  it('that were not told everything are found, each with its lane, and no others', async () => {
    const waiting = stillWaiting(nothing, recorded('a'), 'x', { nowMs: atMs, tried: true });
    const leftOut = [leftOutNow(recorded('b'), 'x', atMs)];
    const missed: Record<string, Undelivered> = {
      'wall/acme': { waiting, leftOut: [], leftOutCount: 0 },
      'hooks/failures/acme': { waiting: null, leftOut, leftOutCount: 1 },
      // It was told everything; it is of no lane; it was taken out; and a lane without any channel.
      'hooks/all/acme': nothing,
      wall: { waiting, leftOut: [], leftOutCount: 0 },
      'gone/acme': { waiting, leftOut: [], leftOutCount: 0 },
      'wall/other': { waiting, leftOut: [], leftOutCount: 0 },
    };
    for (const [consumer, undelivered] of Object.entries(missed)) {
      await log.take(`notify/${consumer}`, { run: 'x' }, 1_000);
      await log.saveCheckpoint(consumer, { position: 0, state: { undelivered } as never });
    }
    expect(await readUndelivered(log)).toEqual([]);
    const all = { name: 'hooks/all', title: 'hook all' };
    await rosterKeeper(log, 'acme', [wall, hook, all]).drain();
    const found = await readUndelivered(log);
    expect(found.toSorted((a, b) => a.channel.localeCompare(b.channel))).toEqual([
      { ...kept[1], lane: 'acme', waiting: null, leftOut, leftOutCount: 1 },
      { ...kept[0], lane: 'acme', waiting, leftOut: [], leftOutCount: 0 },
    ]);
  });
});
