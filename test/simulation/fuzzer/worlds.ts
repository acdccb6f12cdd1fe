/** The worlds that the fuzzer runs in: each decision shows only in the right one. */
import type { Environment, Settings, Verify } from '../../../src/machine/events.ts';
import { type CiProvider, listBuilds } from './ci-list-lock.ts';
import type { Dress, Happening, Stage } from './stage.ts';

export interface FuzzWorld {
  readonly name: string;
  /** In which state the deploy ends when every answer is true. */
  readonly ends: string;
  /** Whether production may be written at all; what it truly is at the write is asked besides. */
  readonly ships: boolean;
  readonly past: (stage: Stage) => void;
  readonly meanwhile?: readonly Happening[];
  readonly settings?: (settings: Settings) => Settings;
  /** Of both apps; Cedar when left out. */
  readonly generation?: 'cedar' | 'fir';
  /** What the vendors truly answer, where the sandbox does not answer so. */
  readonly dress?: Dress;
  /** Whose list of builds is the lock; the log when left out. */
  readonly lock?: CiProvider;
  /** The lane shipped what production runs, by its log. */
  readonly isShipped?: true;
  /** Once the deploy is held, a person lets it go on. */
  readonly resumed?: true;
  /** Reads that are spoilt; all when left out. By the read's key. */
  readonly reads?: RegExp;
}

/** The same story on Fir: what a slug is there, an image is here. */
export function onFir({ name, reads, ...world }: FuzzWorld): FuzzWorld {
  const images = reads?.source.replaceAll('slugs', 'oci-images');
  return {
    ...world,
    name: `${name}, on Fir`,
    generation: 'fir',
    ...(images === undefined ? {} : { reads: new RegExp(images) }),
  };
}

/** What decides whether production may be written is read from here. */
const ofProduction = /acme-production\/(releases|slugs)|compare/;
/** What decides whether staging is well. */
const health = /acme-staging\/(dynos|formation|releases)|staging \//;

export const twoDynos = (stage: Stage): void => {
  for (const app of [stage.staging, stage.production]) {
    stage.formation(app, { type: 'web', quantity: 1 }, { type: 'worker', quantity: 1 });
  }
};

/** No endpoints: dynos that stay up for a while are all that is looked at. */
export const dynosOnly = (settings: Settings): Settings =>
  everywhere(settings, (verify) => ({
    ...verify,
    endpoints: [],
    instances: { ...verify.instances, settleMs: 1_000 },
  }));

export const withoutRevision = (settings: Settings): Settings =>
  everywhere(settings, (verify) => ({
    ...verify,
    endpoints: verify.endpoints.map((one) => ({ ...one, revision: null })),
  }));

function everywhere(settings: Settings, change: (verify: Verify) => Verify): Settings {
  const of = (one: Environment): Environment => ({ ...one, verify: change(one.verify) });
  const { staging, canary, production } = settings;
  return {
    ...settings,
    staging: staging && of(staging),
    canary: canary && of(canary),
    production: of(production),
  };
}

const lockedBy =
  (provider: CiProvider) =>
  (settings: Settings): Settings => ({
    ...settings,
    lock: { ...settings.lock, provider, timeoutMs: 30_000 },
  });

