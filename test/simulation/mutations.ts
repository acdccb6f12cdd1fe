/** Ways to break Lockstep on purpose: each has to be found by the simulation, or the simulation proves nothing. */

import type { AppCode, Heroku } from '../../src/effects/targets/heroku/heroku.ts';
import type { LaneLock } from '../../src/runtime/lock/store-lock.ts';
import type { ServiceTable } from '../../src/runtime/loop/run.ts';
import type { AppendOptions, EventLog } from '../../src/store/log.ts';
import type { fc } from '../fast-check.ts';
import {
  begunBack,
  calm,
  forbiddenOnTheWay,
  laneRenamed,
  lostLanes,
  meetingGrants,
  orderedBack,
  type Scenario,
  settingsChanged,
  takenBack,
  troubleWhileWatched,
} from './scenario.ts';

export interface Mutation {
  readonly lock?: (real: LaneLock) => LaneLock;
  /** As runs write to it. */
  readonly log?: (real: EventLog) => EventLog;
  /** The store itself. */
  readonly store?: (real: EventLog) => EventLog;
  readonly heroku?: (real: Heroku) => Heroku;
  readonly services?: (real: ServiceTable) => ServiceTable;
  /** Reads by which an effect would find what an earlier attempt made come back empty. */
  readonly blind?: boolean;
  /** The gates are read once, when the lane's lock is granted, and believed ever after. */
  readonly staleGates?: boolean;
  /** The gates believe that the log is thrown away after each job: they compare with nothing. */
  readonly forgetful?: boolean;
  /** Now and then a build is over before its deploy was asked for, and says that all is well. */
  readonly lostRequests?: boolean;
  /** A lane is taken over whatever its last holder has under way. */
  readonly restless?: boolean;
  /** The gates do not see a rollback that waits for the lane. */
  readonly hasty?: boolean;
  /** The gates do not see a rollback that was begun, and whose run is over. */
  readonly unmindful?: boolean;
  /** Scenarios that are likely to show it; any when left out. */
  readonly among?: fc.Arbitrary<Scenario>;
}

