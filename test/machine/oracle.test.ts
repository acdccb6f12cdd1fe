/**
 * The chart and the lane's order against the oracle, by search: whatever way is found has to be allowed, and whatever the
 * oracle's table demands has to be found.
 */
import { describe, expect, it } from 'vitest';
import { chart } from '../../src/machine/chart.ts';
import { steps as codec, type Step } from '../../src/machine/codec.ts';
import {
  type DomainEvent,
  type EnvironmentName,
  type EventData,
  type EventType,
  environmentNames,
  type TargetSettings,
} from '../../src/machine/events.ts';
import {
  begin,
  exitCodeOf,
  type FoldedDeploy,
  has,
  next,
  stateOf,
} from '../../src/machine/interpret.ts';
import type { Relation } from '../../src/machine/lane.ts';
import { decideTurn } from '../../src/machine/lane-turn.ts';
import { deployPaths, inWords, pathsToTransitions, ways } from '../../src/machine/paths.ts';
import { samples } from '../../src/machine/samples.ts';
import type { ServiceInput } from '../../src/machine/services.ts';
import {
  asked,
  exposure,
  failsTo,
  type Move,
  moves,
  needsGates,
  type Place,
  places,
  refusals,
  stacks,
  type Way,
  wayBack,
  whileHeld,
  writers,
} from './oracle.ts';

/** A step that the search found, with what the deploy had on record since it waited last. */
interface Found {
  readonly way: Way;
  readonly record: readonly DomainEvent[];
  /** The canary may run the commit, and nothing says that production does. */
  readonly isExposed: boolean;
  /** It could not be taken back, as far as the event tells. */
  readonly isLeft: boolean;
  readonly before: FoldedDeploy;
  readonly event: DomainEvent;
  readonly after: FoldedDeploy;
}

function placeOf(folded: FoldedDeploy): Place {
  const leaf = stateOf(folded);
  if (leaf === 'queued.gaveUp') return 'gave up';
  if (leaf === 'queued.returning') return 'returning';
  if (leaf === 'production.live') return 'live';
  if (leaf === 'production.restoring') return 'taking back';
  return leaf.split('.')[0] as Place;
}

/** Every step of every path, each once for what went before it. */
function search(): Found[] {
  const found = new Map<string, Found>();
  for (const { way, request, steps } of [...deployPaths(chart), ...pathsToTransitions(chart)]) {
    let at: string = way;
    let folded = begin(request, 0);
    let record: readonly DomainEvent[] = [];
    let isExposed = false;
    for (const step of steps) {
      at += inWords(step);
      const { event } = step;
      const after: FoldedDeploy | null = found.get(at)?.after ?? next(folded, event, 0);
      if (after === null || stateOf(after) !== step.to) throw new Error(`not so: ${inWords(step)}`);
      const isLeft = isOnWayBack(folded) && event.type === wayBack.fails;
      found.set(at, { way, record, isExposed, isLeft, before: folded, event, after });
      record = placeOf(after) === 'queued' ? [] : [...record, event];
      if (event.type === exposure.begins) isExposed = true;
      if (event.type === exposure.mayBegin && isAtCanary(folded)) isExposed = true;
      if (exposure.ends.some((word) => word === event.type)) isExposed = false;
      folded = after;
    }
  }
  return [...found.values()];
}

const found = search();

const failure = { type: 'deploy.failed', data: samples['deploy.failed'] } as DomainEvent;

const wasSaid = (record: readonly DomainEvent[], words: readonly EventType[]): boolean =>
  record.some(({ type }) => words.includes(type));

/** What was asked for is of the canary: it may have been given the commit by a step that failed. */
function isAtCanary({ running }: FoldedDeploy): boolean {
  return [...running.keys()].some((step) => step.includes('Canary') && step !== 'restoreCanary');
}

function isOnWayBack(folded: FoldedDeploy): boolean {
  return wayBack.places.some((place) => place === placeOf(folded));
}

function isAllowed(one: Found): boolean {
  const { record, before, event, after, isExposed } = one;
  const from = placeOf(before);
  if (event.type === 'deploy.failed' && places[from].lock && !isOnWayBack(before)) {
    return placeOf(after) === failsTo(isExposed || isAtCanary(before));
  }
  const held = whileHeld.find(({ word }) => word === event.type);
  if (held !== undefined && places[from].lock && (from !== 'taking back' || held.to === null)) {
    return held.to === null ? stateOf(before) === stateOf(after) : held.to === placeOf(after);
  }
  return moves.some(
    (move) =>
      isOf(move, one) &&
      (move.after === undefined || wasSaid(record, move.after)) &&
      !wasSaid(record, move.before ?? []),
  );
}

function isOf(move: Move, { way, isExposed, before, event, after }: Found): boolean {
  return (
    move.from === placeOf(before) &&
    move.word === event.type &&
    move.to === placeOf(after) &&
    (move.of ?? ways).includes(way) &&
    (move.isExposed ?? isExposed) === isExposed
  );
}