export const worlds = {
  ancestor: {
    name: 'production runs an ancestor',
    ends: 'production.live',
    ships: true,
    reads: /^(?!.*(dynos|formation|compare))/,
    past: (stage) => {
      twoDynos(stage);
      stage.past(stage.commits.running);
    },
  },
  shipped: {
    name: 'production runs what the lane shipped last',
    ends: 'production.live',
    ships: true,
    isShipped: true,
    reads: /acme-production\/(releases|slugs)|acme-staging\/(builds|slugs|pipeline)|streams/,
    past: (stage) => {
      stage.built(stage.staging, stage.commits.running);
      stage.promoted();
    },
  },
  dynosOnly: {
    name: 'nothing but dynos is checked',
    ends: 'production.live',
    ships: true,
    settings: dynosOnly,
    reads: /dynos|formation/,
    past: (stage) => {
      twoDynos(stage);
      stage.past(stage.commits.running);
    },
  },
  rolledBack: {
    name: 'production was rolled back by a person',
    ends: 'blockedByRollback',
    ships: false,
    reads: ofProduction,
    past: (stage) => {
      stage.past(stage.commits.older);
      stage.past(stage.commits.running);
      stage.sandbox.control.rollback({ app: stage.production.name, byUser: 'ana@acme.test' });
      stage.later();
    },
  },
  goneBack: {
    name: 'an older slug was released again in other words',
    ends: 'blockedByRollback',
    ships: false,
    reads: ofProduction,
    past: (stage) => {
      stage.past(stage.commits.older);
      stage.past(stage.commits.running);
      const [old] = stage.production.releases.filter(({ slug }) => slug !== null);
      const slug = old?.slug ?? null;
      stage.world.release(stage.production, { slug, description: 'Hotfix', by: 'ana@acme.test' });
      stage.later();
    },
  },
  newer: {
    name: 'production runs a newer commit',
    ends: 'superseded',
    ships: false,
    past: (stage) => stage.past(stage.commits.newer),
  },
  diverged: {
    name: 'production runs a commit that ours does not follow on',
    ends: 'superseded',
    ships: false,
    past: (stage) => stage.past(stage.commits.other),
  },
  switchOff: {
    name: 'the kill switch is off',
    ends: 'disabled',
    ships: false,
    reads: /acme-production\/slugs|compare/,
    past: (stage) => {
      stage.past(stage.commits.running);
      stage.switchOn = false;
    },
  },
  underWay: {
    name: 'somebody’s release of a newer commit is under way in production',
    ends: 'superseded',
    ships: false,
    reads: /acme-production\/(releases \(|slugs)|compare/,
    past: (stage) => {
      stage.past(stage.commits.running);
      stage.begin();
      stage.production.releasePhase = 'rake db:migrate';
      stage.world.timing = { ...stage.world.timing, releasePhaseMs: 12_000 };
      stage.deployedByHand(stage.production, stage.commits.newer);
    },
  },
  first: {
    name: 'production never had code',
    ends: 'production.live',
    ships: true,
    reads: ofProduction,
    past: (stage) => {
      stage.built(stage.staging, stage.commits.running);
    },
  },
  crashing: {
    name: 'staging’s new dynos crash',
    ends: 'failed',
    ships: false,
    reads: health,
    past: (stage) => {
      stage.formation(stage.staging, { type: 'web', quantity: 1 });
      stage.past(stage.commits.running);
      stage.sandbox.control.crashNextDyno({ app: stage.staging.name });
    },
  },
  unwell: {
    name: 'staging’s endpoint answers 500',
    ends: 'failed',
    ships: false,
    reads: health,
    past: (stage) => stage.past(stage.commits.running),
    meanwhile: [{ when: 'staging.deployed', what: (stage) => stage.down(stage.staging) }],
  },
  replaced: {
    name: 'another release replaces ours on staging before its endpoint is well',
    ends: 'failed',
    ships: false,
    reads: health,
    past: (stage) => stage.past(stage.commits.running),
    settings: withoutRevision,
    meanwhile: [
      { when: 'staging.deployed', what: (stage) => stage.down(stage.staging) },
      {
        when: 'staging.deployed',
        afterMs: 10_000,
        what: (stage) => {
          stage.deployedByHand(stage.staging, stage.commits.running);
          stage.up(stage.staging);
        },
      },
    ],
  },
  building: {
    name: 'production is built rather than promoted',
    ends: 'production.live',
    ships: true,
    reads: /POST|acme-production\/(builds|releases\/|slugs)/,
    past: (stage) => stage.past(stage.commits.running),
    settings: (settings) => ({
      ...settings,
      production: { ...settings.production, submits: 'commit' },
    }),
  },
  gitHubLock: {
    name: 'GitHub’s list of runs is the lock',
    ends: 'production.live',
    ships: true,
    reads: /\/runs/,
    lock: 'github',
    settings: lockedBy('github'),
    past: (stage) => {
      stage.past(stage.commits.running);
      listBuilds(stage);
    },
  },
  circleCiLock: {
    name: 'CircleCI’s lists of pipelines, workflows and jobs are the lock',
    ends: 'production.live',
    ships: true,
    reads: / circleci /,
    lock: 'circleci',
    settings: lockedBy('circleci'),
    past: (stage) => {
      stage.past(stage.commits.running);
      listBuilds(stage);
    },
  },
} as const satisfies Readonly<Record<string, FuzzWorld>>;