/** What is read of an app's code, made into something else. */
function readingCode(mutate: (code: AppCode) => AppCode) {
  return (real: Heroku): Heroku =>
    new Proxy(real, {
      get(target, name) {
        if (name === 'readCode') {
          return async (...args: Parameters<Heroku['readCode']>) =>
            mutate(await target.readCode(...args));
        }
        const member = target[name as keyof Heroku];
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
}

/** Appends with options made into others. */
function appendingWith(change: (options: AppendOptions) => AppendOptions) {
  return (real: EventLog): EventLog =>
    new Proxy(real, {
      get(target, name) {
        const member = target[name as keyof EventLog];
        if (name !== 'append') return typeof member === 'function' ? member.bind(target) : member;
        const append: EventLog['append'] = (batches, options = {}) =>
          target.append(batches, change(options));
        return append;
      },
    });
}

class Asleep extends Error {}

const unfenced = ({ fence: _, ...others }: AppendOptions): AppendOptions => others;

export const mutations: Readonly<Record<string, Mutation>> = {
  'a lock that always grants': {
    lock: (real) => ({
      ...real,
      acquire: async () => ({
        kind: 'granted',
        provider: 'store',
        token: null,
        waitedMs: 0,
        takenOver: null,
      }),
      reacquire: async () => null,
    }),
  },
  'a gate that is read before the wait': { staleGates: true, among: forbiddenOnTheWay },
  'health that is one sample': {
    services: (real) => ({
      ...real,
      checkHealth: (input, ports) => real.checkHealth({ ...input, settleMs: 0 }, ports),
    }),
    among: troubleWhileWatched,
  },
  'what runs is not looked at again': {
    heroku: (real) =>
      new Proxy(real, {
        get(target, name) {
          // Dynos of whatever release pass for ours, and the last look is believed whatever it sees.
          if (name === 'readReleasedCode') return async () => ({ kind: 'slug', id: 'the same' });
          if (name === 'mustStillRun') {
            return (...args: Parameters<Heroku['mustStillRun']>) =>
              target.mustStillRun(...args).catch(() => {});
          }
          const member = target[name as keyof Heroku];
          return typeof member === 'function' ? member.bind(target) : member;
        },
      }),
    among: troubleWhileWatched,
  },
  'a gate that knows a going-back by its word only': {
    heroku: readingCode((code) => ({
      ...code,
      before: null,
      failed: code.failed.filter(({ kind }) => kind === 'rollback'),
    })),
    among: takenBack,
  },
  'a going-back that failed is forgotten': {
    heroku: readingCode((code) => ({ ...code, failed: [] })),
    among: takenBack,
  },
  'gates that do not see a rollback that waits': { hasty: true, among: orderedBack },
  'gates that do not see a rollback that was begun': { unmindful: true, among: begunBack },
  'settings that are never compared': { forgetful: true, among: settingsChanged },
  'a lane by another name that is believed': { forgetful: true, among: laneRenamed },
  'a lane that is taken over amid work': { restless: true, among: lostLanes },
  'appends without a fence': { log: appendingWith(unfenced) },
  'holders that write without their lane’s token': {
    log: appendingWith((options) =>
      options.fence?.resource.startsWith('lane/') === true ? unfenced(options) : options,
    ),
  },
  'a store that looks at no fence': { store: appendingWith(unfenced), among: lostLanes },
  'a waiter that is never woken': {
    lock: (real) => ({
      reacquire: (...of) => real.reacquire(...of),
      acquire: (input, signal) =>
        real
          .acquire(input, signal, () => {
            // Told that it waits: nothing comes of it.
            throw new Asleep();
          })
          .catch((error: unknown) => {
            if (!(error instanceof Asleep)) throw error;
            return new Promise<never>(() => {});
          }),
    }),
  },
  'a gate that refuses everything': {
    services: (real) => ({
      ...real,
      readGates: async ({ killSwitch }) => ({
        kind: 'disabled',
        switch: 'environment',
        killSwitch: { name: killSwitch, state: 'another value', why: 'it is broken on purpose' },
        by: null,
        distrust: null,
      }),
    }),
  },
  'a deploy that is called contained': {
    services: (real) => ({
      ...real,
      observe: async (input, ports) => {
        const seen = await real.observe(input, ports);
        if (seen.kind !== 'observed') return seen;
        const { production } = seen;
        return { kind: 'superseded', cause: 'contained', production, verified: true };
      },
    }),
  },
  'a build that gives way to one that there is not': {
    lock: (real) => ({
      reacquire: (...given) => real.reacquire(...given),
      acquire: async (...given) => {
        const turn = await real.acquire(...given);
        if (turn.kind !== 'superseded') return turn;
        return { ...turn, by: { ...turn.by, deploy: `900-${turn.by.commit.slice(0, 8)}` } };
      },
    }),
  },
  'a build that ends before anybody noted it': {
    lostRequests: true,
    among: calm,
  },
  'a step that fails for nothing': {
    services: (real) => ({
      ...real,
      awaitInstances: async () => {
        throw new Error('it was not waited for');
      },
    }),
  },
  'an effect that leaps before it looks': { blind: true },
  'an append that ignores its expected version': {
    among: meetingGrants,
    log: (real) =>
      new Proxy(real, {
        get(target, name) {
          const member = target[name as keyof EventLog];
          if (name !== 'append') return typeof member === 'function' ? member.bind(target) : member;
          const append: EventLog['append'] = async (batches, options = {}) => {
            const [first] = batches;
            const version =
              first === undefined ? 0 : (await target.readStream(first.stream)).length;
            const { grant, ...others } = options;
            return target.append(
              batches.map((batch) => ({ ...batch, expected: 'any' as const })),
              // The token is the version that the grant gets, whatever was believed.
              grant === undefined ? others : { ...others, grant: { ...grant, token: version + 1 } },
            );
          };
          return append;
        },
      }),
  },
};
