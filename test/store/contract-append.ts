/** The contract of appending: versions, batches, idempotence, and rejections that leave no trace. */
import { describe, expect, it } from 'vitest';
import { LockstepError } from '../../src/errors/error.ts';
import {
  EventIdReused,
  type EventLog,
  type ExpectedVersion,
  FencedOff,
  type NewEvent,
  type StreamAppend,
  VersionConflict,
} from '../../src/store/log.ts';
import { anEvent, events, places, type TestStore } from './events.ts';
import { storeFixture } from './fixture.ts';

/** Everything that a rejected append could have changed. */
async function traces(log: EventLog) {
  const { headDigest } = await log.verify();
  return { all: await log.readAll(), leases: await log.leases(''), headDigest };
}

export function appendContract(create: () => Promise<TestStore>): void {
  const { open } = storeFixture(create);

  describe('append', () => {
    it('gives versions and positions from 1 without gaps, and the stored event back', async () => {
      const log = await open();
      const { outcome, events: first } = await log.append([
        { stream: 'a', expected: 'none', events: events(2) },
      ]);
      const [one] = (await log.append([{ stream: 'b', expected: 0, events: events(1) }])).events;
      expect(outcome).toBe('appended');
      expect(places(first)).toEqual(['a@1', 'a@2']);
      expect(one).toMatchObject({ position: 3, stream: 'b', version: 1, schema: 1 });
      expect(one?.previousHash).toBe('0'.repeat(64));
      expect(first[1]?.previousHash).toBe(first[0]?.hash);
      expect(await log.readAll()).toEqual([...first, one]);
    });

    it('keeps data and metadata as JSON has them, and what the writer does to its object later stays out', async () => {
      const log = await open();
      const data = {
        text: 'ünïcode \ud83d\ude80 \ud800 \0',
        deep: [{ n: 1.5e300 }, null],
        gone: undefined,
      };
      const event = { ...anEvent(data), schema: 7 };
      const appended = await log.append([{ stream: 'a', expected: 'any', events: [event] }]);
      data.deep.length = 0;
      const [read] = await log.readStream('a');
      expect(read).toEqual(appended.events[0]);
      expect(read?.schema).toBe(7);
      expect(read?.data).toStrictEqual({
        text: 'ünïcode \ud83d\ude80 \ud800 \0',
        deep: [{ n: 1.5e300 }, null],
      });
    });

    const expectations: [ExpectedVersion, number, boolean][] = [
      ['any', 0, true],
      ['any', 2, true],
      ['none', 0, true],
      ['none', 2, false],
      ['exists', 0, false],
      ['exists', 2, true],
      [0, 0, true],
      [2, 2, true],
      [1, 2, false],
      [3, 2, false],
    ];
    for (const [expected, actual, isFine] of expectations) {
      it(`${isFine ? 'takes' : 'refuses'} "${expected}" on a stream at version ${actual}`, async () => {
        const log = await open();
        if (actual > 0)
          await log.append([{ stream: 'a', expected: 'any', events: events(actual) }]);
        const attempt = log.append([{ stream: 'a', expected, events: events(1) }]);
        if (isFine) {
          expect(places((await attempt).events)).toEqual([`a@${actual + 1}`]);
        } else {
          const error = await attempt.catch((reason: unknown) => reason);
          expect(error).toBeInstanceOf(VersionConflict);
          expect(error).toMatchObject({ stream: 'a', expected, actual });
          expect(await log.head()).toBe(actual);
        }
      });
    }

    it('after a stale append was refused, the correct one is taken', async () => {
      const log = await open();
      await log.append([{ stream: 'a', expected: 0, events: events(1) }]);
      for (let n = 0; n < 3; n++) {
        await expect(log.append([{ stream: 'a', expected: 0, events: events(1) }])).rejects.toThrow(
          VersionConflict,
        );
      }
      const { events: taken } = await log.append([{ stream: 'a', expected: 1, events: events(1) }]);
      expect(places(taken)).toEqual(['a@2']);
    });

    it('writes all streams of a batch or none', async () => {
      const log = await open();
      await log.append([{ stream: 'b', expected: 0, events: events(1) }]);
      const batch = (expected: number): StreamAppend[] => [
        { stream: 'a', expected: 0, events: events(2) },
        { stream: 'b', expected, events: events(1) },
      ];
      const before = await traces(log);
      await expect(log.append(batch(0))).rejects.toMatchObject({ stream: 'b', actual: 1 });
      expect(await traces(log)).toEqual(before);
      const { events: taken } = await log.append(batch(1));
      expect(places(taken)).toEqual(['a@1', 'a@2', 'b@2']);
      expect(taken.map(({ position }) => position)).toEqual([2, 3, 4]);
    });

    it('counts the events of a batch that come before for the same stream', async () => {
      const log = await open();
      const { events: taken } = await log.append([
        { stream: 'a', expected: 'none', events: events(1) },
        { stream: 'a', expected: 1, events: events(1) },
      ]);
      expect(places(taken)).toEqual(['a@1', 'a@2']);
    });

    it('without events it checks the version, and writes nothing', async () => {
      const log = await open();
      expect(await log.append([{ stream: 'a', expected: 'none', events: [] }])).toEqual({
        outcome: 'appended',
        events: [],
      });
      await expect(log.append([{ stream: 'a', expected: 1, events: [] }])).rejects.toThrow(
        VersionConflict,
      );
      await log.append([{ stream: 'a', expected: 0, events: events(1) }]);
      expect(await log.head()).toBe(1);
    });

    it('refuses an event that is too large, a stream without a name, text that no database keeps', async () => {
      const log = await open();
      const large = anEvent({ text: 'x'.repeat(1_100_000) });
      const error = await log
        .append([{ stream: 'a', expected: 'any', events: [large] }])
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(LockstepError);
      expect(error).toMatchObject({ code: 'E_EVENT_TOO_LARGE' });
      for (const stream of ['', 'a\0b', '\ud800']) {
        await expect(log.append([{ stream, expected: 'any', events: events(1) }])).rejects.toThrow(
          TypeError,
        );
      }
      expect(await log.head()).toBe(0);
    });

    it('of 40 at once on one version, one is taken and 39 are told the version it is at', async () => {
      const logs = [await open(), await open()];
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.allSettled(
          Array.from({ length: 40 }, (_, n) =>
            (logs[n % 2] as EventLog).append([{ stream: 'a', expected: round, events: events(1) }]),
          ),
        );
        expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const answer of answers) {
          if (answer.status === 'fulfilled') continue;
          expect(answer.reason).toBeInstanceOf(VersionConflict);
          expect(answer.reason).toMatchObject({ actual: round + 1 });
        }
      }
    });
  });

  describe('append again, with the same ids', () => {
    for (const expected of [0, 5, 'none', 'exists', 'any'] as const) {
      it(`gives the first events back, whatever is expected: ${expected}`, async () => {
        const log = await open();
        const batch = events(2);
        const first = await log.append([{ stream: 'a', expected: 'none', events: batch }]);
        await log.append([{ stream: 'a', expected: 2, events: events(1) }]);
        const before = await traces(log);
        const again = await log.append([{ stream: 'a', expected, events: batch }]);
        expect(again).toEqual({ outcome: 'alreadyAppended', events: first.events });
        expect(await traces(log)).toEqual(before);
      });
    }

    it('knows again what it has, whatever stands in it', async () => {
      const log = await open();
      const owner = { host: 'a"\\\n\u0007é\u{1f680}' };
      await log.take('lane/a', owner, 60_000);
      const odd = '$1 \\u0041 {"a":1} \u0001\u2028\ufeff\u{1f680}\'';
      const stream = `odd/${odd}`;
      const batch = [{ stream, expected: 'any' as const, events: [anEvent({ [odd]: odd }, odd)] }];
      const options = { fence: { resource: 'lane/a', token: 1 } };
      const first = await log.append(batch, options);
      const again = await log.append(batch, options);
      expect(again).toEqual({ outcome: 'alreadyAppended', events: first.events });
      const next = await log.append([{ stream, expected: 1, events: [anEvent()] }], options);
      expect(next.events[0]?.previousHash).toBe(first.events[0]?.hash);
      expect((await log.verify()).fault).toBeNull();
      const { leases } = await log.readWithLeases(stream, ['lane/a', 'lane/none']);
      expect(leases.map((lease) => lease?.owner ?? null)).toEqual([owner, null]);
    });

    it('takes no notice of the order of keys in the data, nor of other metadata', async () => {
      const log = await open();
      const event = { ...anEvent({ a: 1, b: { c: [1, 2], d: null } }), metadata: { run: 1 } };
      await log.append([{ stream: 'a', expected: 'any', events: [event] }]);
      const data = { b: { d: null, c: [1, 2] }, a: 1 };
      const again = { ...event, data, metadata: { run: 2 } };
      const { outcome, events: found } = await log.append([
        { stream: 'a', expected: 'any', events: [again] },
      ]);
      expect(outcome).toBe('alreadyAppended');
      expect(found[0]?.metadata).toEqual({ run: 1 });
    });

    const event = anEvent({ n: 1 }, 'id-1');
    const reused: [string, StreamAppend][] = [
      ['in another stream', { stream: 'b', expected: 'any', events: [event] }],
      ['with another type', { stream: 'a', expected: 'any', events: [{ ...event, type: 'x.y' }] }],
      ['with other data', { stream: 'a', expected: 'any', events: [anEvent({ n: 2 }, 'id-1')] }],
      ['beside a new event', { stream: 'a', expected: 'any', events: [event, anEvent()] }],
      ['after a new event', { stream: 'a', expected: 'any', events: [anEvent(), event] }],
    ];
    for (const [how, batch] of reused) {
      it(`refuses an id that is in the log, ${how}, and leaves no trace`, async () => {
        const log = await open();
        await log.append([{ stream: 'a', expected: 'any', events: [event] }]);
        const before = await traces(log);
        const error = await log.append([batch]).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(EventIdReused);
        expect(error).toMatchObject({ details: { id: 'id-1', stream: 'a', version: 1 } });
        expect(await traces(log)).toEqual(before);
      });
    }

    it('refuses the same id twice in one append', async () => {
      const log = await open();
      const twice = [event, event];
      await expect(log.append([{ stream: 'a', expected: 'any', events: twice }])).rejects.toThrow(
        EventIdReused,
      );
      expect(await log.head()).toBe(0);
    });

    it('is answered after the writer was fenced off, too: it did happen', async () => {
      const log = await open();
      const fence = { resource: 'r', token: 1 };
      await log.take('r', {}, 1_000);
      const batch = [{ stream: 'a', expected: 0, events: [event] }];
      const first = await log.append(batch, { fence });
      await log.release(fence);
      expect((await log.append(batch, { fence })).events).toEqual(first.events);
      await expect(
        log.append([{ stream: 'a', expected: 1, events: events(1) }], { fence }),
      ).rejects.toThrow(FencedOff);
    });
  });

  describe('a writer is told word by word', () => {
    const fence = { resource: 'lane/a', token: 1 };
    const large = { ...anEvent({ text: 'x'.repeat(1_048_576) }, 'id-2'), metadata: {} };
    const [event, other] = [anEvent({ n: 1 }, 'id-1'), anEvent({ n: 2 }, 'id-1')];
    const to = (stream: string, expected: ExpectedVersion, ...those: NewEvent[]) => [
      { stream, expected, events: those },
    ];

    const refused: [string, (log: EventLog) => Promise<unknown>, object][] = [
      [
        'that the stream moved on',
        (log) => log.append(to('a', 0, anEvent())),
        {
          code: 'E_VERSION_CONFLICT',
          message: 'stream a is at version 1, not at 0',
          details: { stream: 'a', expected: 0, actual: 1 },
        },
      ],
      [
        'that there is none',
        (log) => log.append(to('b', 'exists', anEvent())),
        { code: 'E_VERSION_CONFLICT', message: 'stream b is at version 0, not at exists' },
      ],
      [
        'that an id is of another event',
        (log) => log.append(to('a', 'any', other)),
        {
          code: 'E_EVENT_ID_REUSED',
          message: 'event id-1 is in the log already with other content (a@1)',
          details: { id: 'id-1', stream: 'a', version: 1 },
        },
      ],
      [
        'that an id is there twice',
        (log) => log.append(to('b', 'any', { ...event, id: 'id-3' }, { ...other, id: 'id-3' })),
        { code: 'E_EVENT_ID_REUSED', details: { id: 'id-3', stream: 'b', version: 1 } },
      ],
      [
        'that it was taken over',
        async (log) => {
          await log.take('lane/a', {}, 60_000);
          await log.release(fence);
          await log.take('lane/a', {}, 60_000);
          return log.append(to('a', 'any', anEvent()), { fence });
        },
        {
          code: 'E_FENCED_OFF',
          message: 'lane/a is no longer held under token 1 (now 2)',
          details: { ...fence, current: 2 },
        },
      ],
      [
        'that nobody holds what it is fenced by',
        (log) => log.saveCheckpoint('slack', { position: 1, state: {} }, fence),
        { code: 'E_FENCED_OFF', message: 'lane/a is no longer held under token 1 (now 0)' },
      ],
      [
        'that an event is too large',
        (log) => log.append(to('a', 'any', large)),
        {
          code: 'E_EVENT_TOO_LARGE',
          message:
            'event thing.happened is 1048589 characters long, more than the 1048576 that the log takes',
          details: { id: 'id-2', type: 'thing.happened', length: 1_048_589, limit: 1_048_576 },
        },
      ],
      ...(
        [
          ['a stream', to('', 'any', event), '"" cannot be the stream of an event'],
          [
            'an id',
            to('a', 'any', anEvent({}, 'a\0b')),
            '"a\\u0000b" cannot be the id of an event',
          ],
          [
            'a type',
            to('a', 'any', { ...event, type: '\ud800' }),
            '"\\ud800" cannot be the type of an event',
          ],
          [
            'a schema of 0',
            to('a', 'any', { ...event, schema: 0 }),
            'event id-1: schema 0 is not a positive whole number',
          ],
          [
            'a schema of 1.5',
            to('a', 'any', { ...event, schema: 1.5 }),
            'event id-1: schema 1.5 is not a positive whole number',
          ],
        ] as const
      ).map(([what, batch, message]): [string, (log: EventLog) => Promise<unknown>, object] => [
        `that ${what} cannot be`,
        (log) => log.append(batch),
        { message },
      ]),
    ];
    for (const [what, work, told] of refused) {
      it(what, async () => {
        const log = await open();
        await log.append(to('a', 0, event));
        await expect(work(log)).rejects.toMatchObject(told);
        expect(await log.head()).toBe(1);
      });
    }
  });
}
