/** One deploy's events: a valid sample of each type, for the search of paths and for tests. */
import type { EventData, EventType, Settings } from './events.ts';
import type { GoingBack } from './taken-back.ts';

const head = '1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd';
const base = '0f0a53bc1d5e4c0f8a7b6c5d4e3f2a1b0c9d8e7f';
const middle = '7c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d';
const killSwitch = { name: 'PRODUCTION_CD_ENABLED', state: 'true' as const, why: null };
const production = { version: 'v41', commit: base };
const artifact = {
  kind: 'bundle',
  id: '9ea6a2a1-6ab6-4d59-9b1a-3b5a3f7c2d10',
  digest: null,
  commit: head,
};
const work = { kind: 'build', id: '4f1c2d3e-8a67-4b52-9d0e-5a6b7c8d9e0f' };

const person = (actor: string, reason: string) => ({
  actor,
  observed: 'claimed; git identity Ana Lima <ana@acme.test>; ana on ws-7',
  reason,
});

const settings: Settings = {
  stacking: 'skip',
  lock: { provider: 'store', timeoutMs: 3_600_000, leaseMs: 60_000 },
  store: null,
  repository: 'https://github.com/acme/web',
  staging: {
    target: { kind: 'sample', name: 'acme-staging', settings: {} },
    submits: 'commit',
    shares: null,
    timeoutMs: 3_600_000,
    bakeMs: 0,
    verify: {
      instances: { timeoutMs: 600_000, settleMs: 10_000 },
      waive: [],
      endpoints: [
        {
          url: 'https://staging.acme.test/',
          status: 200,
          timeoutMs: 120_000,
          successes: 3,
          body: null,
          header: null,
          revision: { header: 'x-revision' },
        },
      ],
    },
  },
  canary: null,
  production: {
    target: { kind: 'sample', name: 'acme-production', settings: {} },
    submits: 'artifact',
    shares: null,
    timeoutMs: 3_600_000,
    bakeMs: 0,
    verify: { instances: { timeoutMs: 600_000, settleMs: 10_000 }, waive: [], endpoints: [] },
  },
  gates: { rollback: 'hold', killSwitch: 'PRODUCTION_CD_ENABLED', stuckExit: 1 },
};

const healthy = (release: { id: string; version: string }, url: string) => ({
  release,
  instances: [{ name: 'web.1', version: release.version }],
  steadyMs: 10_000,
  restarts: 0,
  endpoints: [{ url, status: 200, attempts: 4, revision: head }],
  waitedMs: 12_300,
});

const baked = (release: { id: string; version: string }, url: string) => ({
  release,
  instances: [{ name: 'web.1', version: release.version }],
  bakedMs: 600_000,
  rounds: 20,
  restarts: 1,
  endpoints: [{ url, status: 200, attempts: 1, revision: head }],
});