const told = ({ way, before, event, after }: Found): string =>
  `${way}: ${stateOf(before)} --${event.type}--> ${stateOf(after)}`;

describe('whatever the search finds', () => {
  it('is a move that the oracle allows, on its condition', () => {
    process.stdout.write(`oracle: ${found.length} steps found, ${moves.length} moves allowed\n`);
    expect(found.filter((one) => !isAllowed(one)).map(told)).toEqual([]);
  });

  it('holds the lane where the oracle says so, and ends where and with what it says', () => {
    for (const { after, isLeft } of found) {
      const { lock, exit: asItSays } = places[placeOf(after)];
      const exit = isLeft ? 1 : asItSays;
      expect([stateOf(after), has(after, 'holdsLock')]).toEqual([stateOf(after), lock]);
      expect([stateOf(after), exitCodeOf(after)]).toEqual([stateOf(after), exit]);
      const isOver = has(after, 'settled') || has(after, 'paused');
      expect([stateOf(after), isOver]).toEqual([stateOf(after), exit !== null]);
      expect(after.running.size).toBe(exit === null ? 1 : 0);
    }
  });

  it('asks for what the oracle has at that place, of that target', () => {
    for (const { after, way } of found) {
      for (const { step, input } of after.running.values()) {
        const { service } = codec[step];
        const rows = asked.filter(
          (row) =>
            row.place === placeOf(after) &&
            row.service === service &&
            (row.ways ?? ways).includes(way) &&
            isFor(step, row.of),
        );
        expect([step, rows.length]).toEqual([step, 1]);
        const environment = rows[0]?.of ?? null;
        const { target } = input as { target?: TargetSettings };
        const { settings } = after.snapshot.context.request;
        const wanted = environment === null ? undefined : settings[environment]?.target;
        expect([step, target]).toEqual([step, wanted]);
      }
    }
  });

  it('writes to production after the gates only, once, and exactly what was verified', () => {
    const given = new Map<Way, number>();
    for (const { after, record, event, way } of found) {
      const said = [...record, event];
      for (const { step, input } of after.running.values()) {
        if (!isWriter(step)) continue;
        const { environment, verified, cursor, commit, key, gates, share } =
          input as ServiceInput<'submit'>;
        const { request } = after.snapshot.context;
        expect([commit, gates?.commit]).toEqual([
          request.commit.sha,
          environment === 'staging' ? undefined : request.commit.sha,
        ]);
        expect(key).toBe(share === null ? request.deploy : `${request.deploy}/${share}`);
        if (environment !== 'production') continue;
        given.set(way, (given.get(way) ?? 0) + 1);
        expect(wasSaid(said, needsGates.after)).toBe(true);
        expect(wasSaid(said, needsGates.before)).toBe(false);
        const first = request.settings.staging === null ? 'canary' : 'staging';
        const shipped = dataOf(said, `${first}.deployed`);
        const at = request.settings[first]?.target;
        expect(verified).toEqual(
          way === 'commit' ? null : { at, release: shipped?.release, artifact: shipped?.artifact },
        );
        expect(cursor).toBe(dataOf(said, 'gates.passed')?.cursor);
        expect(share).toBeNull();
      }
    }
    expect([...given.keys()].sort()).toEqual([...ways].sort());
  });

  it('writes to production only what the canary was verified with, where there is one', () => {
    for (const { after, record, event } of found) {
      const writes = after.running.has('submitProduction');
      const { canary } = after.snapshot.context.request.settings;
      if (!writes || canary === null) continue;
      const done = canary.bakeMs > 0 ? 'canary.baked' : 'canary.verified';
      const times = [...record, event].filter(({ type }) => type === done).length;
      expect(times).toBe(canary.shares?.length ?? 1);
    }
  });

  it('gives the canary its shares in their order, each of the artifact that the one before had', () => {
    const shares = new Set<number | null>();
    for (const { after, record, event } of found) {
      const running = after.running.get('submitCanary');
      if (running === undefined) continue;
      const { share, verified } = running.input as ServiceInput<'submit'>;
      const before = [...record, event].filter(({ type }) => type === 'canary.verified').length;
      const { staging, canary } = after.snapshot.context.request.settings;
      const first = staging === null || before > 0 ? 'canary' : 'staging';
      const deployed = dataOf([...record, event], `${first}.deployed`);
      shares.add(share);
      expect(share).toBe(canary?.shares === null ? null : [10, 50][before]);
      expect(verified?.artifact).toEqual(deployed?.artifact);
    }
    expect(shares).toEqual(new Set([null, 10, 50]));
  });

  it('checks the very release that was made', () => {
    for (const { after, record, event } of found) {
      const said = [...record, event];
      for (const { step, input } of after.running.values()) {
        const { service } = codec[step];
        if (!['awaitInstances', 'checkHealth', 'bake'].includes(service)) continue;
        const name = environmentNames.find((one) => isFor(step, one));
        const release = said.findLast(
          ({ type }) =>
            type === `${name}.deployed` || (name === 'production' && type === 'production.found'),
        )?.data as EventData<'staging.deployed'> | undefined;
        expect([step, (input as ServiceInput<'awaitInstances'>).release]).toEqual([
          step,
          release?.release,
        ]);
      }
    }
  });
});

