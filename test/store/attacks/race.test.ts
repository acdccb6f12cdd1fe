/** Forty writers who all count on the same version: one wins, the others are told the new version, and it goes on. */
import { expect, it } from 'vitest';
import type { EventLog } from '../../../src/store/log.ts';
import { sqliteStore } from '../events.ts';
import { storeFixture } from '../fixture.ts';
import { Attacker } from './processes.ts';
import { race, raceProblem } from './race.ts';
import { attackTimeoutMs, often } from './seed.ts';

const { open, store } = storeFixture(sqliteStore);

const racers = 40;
const races = often(400, 20_000);
const racesOfProcesses = often(100, 5_000);

async function expectNext(log: EventLog, version: number): Promise<void> {
  expect(await log.verify()).toMatchObject({ events: version, streams: 1, fault: null });
  expect(await race([log], 1, 'a', version)).toEqual(['won']);
}

it(`${races} races of one process, over four connections`, {
  timeout: attackTimeoutMs,
}, async () => {
  const logs = [await open(), await open(), await open(), await open()];
  for (let version = 0; version < races; version++) {
    expect(raceProblem(await race(logs, racers, 'a', version), version + 1)).toBeNull();
  }
  await expectNext(await open(), races);
});

it(`${racesOfProcesses} races of two processes`, { timeout: attackTimeoutMs }, async () => {
  const url = store().url;
  const starting = [0, 1].map(() => Attacker.start('race-process.ts', [url, String(racers / 2)]));
  const processes = await Promise.all(starting);
  for (const each of processes) await each.line();
  const winners = new Set<number>();
  for (let version = 0; version < racesOfProcesses; version++) {
    for (const each of processes) each.say(String(version));
    const lines = await Promise.all(processes.map((each) => each.line()));
    const outcomes = lines.map((line) => JSON.parse(line) as string[]);
    expect(raceProblem(outcomes.flat(), version + 1)).toBeNull();
    winners.add(outcomes.findIndex((of) => of.includes('won')));
  }
  for (const each of processes) await each.end();
  // Otherwise it was no race.
  expect([...winners].sort()).toEqual([0, 1]);
  await expectNext(await open(), racesOfProcesses);
});

it('a log that looks at no version is found out', async () => {
  const log = await open();
  expect(raceProblem(await race([log], racers, 'a', 'any'), 1)).toBe('40 x won');
  expect(raceProblem(await race([log], racers, 'a', 7), 41)).toContain('conflict 40');
});