export const samples: { [T in EventType]: EventData<T> } & {
  'production.held': { rollback: GoingBack };
} = {
  'deploy.requested': {
    deploy: '502-1a5f89db',
    lane: 'acme-web',
    branch: 'master',
    commit: { sha: head, title: 'Greet people by name', author: 'Ana Lima' },
    build: {
      provider: 'circleci',
      label: '502',
      attempt: 1,
      job: 'deploy',
      workflow: 'main',
      url: 'https://circleci.com/gh/acme/web/502',
    },
    settings,
    override: null,
    chart: 'f'.repeat(64),
  },
  'run.resumed': { run: '7b9f6f6e-3c1d-4d64-9a3e-0a1b2c3d4e5f', order: null },
  'run.interrupted': { signal: 'SIGTERM' },
  'lock.acquired': { provider: 'store', token: 3, waitedMs: 130_000, takenOver: null },
  'lock.reacquired': { token: 5, why: 'the run before it is over' },
  'lock.lost': { token: 3, to: '503-7c3d2e1f' },
  'lock.waitTimedOut': { timeoutMs: 3_600_000 },
  'deploy.superseded': {
    cause: 'newer-build',
    step: 'acquireLock',
    by: { deploy: '504-7c3d2e1f', build: '504', commit: middle },
  },
  'deploy.observed': {
    production,
    notes: {
      base,
      head,
      compareUrl: 'https://github.com/acme/web/compare/0f0a53bc1d5e...1a5f89db9a6a',
      commits: [
        {
          sha: middle,
          title: 'Sort the list',
          body: 'By name, then by age.\n\nCloses #811.',
          author: 'Bo Chen',
          url: `https://github.com/acme/web/commit/${middle}`,
        },
        {
          sha: head,
          title: 'Greet people by name',
          body: '',
          author: 'Ana Lima',
          url: `https://github.com/acme/web/commit/${head}`,
        },
      ],
      omitted: 0,
      bodiesOmitted: false,
    },
    order: 'ahead',
  },
  'production.found': {
    release: { id: 'release-42', version: 'v42' },
    artifact,
    own: true,
  },
  'staging.submitted': { work, adopted: false },
  'staging.released': { release: 'release-12', artifact },
  'staging.deployed': {
    release: { id: 'release-12', version: 'v12' },
    artifact,
  },
  'staging.instancesUp': {
    instances: [
      { name: 'web.1', version: 'v12' },
      { name: 'worker.1', version: 'v12' },
    ],
    waitedMs: 8_000,
  },
  'staging.verified': healthy({ id: 'release-12', version: 'v12' }, 'https://staging.acme.test/'),
  'staging.baked': baked({ id: 'release-12', version: 'v12' }, 'https://staging.acme.test/'),
  'canary.submitted': { work, adopted: false, killSwitch, share: null },
  'canary.released': { release: 'release-7', artifact },
  'canary.deployed': { release: { id: 'release-7', version: 'v7' }, artifact },
  'canary.instancesUp': { instances: [{ name: 'web.1', version: 'v7' }], waitedMs: 4_000 },
  'canary.verified': healthy({ id: 'release-7', version: 'v7' }, 'https://canary.acme.test/'),
  'canary.baked': baked({ id: 'release-7', version: 'v7' }, 'https://canary.acme.test/'),
  'canary.restored': { release: { id: 'release-8', version: 'v8' }, stays: null },
  'gates.passed': { production, cursor: '43', killSwitch },
  'production.held': {
    step: 'readGates',
    rollback: {
      release: { id: 'release-41', version: 'v41' },
      description: 'Rollback to v38',
      by: 'ana@acme.test',
      at: '2026-01-05T13:04:00Z',
      commit: base,
      kind: 'rollback',
      before: 'v40',
    },
  },
  'production.disabled': {
    step: 'readGates',
    switch: 'environment',
    killSwitch: { name: 'PRODUCTION_CD_ENABLED', state: 'not set', why: null },
    by: null,
    distrust: null,
  },
  'production.submitted': { work, adopted: false, killSwitch },
  'production.released': { release: 'release-42', artifact },
  'production.deployed': {
    release: { id: 'release-42', version: 'v42' },
    artifact,
  },
  'production.instancesUp': { instances: [{ name: 'web.1', version: 'v42' }], waitedMs: 0 },
  'production.verified': healthy({ id: 'release-42', version: 'v42' }, 'https://www.acme.test/'),
  'production.baked': baked({ id: 'release-42', version: 'v42' }, 'https://www.acme.test/'),
  'deploy.failed': {
    step: 'awaitStagingInstances',
    failure: {
      code: 'E_ENDPOINT',
      message:
        'https://staging.acme.test/ did not answer as it should within 2 min: status 500, not 200 (40 attempts)',
      hint: 'See what it answers: curl -i https://staging.acme.test/',
      details: { target: 'acme-staging', status: 500, attempts: 40 },
    },
  },
  'deploy.resumed': person('ana@acme.test', 'fixed by #812'),
};
