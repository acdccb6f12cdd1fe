/**
 * The chart: what may happen to a deploy, and what happens next. Pure; read it top to bottom.
 *
 * Its events are the log's own words. States invoke services by name (`services.ts`); the runtime
 * carries them out once the transition that asked for them is in the log. Every state says what it
 * means, every transition why it is taken. Tags drive the runtime; `meta.exit` is the exit code of
 * a `pipeline advance` that ends there.
 */
import { assign, cancel, fromPromise, raise, setup } from 'xstate';
import type { DeployRequest, DomainEvent, Release, ReleaseNotes, Running } from './events.ts';
import { protectedOf } from './protected-settings.ts';
import type {
  GatesInput,
  RequestBuildInput,
  ServiceInput,
  ServiceName,
  ServiceOutput,
} from './services.ts';

/** What the deploy has learnt so far. */
export interface DeployContext {
  request: DeployRequest;
  /** The fencing token under which the lane is held; null before, and where the provider has none. */
  token: number | null;
  production: Running | null;
  notes: ReleaseNotes | null;
  staging: Shipment;
  /** Production's newest release when the gates were read. */
  gatesNewest: number;
  /** What production runs went through this deploy's gates; false where it was found there. */
  gatesPassed: boolean;
  promotion: string | null;
  shipped: Shipment;
  /** The event that ended or held the deploy, when that needs a reason. */
  outcome: Outcome | null;
}

/** One environment's way from a build to a release that runs. */
export interface Shipment {
  build: string | null;
  releaseId: string | null;
  release: Release | null;
  slug: string | null;
}

export type Outcome = Extract<
  DomainEvent,
  {
    type:
      | 'deploy.superseded'
      | 'production.held'
      | 'production.disabled'
      | 'deploy.failed'
      | 'lock.waitTimedOut';
  }
>;

/**
 * - `holdsLock`: the lane is held from entering to leaving such a state.
 * - `settled`: the run is over; nothing is in flight.
 * - `held`: settled, until a person lets it go on.
 * - `paused`: the run is over though the deploy is not; the same command goes on with it.
 */
export type Tag = 'holdsLock' | 'settled' | 'held' | 'paused';

/** A service's type; the runtime has the implementation. */
const service = <N extends ServiceName>() =>
  fromPromise<ServiceOutput<N>, ServiceInput<N>>(() => {
    throw new Error('services are carried out by the runtime, not by the chart');
  });

/** A value that the order of the chart guarantees. */
function known<T>(value: T | null, what: string): T {
  if (value === null) throw new Error(`the chart has no ${what} here`);
  return value;
}

const nothingShipped: Shipment = { build: null, releaseId: null, release: null, slug: null };

const requestedBuild = (
  { request }: DeployContext,
  environment: 'staging' | 'production',
): RequestBuildInput => ({
  app: request.settings[environment].app,
  commit: request.commit.sha,
  mark: request.deploy,
  timeoutMs: request.settings[environment].timeoutMs,
});

const gates = ({ request }: DeployContext): GatesInput => ({
  lane: request.lane,
  app: request.settings.production.app,
  commit: request.commit.sha,
  killSwitch: request.settings.gates.killSwitch,
  overridden: request.override !== null,
  settings: protectedOf(request),
  sources: [request.settings.staging.app, request.settings.production.app],
});

/** Inputs of the services that run for staging and for production alike. */
const follow = (context: DeployContext, environment: 'staging' | 'production') => {
  const { app, timeoutMs, verify } = context.request.settings[environment];
  const shipment = environment === 'staging' ? context.staging : context.shipped;
  const { sha } = context.request.commit;
  const dynos = () => ({
    app,
    release: known(shipment.release, 'release'),
    timeoutMs: verify.dynos.timeoutMs,
    mayHaveNone: verify.waive.includes('no-dynos'),
  });
  return {
    build: () => ({ app, timeoutMs, build: known(shipment.build, 'build') }),
    release: () => ({
      app,
      timeoutMs,
      release: known(shipment.releaseId, 'release'),
      commit: sha,
      slug: shipment.slug,
    }),
    dynos,
    health: () => ({
      ...dynos(),
      slug: known(shipment.slug, 'slug'),
      commit: sha,
      settleMs: verify.dynos.settleMs,
      endpoints: verify.endpoints,
    }),
  };
};

