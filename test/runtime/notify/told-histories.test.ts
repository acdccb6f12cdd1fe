/** What a channel is told that a deploy did: its events up to the one that is told, whichever were told before. */
import { expect, it } from 'vitest';
import { newRun } from '../../../src/runtime/identity.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { ToldHistories } from '../../../src/runtime/notify/told-histories.ts';
import type { RecordedEvent } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { fc } from '../../fast-check.ts';
import { sample } from '../../machine/samples.ts';

const run = newRun({ actor: anActor, ci: null, program: 'test' });
const way = [
  ...(['deploy.requested', 'lock.acquired', 'deploy.observed', 'staging.submitted'] as const),
  ...(['staging.released', 'staging.deployed', 'staging.instancesUp'] as const),
].map((type) => sample(type));
const streams = ['deploy/501', 'deploy/502'] as const;

it('are the events up to that one, in order, each once', async () => {
  const log = await openLog('sqlite::memory:');
  const recorded: RecordedEvent[] = [];
  for (const stream of streams) {
    const events = way.map((event) => newEvent(event, run));
    recorded.push(...(await log.append([{ stream, expected: 'none', events }])).events);
  }
  const refused = (error: unknown) => {
    throw error;
  };
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...recorded), { maxLength: 12 }), async (asked) => {
      const told = new ToldHistories(log);
      for (const event of asked) {
        const history = await told.upTo(event, refused);
        expect(history?.map(({ type }) => type)).toEqual(
          way.slice(0, event.version).map(({ type }) => type),
        );
      }
    }),
    { numRuns: 100 },
  );
  await log.close();
});

it('are kept of the twenty deploys that were told of last: another’s are read again', async () => {
  const log = await openLog('sqlite::memory:');
  const recorded: RecordedEvent[] = [];
  for (let nth = 1; nth <= 21; nth++) {
    const events = way.map((event) => newEvent(event, run));
    const stream = `deploy/${nth}`;
    recorded.push(...(await log.append([{ stream, expected: 'none', events }])).events);
  }
  const read: string[] = [];
  const counted = new Proxy(log, {
    get(target, name) {
      const member = target[name as keyof typeof log];
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (name === 'readStream') read.push(String(args[0]));
        return Reflect.apply(member, target, args);
      };
    },
  });
  const told = new ToldHistories(counted);
  const ask = async (count: number, version: number) => {
    read.length = 0;
    const before = recorded.filter((event) => event.version === version).slice(0, count);
    for (const event of before) await told.upTo(event, () => {});
    return read.length;
  };
  expect(await ask(20, 3)).toBe(20);
  // What comes next of one that is known is not read.
  expect(await ask(20, 4)).toBe(0);
  expect(await ask(21, 5)).toBe(1);
  // The last one took the first one's place, and the first takes the second's, and so on.
  expect(await ask(20, 6)).toBe(20);
  await log.close();
});

it('that do not begin with the request are told of nobody', async () => {
  const log = await openLog('sqlite::memory:');
  const events = way.slice(1).map((event) => newEvent(event, run));
  const made = await log.append([{ stream: streams[0], expected: 'none', events }]);
  const told = new ToldHistories(log);
  for (const event of made.events) expect(await told.upTo(event, () => {})).toBeNull();
  await log.close();
});
