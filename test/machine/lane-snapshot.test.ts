/** A lane that was written down whole is the lane that its events make, wherever it is read from. */
import { describe, expect, it } from 'vitest';
import {
  emptyLane,
  foldLane,
  type Lane,
  type LaneEvent,
  type LaneEventType,
  type LaneSnapshot,
  parseLaneEvent,
  type Waiter,
} from '../../src/machine/lane.ts';
import { isShortEnough, isSnapshotDue, snapshotOf } from '../../src/machine/lane-snapshot.ts';
import { protectedOf } from '../../src/machine/protected-settings.ts';
import { samples } from '../../src/machine/samples.ts';
import { fc } from '../fast-check.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const person = { actor: 'ada', observed: 'seen', reason: 'why' };
const holder = name.map((deploy) => ({
  deploy,
  run: `run-${deploy}`,
  build: deploy,
  commit: deploy,
}));
const { artifact } = samples['staging.deployed'];
const settings = protectedOf(samples['deploy.requested']);
const release = name.map((id) => ({ id, version: `v${id}` }));
const target = 'sample acme';
const rollback = name.map((id) => ({ rollback: id, target, to: { id, version: id }, ...person }));

type DataOf<T extends LaneEventType> = Extract<LaneEvent, { type: T }>['data'];
const of = <T extends LaneEventType>(type: T, data: fc.Arbitrary<DataOf<T>>) =>
  data.map((one) => ({ type, data: one }) as LaneEvent);

/** Of the last grant, or of none. */
const token = fc.integer({ min: 1, max: 40 });
const begun = { from: { id: 'z', version: 'z' }, commit: null };
const ordered = { ...{ from: begun.from, to: begun.from, ...person }, at: '2026-01-05T13:04:00Z' };
const done = { release: { id: 'y', version: 'y' }, commit: 'c' };

/** A lane event of any type. */
const laneEvents: fc.Arbitrary<LaneEvent> = fc.oneof(
  of('lane.joined', holder),
  of(
    'lane.joined',
    holder.map((who) => ({ ...who, first: true as const, rollback: ordered })),
  ),
  of('lane.yielded', fc.record({ deploy: name, to: name })),
  of(
    'lock.granted',
    fc.record({ who: holder, supersedes: fc.uniqueArray(name) }).map(({ who, supersedes }) => ({
      ...who,
      supersedes: supersedes.filter((one) => one !== who.deploy),
      takenOver: null,
    })),
  ),
  of(
    'lock.released',
    fc.record({ deploy: name, token }).map((data) => ({ ...data, why: 'live' })),
  ),
  of(
    'lock.broken',
    fc.record({ deploy: name, token }).map((data) => ({ ...data, ...person })),
  ),
  of('lane.disabled', fc.constant(person)),
  of('lane.enabled', fc.constant(person)),
  of(
    'rollback.lifted',
    name.map((id) => ({ target, release: id, ...person })),
  ),
  of(
    'rollback.begun',
    rollback.map((data) => ({ ...data, ...begun })),
  ),
  of(
    'rollback.done',
    rollback.map((data) => ({ ...data, ...done })),
  ),
  of(
    'rollback.failed',
    rollback.map((data) => ({ ...data, code: 'E', message: 'm' })),
  ),
  of(
    'lane.deployed',
    name.map((id) => ({ deploy: id, target, release: id })),
  ),
  of(
    'lane.shipped',
    fc
      .record({ deploy: name, release, isGated: fc.boolean() })
      .map(({ deploy, isGated, ...data }) => ({
        ...{ ...data, deploy, target, commit: deploy, artifact },
        settings: isGated ? settings : null,
      })),
  ),
  of(
    'lane.stuck',
    fc.record({ deploy: name, release, commit: name }).map((data) => ({ ...data, target })),
  ),
  of(
    'trust.given',
    fc
      .record({ deploy: name, digest: name })
      .map((data) => ({ ...data, about: 'settings' as const, ...person })),
  ),
);

/** As the log gives it back. */
const recorded = ({ type, data }: LaneEvent): LaneEvent =>
  parseLaneEvent(type, JSON.parse(JSON.stringify(data)));

const folded = (events: readonly LaneEvent[], from: Lane = emptyLane): Lane =>
  events.reduce((lane, event) => foldLane(lane, recorded(event), lane.version + 1), from);

/** Where it stands, and what it says: all but the versions, which one event more moves. */
const said = ({ version: _, snapshotAt: __, grant, ...lane }: Lane) => ({
  ...lane,
  // The order of a map's keys decides which of them is forgotten first.
  superseded: [...lane.superseded],
  lifted: [...lane.lifted],
  trusted: [...lane.trusted],
  grant: grant === null ? null : { ...grant, token: 0 },
});

const snapshot = (lane: Lane, left: readonly Waiter[] = []): LaneEvent => ({
  type: 'lane.snapshot',
  data: snapshotOf(lane, left),
});

it('reads the same from a snapshot and what came since as from its first event, whatever happened', () => {
  const history = fc.array(laneEvents, { maxLength: 40 });
  fc.assert(
    fc.property(history, history, (before, since) => {
      const lane = folded(before);
      const event = snapshot(lane);
      const restored = foldLane(emptyLane, recorded(event), lane.version + 1);
      // Tokens name versions: those since stand one further.
      const shifted = since.map((one) =>
        'token' in one.data && one.data.token > lane.version
          ? ({ ...one, data: { ...one.data, token: one.data.token + 1 } } as LaneEvent)
          : one,
      );
      expect(restored.grant).toEqual(lane.grant);
      expect(said(folded(shifted, restored))).toEqual(said(folded(since, lane)));
      expect(folded([...before, event, ...shifted])).toEqual(folded(shifted, restored));
    }),
  );
});

