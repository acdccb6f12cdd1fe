/** The chart by hand: the way to production, and what each state tells the runtime. */
import { describe, expect, it } from 'vitest';
import { parseEvent } from '../../src/machine/codec.ts';
import type { DeployRequest, DomainEvent } from '../../src/machine/events.ts';
import {
  begin,
  exitCodeOf,
  type FoldedDeploy,
  has,
  next,
  stateOf,
} from '../../src/machine/interpret.ts';
import type { ServiceInput } from '../../src/machine/services.ts';

const sha = '1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd';
const verify = {
  instances: { timeoutMs: 600_000, settleMs: 10_000 },
  waive: [],
  endpoints: [],
};
const healthy = { instances: [], steadyMs: 10_000, restarts: 0, endpoints: [], waitedMs: 10_000 };
const more = { shares: null, bakeMs: 0, timeoutMs: 3_600_000, verify };
const target = (name: string) => ({ kind: 'sample', name, settings: {} });
const artifact = { kind: 'bundle', id: 's', digest: null, commit: sha };
const request: DeployRequest = {
  deploy: '502-1a5f89db',
  lane: 'acme-web',
  branch: 'master',
  commit: { sha, title: 'Ship it', author: 'Ana' },
  build: {
    provider: 'circleci',
    label: '502',
    attempt: 1,
    job: 'deploy',
    workflow: null,
    url: null,
  },
  settings: {
    stacking: 'skip',
    lock: { provider: 'store', timeoutMs: 3_600_000, leaseMs: 60_000 },
    store: null,
    repository: null,
    staging: { target: target('acme-staging'), submits: 'commit', ...more },
    canary: null,
    production: {
      target: target('acme-production'),
      submits: 'artifact',
      ...more,
    },
    gates: { rollback: 'hold', killSwitch: 'PRODUCTION_CD_ENABLED', stuckExit: 1 },
  },
  override: null,
  chart: 'test',
};

const killSwitch = { name: 'PRODUCTION_CD_ENABLED', state: 'true' as const, why: null };
const notes = {
  base: null,
  head: sha,
  compareUrl: null,
  commits: [],
  omitted: 0,
  bodiesOmitted: false,
};
const staged = { id: 'release-42', version: 'v42' };
const shipped = { id: 'release-17', version: 'v17' };

const wayToProduction: [DomainEvent, string][] = [
  [
    {
      type: 'lock.acquired',
      data: { provider: 'store', token: 2, waitedMs: 0, takenOver: null },
    },
    'locked',
  ],
  [
    {
      type: 'deploy.observed',
      data: { production: { version: null, commit: null }, notes, order: 'first' },
    },
    'deployingStaging.submitting',
  ],
  [
    { type: 'staging.submitted', data: { work: { kind: 'build', id: 'b' }, adopted: false } },
    'deployingStaging.following',
  ],
  [
    { type: 'staging.released', data: { release: staged.id, artifact } },
    'deployingStaging.releasing',
  ],
  [{ type: 'staging.deployed', data: { release: staged, artifact } }, 'verifying.starting'],
  [{ type: 'staging.instancesUp', data: { instances: [], waitedMs: 0 } }, 'verifying.settling'],
  [{ type: 'staging.verified', data: { release: staged, ...healthy } }, 'verifying.gates'],
  [
    {
      type: 'gates.passed',
      data: { production: { version: null, commit: null }, cursor: '16', killSwitch },
    },
    'production.deploying.submitting',
  ],
  [
    {
      type: 'production.submitted',
      data: { work: { kind: 'transfer', id: 'p' }, adopted: false, killSwitch },
    },
    'production.deploying.following',
  ],
  [
    { type: 'production.released', data: { release: shipped.id, artifact: null } },
    'production.deploying.releasing',
  ],
  [
    { type: 'production.deployed', data: { release: shipped, artifact } },
    'production.verifying.starting',
  ],
  [
    { type: 'production.instancesUp', data: { instances: [], waitedMs: 0 } },
    'production.verifying.settling',
  ],
  [{ type: 'production.verified', data: { release: shipped, ...healthy } }, 'production.live'],
];

function walk(events: readonly DomainEvent[]): FoldedDeploy {
  let folded = begin(request, 0);
  for (const event of events) {
    const after = next(folded, parseEvent(event.type, event.data), 0);
    if (after === null) throw new Error(`${event.type} is refused in ${stateOf(folded)}`);
    folded = after;
  }
  return folded;
}