/** Handled wherever the deploy is under way; none of them moves it. */
const underWay = {
  'run.resumed': {
    actions: 'noteRun',
    description: 'The same command runs again: what was in flight is started again.',
  },
  'run.interrupted': {
    actions: 'noteRun',
    description: 'A signal ended the run; the same command goes on from here.',
  },
} as const;

/** Handled wherever the lane is held. */
const whileHolding = {
  ...underWay,
  'lock.reacquired': {
    actions: 'noteToken',
    description: 'A resumed run holds the lane again, under a new token.',
  },
  'lock.lost': {
    target: '#deploy.queued',
    actions: 'forgetLock',
    description: 'Another deploy was given the lane meanwhile: queue again, and check all anew.',
  },
  'deploy.failed': {
    target: '#deploy.failed',
    actions: 'recordOutcome',
    description: 'The step failed; the event says which and why.',
  },
} as const;

/** Production needs no write: it has the commit, or may not have it. */
const contained = {
  'deploy.superseded': {
    target: '#deploy.superseded',
    actions: 'recordOutcome',
    description: 'Production has this commit, or runs one that it does not follow on.',
  },
  'production.found': {
    target: '#deploy.production.verifying',
    actions: 'takeFound',
    description:
      'Production runs this deploy’s own release, or exactly its commit, not verified yet.',
  },
} as const;

/** What may keep production from being written, whenever the gates are read. */
const refused = {
  ...contained,
  'production.held': {
    target: '#deploy.blockedByRollback',
    actions: 'recordOutcome',
    description: 'Production was rolled back, or taken back to older code under another name.',
  },
  'production.disabled': {
    target: '#deploy.disabled',
    actions: 'recordOutcome',
    description:
      'The kill switch is off, the lane is disabled, or nobody has accepted other protected settings or another log.',
  },
} as const;

/**
 * XState enters the first state without input at every pure transition and throws the result away;
 * were there nothing to read then, it would be an exception each time, and a slow one.
 */
const nobodys = { commit: {}, settings: { lock: { timeoutMs: 0 } } } as DeployRequest;

