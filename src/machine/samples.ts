/** One deploy's events: a valid sample of each type, for the search of paths and for tests. */
import type { EventData, EventType, Settings } from './events.ts';

const head = '1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd';
const base = '0f0a53bc1d5e4c0f8a7b6c5d4e3f2a1b0c9d8e7f';
const middle = '7c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d';
const killSwitch = { name: 'PRODUCTION_CD_ENABLED', state: 'true' as const, why: null };
const production = { version: 41, commit: base };
const stagingSlug = '9ea6a2a1-6ab6-4d59-9b1a-3b5a3f7c2d10';
const buildId = '4f1c2d3e-8a67-4b52-9d0e-5a6b7c8d9e0f';

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
    app: 'acme-staging',
    deploy: 'build',
    timeoutMs: 3_600_000,
    verify: {
      dynos: { timeoutMs: 600_000, settleMs: 10_000 },
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
  production: {
    app: 'acme-production',
    deploy: 'promote',
    timeoutMs: 3_600_000,
    verify: { dynos: { timeoutMs: 600_000, settleMs: 10_000 }, waive: [], endpoints: [] },
  },
  gates: { rollback: 'hold', killSwitch: 'PRODUCTION_CD_ENABLED', stuckExit: 1 },
};

const healthy = (release: { id: string; version: number }, url: string) => ({
  release,
  dynos: [{ name: 'web.1', version: release.version }],
  steadyMs: 10_000,
  restarts: 0,
  endpoints: [{ url, status: 200, attempts: 4, revision: head }],
  waitedMs: 12_300,
});

export const samples: { [T in EventType]: EventData<T> } = {
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
      compareUrl: `https://github.com/acme/web/compare/${base}...${head}`,
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
    release: { id: 'release-42', version: 42 },
    slug: stagingSlug,
    own: true,
  },
  'staging.buildRequested': { build: buildId, adopted: false },
  'staging.built': { build: buildId, release: 'release-12', slug: stagingSlug },
  'staging.deployed': {
    release: { id: 'release-12', version: 12 },
    slug: stagingSlug,
    commit: head,
  },
  'staging.dynosUp': {
    dynos: [
      { name: 'web.1', version: 12 },
      { name: 'worker.1', version: 12 },
    ],
    waitedMs: 8_000,
  },
  'staging.verified': healthy({ id: 'release-12', version: 12 }, 'https://staging.acme.test/'),
  'gates.passed': { production, newest: 43, killSwitch },
  'production.held': {
    step: 'readGates',
    rollback: {
      release: { id: 'release-41', version: 41 },
      description: 'Rollback to v38',
      by: 'ana@acme.test',
      at: '2026-01-05T13:04:00Z',
      commit: base,
      kind: 'rollback',
      before: 40,
    },
  },
  'production.disabled': {
    step: 'readGates',
    switch: 'environment',
    killSwitch: { name: 'PRODUCTION_CD_ENABLED', state: 'not set', why: null },
    by: null,
    distrust: null,
  },
  'production.promotionRequested': {
    promotion: 'promotion-1',
    release: null,
    adopted: false,
    killSwitch,
  },
  'production.promoted': { release: 'release-42' },
  'production.buildRequested': { build: buildId, adopted: false, killSwitch },
  'production.built': { build: buildId, release: 'release-42', slug: stagingSlug },
  'production.deployed': {
    release: { id: 'release-42', version: 42 },
    slug: stagingSlug,
    commit: head,
  },
  'production.dynosUp': { dynos: [{ name: 'web.1', version: 42 }], waitedMs: 0 },
  'production.verified': healthy({ id: 'release-42', version: 42 }, 'https://www.acme.test/'),
  'deploy.failed': {
    step: 'checkStagingDynos',
    failure: {
      code: 'E_DYNO_CRASHED',
      message: 'acme-staging: web.1 crashed on v12',
      hint: 'See why: heroku logs --dyno web.1 -a acme-staging',
      details: { app: 'acme-staging', dyno: 'web.1', version: 12 },
    },
  },
  'deploy.resumed': person('ana@acme.test', 'fixed by #812'),
};