describe('the way to production', () => {
  it('goes through every step in order, one service at a time, holding the lock to the end', () => {
    let folded = begin(request, 0);
    expect(stateOf(folded)).toBe('queued.waiting');
    for (const [event, state] of wayToProduction) {
      expect(folded.running.size).toBe(1);
      // By that a later run tells a step that it goes on with from one of its own.
      for (const { since } of folded.running.values()) expect(since).toBe(folded.version);
      folded = next(folded, event, 0) ?? folded;
      expect(stateOf(folded)).toBe(state);
      expect(has(folded, 'holdsLock')).toBe(state !== 'production.live');
    }
    expect(folded.running.size).toBe(0);
    expect(folded.timers.size).toBe(0);
    expect(has(folded, 'settled')).toBe(true);
    expect(exitCodeOf(folded)).toBe(0);
  });

  it('gives production the very artifact that staging verified', () => {
    const folded = walk(wayToProduction.slice(0, 8).map(([event]) => event));
    const input = folded.running.get('submitProduction')?.input;
    expect(input).toMatchObject({
      verified: { release: staged, artifact, at: target('acme-staging') },
      cursor: '16',
    });
  });

  it('goes on with the artifact that the target says it released, if it says one', () => {
    const other = { ...artifact, id: 'other' };
    const before = wayToProduction.slice(0, 9).map(([event]) => event);
    const released = (said: typeof artifact | null): DomainEvent => ({
      type: 'production.released',
      data: { release: shipped.id, artifact: said },
    });
    const awaited = (said: typeof artifact | null) =>
      walk([...before, released(said)]).running.get('awaitProductionRelease')?.input;
    expect(awaited(other)).toMatchObject({ artifact: other });
    expect(awaited(null)).toMatchObject({ artifact });
  });

  it('refuses an event that belongs elsewhere', () => {
    const folded = begin(request, 0);
    const [, [observed] = []] = wayToProduction;
    expect(observed && next(folded, observed, 0)).toBeNull();
  });

  it.each([0, 1, 7])('a stuck lane ends with the exit code of the settings: %d', (stuckExit) => {
    const gates = { ...request.settings.gates, stuckExit };
    const asked = { ...request, settings: { ...request.settings, gates } };
    const [[locked] = []] = wayToProduction;
    const refusedAs = (stuck: { release: typeof shipped; first: boolean } | null) => {
      const folded = locked && next(begin(asked, 0), locked, 0);
      const production = { version: 'v17', commit: sha };
      const data = { step: 'observe', production, verified: true, stuck } as const;
      return (
        folded &&
        next(folded, { type: 'deploy.superseded', data: { cause: 'diverged', ...data } }, 0)
      );
    };
    for (const first of [true, false]) {
      const stuck = refusedAs({ release: shipped, first });
      expect(stuck && stateOf(stuck)).toBe('superseded');
      expect(stuck && exitCodeOf(stuck)).toBe(stuckExit);
    }
    const old = refusedAs(null);
    expect(old && exitCodeOf(old)).toBe(0);
  });

  it('waits for the lock no longer than its time-out', () => {
    const folded = begin(request, 1_000);
    const timer = folded.timers.get('lockTimeout');
    expect(timer?.dueAt).toBe(3_601_000);
    const gaveUp = timer && next(folded, timer.event, 3_601_000);
    expect(gaveUp && stateOf(gaveUp)).toBe('queued.gaveUp');
    expect(gaveUp && exitCodeOf(gaveUp)).toBe(3);
  });
});

describe('a deploy that lost its lane', () => {
  const lost: DomainEvent = { type: 'lock.lost', data: { token: 2, to: '503-7c3d2e1f' } };

  it('looks for its own release by the artifact that it put on production, whichever way', () => {
    const artifactOf = (folded: FoldedDeploy | null) => {
      const asked = folded?.running.get('observe');
      return (asked?.input as ServiceInput<'observe'> | undefined)?.artifact;
    };
    const [[locked] = []] = wayToProduction;
    const again = (folded: FoldedDeploy) => {
      const queued = next(folded, lost, 0);
      return queued && locked ? next(queued, locked, 0) : null;
    };
    const promotes = walk(wayToProduction.slice(0, 9).map(([event]) => event));
    expect(artifactOf(again(promotes))).toEqual(artifact);

    // A build for production makes an artifact of its own, of the same commit.
    const { production } = request.settings;
    const settings = {
      ...request.settings,
      production: { ...production, submits: 'commit' as const },
    };
    const own = { ...artifact, id: 'own' };
    let builds = begin({ ...request, settings }, 0);
    const take = (event: DomainEvent) => {
      builds = next(builds, event, 0) ?? builds;
    };
    for (const [event] of wayToProduction.slice(0, 8)) take(event);
    expect(artifactOf(again(builds))).toBeNull();
    take({
      type: 'production.submitted',
      data: { work: { kind: 'build', id: 'p' }, adopted: false, killSwitch },
    });
    take({ type: 'production.released', data: { release: shipped.id, artifact: own } });
    expect(stateOf(builds)).toBe('production.deploying.releasing');
    expect(artifactOf(again(builds))).toEqual(own);
  });
});