export const chart = setup({
  types: {
    context: {} as DeployContext,
    input: {} as DeployRequest,
    events: {} as DomainEvent,
    tags: {} as Tag,
    meta: {} as { exit: number },
  },
  actors: {
    acquireLock: service<'acquireLock'>(),
    observe: service<'observe'>(),
    requestBuild: service<'requestBuild'>(),
    requestProductionBuild: service<'requestProductionBuild'>(),
    followBuild: service<'followBuild'>(),
    awaitRelease: service<'awaitRelease'>(),
    checkDynos: service<'checkDynos'>(),
    checkHealth: service<'checkHealth'>(),
    readGates: service<'readGates'>(),
    requestPromotion: service<'requestPromotion'>(),
    followPromotion: service<'followPromotion'>(),
  },
  actions: {
    /** Nothing to remember; the event itself is the record. */
    noteRun: assign({}),
    noteToken: assign(({ event }) =>
      event.type === 'lock.acquired' || event.type === 'lock.reacquired'
        ? { token: event.data.token }
        : {},
    ),
    takeFound: assign(({ event }) =>
      event.type === 'production.found'
        ? {
            gatesPassed: event.data.own,
            shipped: {
              build: null,
              releaseId: event.data.release.id,
              release: event.data.release,
              slug: event.data.slug,
            },
          }
        : {},
    ),
    forgetLock: assign({ token: null }),
    forgetOutcome: assign({ outcome: null }),
    recordOutcome: assign(({ event }) =>
      event.type === 'deploy.superseded' ||
      event.type === 'production.held' ||
      event.type === 'production.disabled' ||
      event.type === 'deploy.failed' ||
      event.type === 'lock.waitTimedOut'
        ? { outcome: event }
        : {},
    ),
  },
  delays: {
    lockTimeout: ({ context }) => context.request.settings.lock.timeoutMs,
  },
  guards: {
    promotes: ({ context }) => context.request.settings.production.deploy === 'promote',
  },
}).createMachine({
  id: 'deploy',
  context: ({ input }) => ({
    request: input ?? nobodys,
    token: null,
    production: null,
    notes: null,
    staging: nothingShipped,
    gatesNewest: 0,
    gatesPassed: false,
    promotion: null,
    shipped: nothingShipped,
    outcome: null,
  }),
  initial: 'queued',
  states: {
    queued: {
      description: 'Asked for; waiting for the lane’s lock.',
      initial: 'waiting',
      states: {
        waiting: {
          description: 'In the lane’s queue, behind the deploy that holds the lock.',
          entry: raise(
            ({ context }): DomainEvent => ({
              type: 'lock.waitTimedOut',
              data: { timeoutMs: context.request.settings.lock.timeoutMs },
            }),
            { id: 'lockTimeout', delay: 'lockTimeout' },
          ),
          exit: cancel('lockTimeout'),
          invoke: {
            id: 'acquireLock',
            src: 'acquireLock',
            input: ({ context: { request } }) => ({
              deploy: request.deploy,
              lane: request.lane,
              commit: request.commit.sha,
              branch: request.branch,
              build: request.build,
              stacking: request.settings.stacking,
              lock: request.settings.lock,
            }),
          },
          on: {
            ...underWay,
            'run.resumed': {
              target: 'waiting',
              reenter: true,
              description: 'The same command runs again: it waits anew, with the whole time-out.',
            },
            'lock.acquired': {
              target: '#deploy.locked',
              actions: 'noteToken',
              description: 'The lane is free, or its holder is gone, and this deploy is next.',
            },
            'deploy.superseded': {
              target: '#deploy.superseded',
              actions: 'recordOutcome',
              description: 'A newer build that is ready to run was given the lane.',
            },
            'lock.waitTimedOut': {
              target: 'gaveUp',
              actions: 'recordOutcome',
              description: 'The lock was not to be had within `lock.timeout`.',
            },
            'deploy.failed': {
              target: '#deploy.failed',
              actions: 'recordOutcome',
              description: 'The lock could not be asked for.',
            },
          },
        },
        gaveUp: {
          description: 'Waited for the lock until the time-out; nothing was deployed.',
          tags: 'paused',
          meta: { exit: 3 },
          on: {
            'run.resumed': {
              target: 'waiting',
              actions: 'forgetOutcome',
              description: 'The same command runs again: it waits anew.',
            },
          },
        },
      },
    },

    locked: {
      description: 'Holds the lane; reads what production runs and computes the release notes.',
      tags: 'holdsLock',
      invoke: {
        id: 'observe',
        src: 'observe',
        input: ({ context: { request, staging, shipped } }) => ({
          commit: request.commit.sha,
          branch: request.branch,
          repository: request.settings.repository,
          lane: request.lane,
          app: request.settings.production.app,
          overridden: request.override !== null,
          slug: request.settings.production.deploy === 'promote' ? staging.slug : shipped.slug,
        }),
      },
      on: {
        ...whileHolding,
        ...contained,
        'deploy.observed': {
          target: 'deployingStaging',
          actions: assign({
            production: ({ event }) => event.data.production,
            notes: ({ event }) => event.data.notes,
          }),
          description: 'The commit follows on what production runs (or a person overrides order).',
        },
      },
    },

    superseded: {
      description: 'A newer build took its place, or production already contains the commit.',
      tags: 'settled',
      meta: { exit: 0 },
    },

    deployingStaging: {
      description: 'The commit is being released to staging.',
      tags: 'holdsLock',
      initial: 'requesting',
      on: whileHolding,
      states: {
        requesting: {
          description: 'Uploads the commit and asks for its build, unless an earlier try did.',
          invoke: {
            id: 'requestStagingBuild',
            src: 'requestBuild',
            input: ({ context }) => requestedBuild(context, 'staging'),
          },
          on: {
            'staging.buildRequested': {
              target: 'building',
              actions: assign({
                staging: ({ event }) => ({ ...nothingShipped, build: event.data.build }),
              }),
              description: 'Heroku has the build.',
            },
          },
        },
        building: {
          description: 'Heroku builds; its output is followed.',
          invoke: {
            id: 'followStagingBuild',
            src: 'followBuild',
            input: ({ context }) => follow(context, 'staging').build(),
          },
          on: {
            'staging.built': {
              target: 'releasing',
              actions: assign({
                staging: ({ context, event }) => ({
                  ...context.staging,
                  releaseId: event.data.release,
                  slug: event.data.slug,
                }),
              }),
              description: 'The build succeeded and has a release.',
            },
          },
        },
        releasing: {
          description: 'Waits for staging’s release, its release phase included.',
          invoke: {
            id: 'awaitStagingRelease',
            src: 'awaitRelease',
            input: ({ context }) => follow(context, 'staging').release(),
          },
          on: {
            'staging.deployed': {
              target: '#deploy.verifying',
              actions: assign({
                staging: ({ context, event }) => ({
                  ...context.staging,
                  release: event.data.release,
                  slug: event.data.slug,
                }),
              }),
              description: 'The release succeeded and is staging’s current one.',
            },
          },
        },
      },
    },

    verifying: {
      description:
        'Staging is checked (dynos, endpoints, what runs), then production’s gates are read.',
      tags: 'holdsLock',
      initial: 'dynos',
      on: whileHolding,
      states: {
        dynos: {
          description: 'Waits until all of staging’s formation is up on the new release.',
          invoke: {
            id: 'checkStagingDynos',
            src: 'checkDynos',
            input: ({ context }) => follow(context, 'staging').dynos(),
          },
          on: {
            'staging.dynosUp': {
              target: 'settling',
              description: 'Every dyno runs the new release.',
            },
          },
        },
        settling: {
          description:
            'Watches staging’s dynos for `verify.dynos.settle`; asks its endpoints meanwhile and once more at the end.',
          invoke: {
            id: 'checkStagingHealth',
            src: 'checkHealth',
            input: ({ context }) => follow(context, 'staging').health(),
          },
          on: {
            'staging.verified': {
              target: 'gates',
              description:
                'All stayed up, every endpoint answers right, and the release still runs.',
            },
          },
        },
        gates: {
          description: 'Reads what may hold production: rollback, kill switch, order.',
          invoke: {
            id: 'readGates',
            src: 'readGates',
            input: ({ context }) => gates(context),
          },
          on: {
            ...refused,
            'gates.passed': {
              target: '#deploy.production',
              actions: assign({
                gatesNewest: ({ event }) => event.data.newest,
                gatesPassed: true,
              }),
              description: 'No rollback holds production, the switch is on, the order is right.',
            },
          },
        },
      },
    },

    blockedByRollback: {
      description:
        'Production was taken back to older code; deploys are held until a person lifts it.',
      tags: ['settled', 'held'],
      meta: { exit: 0 },
      on: {
        'deploy.resumed': {
          target: 'queued',
          actions: 'forgetOutcome',
          description: 'A person lifted the hold: queue again, and check all anew.',
        },
      },
    },

    disabled: {
      description: 'A switch is off, or what differs from the last live deploy has to be accepted.',
      tags: ['settled', 'held'],
      meta: { exit: 0 },
      on: {
        'deploy.resumed': {
          target: 'queued',
          actions: 'forgetOutcome',
          description: 'A person lets it go on: queue again, and check all anew.',
        },
      },
    },

    production: {
      description: 'Production is deployed, verified, then live.',
      initial: 'deploying',
      states: {
        deploying: {
          description: 'The commit is being released to production.',
          tags: 'holdsLock',
          initial: 'choosing',
          on: whileHolding,
          states: {
            choosing: {
              description: 'Promotes what staging verified, or builds, as the configuration says.',
              always: [
                {
                  guard: 'promotes',
                  target: 'promoting',
                  description: '`production.heroku.deploy` is `promote`.',
                },
                {
                  target: 'requesting',
                  description: '`production.heroku.deploy` is `build`.',
                },
              ],
            },
            promoting: {
              description:
                'Reads the gates once more and asks for the promotion of the verified release, unless an earlier try did.',
              invoke: {
                id: 'requestPromotion',
                src: 'requestPromotion',
                input: ({ context }) => ({
                  source: {
                    app: context.request.settings.staging.app,
                    release: known(context.staging.release, 'staging release'),
                  },
                  target: { app: context.request.settings.production.app },
                  slug: known(context.staging.slug, 'slug'),
                  after: context.gatesNewest,
                  gates: gates(context),
                }),
              },
              on: {
                ...refused,
                'production.promotionRequested': {
                  target: 'promotionRunning',
                  actions: assign({
                    promotion: ({ event }) => event.data.promotion,
                    shipped: ({ context, event }) => ({
                      ...nothingShipped,
                      releaseId: event.data.release,
                      slug: context.staging.slug,
                    }),
                  }),
                  description: 'Heroku has the promotion.',
                },
              },
            },
            promotionRunning: {
              description: 'Follows the promotion until production has its release.',
              invoke: {
                id: 'followPromotion',
                src: 'followPromotion',
                input: ({ context }) => ({
                  target: { app: context.request.settings.production.app },
                  promotion: context.promotion,
                  release: context.shipped.releaseId,
                  timeoutMs: context.request.settings.production.timeoutMs,
                }),
              },
              on: {
                'production.promoted': {
                  target: 'releasing',
                  actions: assign({
                    shipped: ({ context, event }) => ({
                      ...context.shipped,
                      releaseId: event.data.release,
                    }),
                  }),
                  description: 'Production has a release of the promoted slug.',
                },
              },
            },
            requesting: {
              description:
                'Reads the gates once more and asks for production’s build, unless an earlier try did.',
              invoke: {
                id: 'requestProductionBuild',
                src: 'requestProductionBuild',
                input: ({ context }) => ({
                  ...requestedBuild(context, 'production'),
                  gates: gates(context),
                }),
              },
              on: {
                ...refused,
                'production.buildRequested': {
                  target: 'building',
                  actions: assign({
                    shipped: ({ event }) => ({ ...nothingShipped, build: event.data.build }),
                  }),
                  description: 'Heroku has the build.',
                },
              },
            },
            building: {
              description: 'Heroku builds for production; its output is followed.',
              invoke: {
                id: 'followProductionBuild',
                src: 'followBuild',
                input: ({ context }) => follow(context, 'production').build(),
              },
              on: {
                'production.built': {
                  target: 'releasing',
                  actions: assign({
                    shipped: ({ context, event }) => ({
                      ...context.shipped,
                      releaseId: event.data.release,
                      slug: event.data.slug,
                    }),
                  }),
                  description: 'The build succeeded and has a release.',
                },
              },
            },
            releasing: {
              description: 'Waits for production’s release, its release phase included.',
              invoke: {
                id: 'awaitProductionRelease',
                src: 'awaitRelease',
                input: ({ context }) => follow(context, 'production').release(),
              },
              on: {
                'production.deployed': {
                  target: '#deploy.production.verifying',
                  actions: assign({
                    shipped: ({ context, event }) => ({
                      ...context.shipped,
                      release: event.data.release,
                      slug: event.data.slug,
                    }),
                  }),
                  description: 'The release succeeded and is production’s current one.',
                },
              },
            },
          },
        },
        verifying: {
          description: 'Production is checked against the new release.',
          tags: 'holdsLock',
          initial: 'dynos',
          on: whileHolding,
          states: {
            dynos: {
              description: 'Waits until all of production’s formation is up on the new release.',
              invoke: {
                id: 'checkProductionDynos',
                src: 'checkDynos',
                input: ({ context }) => follow(context, 'production').dynos(),
              },
              on: {
                'production.dynosUp': {
                  target: 'settling',
                  description: 'Every dyno runs the new release.',
                },
              },
            },
            settling: {
              description:
                'Watches production’s dynos for `verify.dynos.settle`; asks its endpoints meanwhile and once more at the end.',
              invoke: {
                id: 'checkProductionHealth',
                src: 'checkHealth',
                input: ({ context }) => follow(context, 'production').health(),
              },
              on: {
                'production.verified': {
                  target: '#deploy.production.live',
                  description:
                    'All stayed up, every endpoint answers right, and the release still runs.',
                },
              },
            },
          },
        },
        live: {
          description: 'The commit runs in production and is verified.',
          tags: 'settled',
          meta: { exit: 0 },
        },
      },
    },

    failed: {
      description: 'A step failed, with which and why.',
      tags: 'settled',
      meta: { exit: 1 },
    },
  },
});

export type Chart = typeof chart;
