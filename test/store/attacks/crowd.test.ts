/** Four processes that write to one file as fast as they can: nobody is sent away, nothing is lost or there twice. */
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { sqliteStore } from '../events.ts';
import { storeFixture } from '../fixture.ts';
import { Attacker } from './processes.ts';
import { attackTimeoutMs, often, tell } from './seed.ts';

const { open, store } = storeFixture(sqliteStore);

const names = ['ada', 'bob', 'cyd', 'dan'];
const appends = often(400, 50_000);
const appendsOfControl = 300;

interface Report {
  readonly tookMs: readonly number[];
  readonly errors: readonly string[];
}

async function crowd(file: string, count: number, manner: string): Promise<Report[]> {
  const starting = names.map((name) =>
    Attacker.start('crowd-writer.ts', [file, name, String(count), manner]),
  );
  const writers = await Promise.all(starting);
  for (const writer of writers) await writer.line();
  for (const writer of writers) writer.say('go');
  const reports = await Promise.all(writers.map((writer) => writer.line()));
  for (const writer of writers) await writer.end();
  return reports.map((report) => JSON.parse(report) as Report);
}

it(`${names.length} processes with ${appends} appends each`, {
  timeout: attackTimeoutMs,
}, async () => {
  const reports = await crowd(store().file, appends, 'log');
  const tookMs = reports.flatMap((report) => report.tookMs).sort((a, b) => a - b);
  const at = (share: number) => tookMs[Math.ceil(share * tookMs.length) - 1]?.toFixed(1);
  tell(`crowd: ${tookMs.length} appends, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`);
  expect(reports.flatMap(({ errors }) => errors)).toEqual([]);
  const log = await open();
  const total = names.length * appends;
  expect(await log.verify()).toMatchObject({ events: total, streams: 5, fault: null });
  const ids = new Set((await log.readAll({ limit: total + 1 })).map(({ id }) => id));
  const expected = names.flatMap((name) =>
    Array.from({ length: appends }, (_, n) => `${name} ${n + 1}`),
  );
  expect(ids.size).toBe(total);
  expect(expected.filter((id) => !ids.has(id))).toEqual([]);
});

/** They meet by chance: it is tried until they do. */
const triesOfControl = 20;

it('with a plain begin they do send each other away, whatever the timeout', async () => {
  let busy: string[] = [];
  for (let n = 1; n <= triesOfControl && busy.length === 0; n++) {
    const file = join(dirname(store().file), `control-${n}.db`);
    const reports = await crowd(file, appendsOfControl, 'deferred');
    const errors = reports.flatMap((report) => report.errors);
    busy = errors.filter((code) => code.startsWith('SQLITE_BUSY'));
  }
  expect(busy.length).toBeGreaterThan(0);
});