it('is without those who had left, and keeps the place of all others', () => {
  fc.assert(
    fc.property(fc.array(laneEvents, { maxLength: 40 }), fc.nat(), (events, bits) => {
      const lane = folded(events);
      const left = lane.waiting.filter((_, at) => (bits >> at) % 2 === 1);
      const restored = folded([snapshot(lane, left)]);
      const stay = lane.waiting.filter((waiter) => !left.includes(waiter));
      expect(said(restored)).toEqual({ ...said(lane), waiting: stay });
    }),
  );
});

it('names once who superseded several, and tells any two apart who are not the same', () => {
  const one = { deploy: 'd', build: 'b', commit: 'c' };
  const others = (['deploy', 'build', 'commit'] as const).map((what) => ({ ...one, [what]: 'x' }));
  for (const other of others) {
    const by = [one, { ...one }, other, { ...other }, one];
    const superseded = new Map(by.map((superseder, at) => [`${at}`, superseder]));
    expect(snapshotOf({ ...emptyLane, superseded }, []).superseded).toEqual([
      { by: one, deploys: ['0', '1'] },
      { by: other, deploys: ['2', '3'] },
      { by: one, deploys: ['4'] },
    ]);
  }
});

describe('its size', () => {
  it('does not grow with what is settled', () => {
    const lengths = [600, 1_200].map((times) => {
      const events = Array.from({ length: times }, (_, n): LaneEvent[] => {
        const id = `${n}`.padStart(8, '0');
        const who = { deploy: id, run: id, build: id, commit: id };
        const older = `${n - 1}`.padStart(8, '0');
        return [
          { type: 'lane.joined', data: who },
          { type: 'lock.granted', data: { ...who, supersedes: [older], takenOver: null } },
          { type: 'lock.released', data: { deploy: id, token: 1, why: 'live' } },
          { type: 'rollback.lifted', data: { target, release: id, ...person } },
          { type: 'trust.given', data: { deploy: id, about: 'log', digest: id, ...person } },
          { type: 'lane.deployed', data: { deploy: id, target, release: id } },
        ];
      }).flat();
      const lane = events.reduce((state, event, at) => foldLane(state, event, at + 1), emptyLane);
      // The token, a version of the lane, may have a digit more.
      return JSON.stringify({ ...snapshotOf(lane, []), grant: null }).length;
    });
    expect(lengths[1]).toBe(lengths[0]);
  });

  const joining = (n: number): LaneEvent => {
    const id = `${n}-${'1'.repeat(40)}`;
    return { type: 'lane.joined', data: { deploy: id, run: id, build: id, commit: id } };
  };

  it('is written where thousands waited and have left, and names them once', () => {
    const lane = (waiters: number): Lane => {
      const [one, ...others] = Array.from({ length: waiters }, (_, n) => joining(n).data);
      const first = foldLane(emptyLane, { type: 'lane.joined', data: one } as LaneEvent, 1);
      return {
        ...first,
        waiting: [one, ...others].map((who) => ({
          ...first.waiting[0],
          ...who,
        })) as Lane['waiting'],
      };
    };
    const [many, tooMany] = [5_000, 20_000].map((waiters) => {
      const whole = lane(waiters);
      return snapshotOf(whole, whole.waiting.slice(1));
    });
    expect([many, tooMany].map((one) => one !== undefined && isShortEnough(one))).toEqual([
      true,
      false,
    ]);
    expect(many?.waiting).toHaveLength(1);
    const next = foldLane(emptyLane, { type: 'lane.snapshot', data: many as LaneSnapshot }, 1);
    expect(snapshotOf(next, [])).toEqual({ ...many, left: [] });
  });

  it('is not written where thousands wait', () => {
    const lane = (waiters: number): Lane =>
      Array.from({ length: waiters }, (_, n) => joining(n)).reduce(
        (state, event, at) => foldLane(state, event, at + 1),
        emptyLane,
      );
    expect([50, 2_000].map((waiters) => isShortEnough(snapshotOf(lane(waiters), [])))).toEqual([
      true,
      false,
    ]);
  });
});

it('is due every hundred events, whichever they are', () => {
  const at = (version: number, snapshotAt: number) =>
    isSnapshotDue({ ...emptyLane, version, snapshotAt });
  expect([at(99, 0), at(100, 0), at(199, 100), at(200, 100), at(1_000, 0)]).toEqual([
    ...[false, true, false, true, true],
  ]);
});

it('leaves out who waited by a run that is over, and never the same deploy by another run', () => {
  const who = (run: string) => ({ deploy: 'a', run, build: 'a', commit: 'a' });
  const joined = (run: string): LaneEvent => ({ type: 'lane.joined', data: who(run) });
  const lane = foldLane(foldLane(emptyLane, joined('run-1'), 1), joined('run-2'), 2);
  const waiting = (run: string) => snapshotOf(lane, [{ deploy: 'a', run }]).waiting;
  expect(waiting('run-1')).toMatchObject([{ deploy: 'a', run: 'run-2' }]);
  expect(waiting('run-2')).toEqual([]);
});