/** Whose step it is. */
const isFor = (step: string, name: EnvironmentName | null): boolean => {
  const named = environmentNames.find((one) => step.toLowerCase().includes(one));
  return named === undefined ? true : named === name;
};

const isWriter = (step: Step): boolean => writers.includes(codec[step].service);

function dataOf<T extends EventType>(
  record: readonly DomainEvent[],
  type: T,
): EventData<T> | undefined {
  return record.findLast((event) => event.type === type)?.data as EventData<T> | undefined;
}

describe('whatever the oracle demands', () => {
  it('is found: each move, whatever production is given', () => {
    const missing = ways.flatMap((way) =>
      moves
        .filter((move) => (move.of ?? ways).includes(way))
        .filter((move) => !found.some((one) => one.way === way && isOf(move, one)))
        .map(({ from, word, to }) => `${way}: ${from} --${word}--> ${to}`),
    );
    expect(missing).toEqual([]);
  });

  it('is found in each place that holds the lane: it can be lost, can fail, can be carried on', () => {
    const holding = found.filter(({ after }) => places[placeOf(after)].lock);
    const leaves = new Map(holding.map((one) => [`${one.way} ${stateOf(one.after)}`, one]));
    expect(leaves.size).toBeGreaterThan(20);
    for (const { after } of leaves.values()) {
      const isGoingBack = placeOf(after) === 'taking back';
      for (const { word, to } of whileHeld) {
        if (isGoingBack && to !== null) continue;
        const then = next(after, { type: word, data: samples[word] } as DomainEvent, 0);
        const where = `${stateOf(after)} --${word}-->`;
        expect([where, then && placeOf(then)]).toEqual([where, to ?? placeOf(after)]);
      }
      if (isGoingBack) continue;
      const failed = next(after, failure, 0);
      const mayBe = after.snapshot.context.isExposed || isAtCanary(after);
      expect([stateOf(after), failed && placeOf(failed)]).toEqual([stateOf(after), failsTo(mayBe)]);
    }
  });

  it('is found wherever production is about to be written: each refusal of the gates stops it', () => {
    const writing = found.filter(({ after }) =>
      [...after.running.keys()].some((step) => isWriter(step) && step !== 'submitStaging'),
    );
    expect(new Set(writing.map(({ way }) => way))).toEqual(new Set(ways));
    for (const { after } of writing) {
      for (const word of refusals) {
        const then = next(after, { type: word, data: samples[word] } as DomainEvent, 0);
        expect([stateOf(after), word, then !== null]).toEqual([stateOf(after), word, true]);
      }
    }
  });

  it('is asked for: each service in its place', () => {
    const missing = asked.filter(
      ({ place, service, of }) =>
        !found.some(
          (one) =>
            placeOf(one.before) === place &&
            [...one.before.running.keys()].some(
              (step) => codec[step].service === service && isFor(step, of),
            ),
        ),
    );
    expect(missing).toEqual([]);
  });

  it.each(['skip', 'every'] as const)(
    'waits by the stacking that was asked for: %s',
    (stacking) => {
      const sample = samples['deploy.requested'];
      const request = { ...sample, settings: { ...sample.settings, stacking } };
      const input = begin(request, 0).running.get('acquireLock')?.input;
      expect(input).toMatchObject({ stacking, commit: request.commit.sha, lane: request.lane });
    },
  );
});

describe.each(['skip', 'every'] as const)(
  'three stacked builds that wait, stacking %s',
  (stacking) => {
    const built = ['oldest', 'middle', 'newest'] as const;
    const joins = built.flatMap((a) =>
      built.flatMap((b) =>
        built.filter((c) => new Set([a, b, c]).size === 3).map((c) => [a, b, c]),
      ),
    );
    const { first, superseded } = stacks[stacking];

    it.each(joins)(
      'joined as %s, %s, %s: one goes, and supersedes what the oracle says',
      (...joined) => {
        const waiting = joined.map((name) => ({
          deploy: name,
          run: `run-${name}`,
          build: name,
          commit: name,
          yieldsTo: new Set<string>(),
        }));
        for (const me of built) {
          const relationTo = ({ deploy }: { deploy: string }): Relation => {
            return place(deploy) > place(me) ? 'ahead' : 'behind';
          };
          const place = (name: string): number => built.indexOf(name as (typeof built)[number]);
          const turn = decideTurn({ me, waiting, relationTo, stacking });
          expect([me, turn.kind]).toEqual([me, me === first ? 'go' : 'wait']);
          if (turn.kind !== 'go') continue;
          const others = built.filter((name) => name !== me);
          expect([...turn.supersedes].sort()).toEqual(superseded === 'none' ? [] : others.sort());
        }
      },
    );
  },
);
