/**
 * The chart: what may happen to a deploy, and what happens next. Pure; read it top to bottom.
 *
 * Its events are the log's own words. States invoke services by name (`services.ts`); the runtime
 * carries them out once the transition that asked for them is in the log. Every state says what it
 * means, every transition why it is taken. Tags drive the runtime; `meta.exit` is the exit code of
 * a `pipeline advance` that ends there, `meta.next` what a person can do there, with the command.
 */
import { assign, cancel, fromPromise, raise, setup } from 'xstate';
import type {
  Artifact,
  DeployRequest,
  DomainEvent,
  EnvironmentName,
  EventData,
  Release,
  ReleaseNotes,
  Running,
  Work,
} from './events.ts';
import { protectedOf } from './protected-settings.ts';
import type {
  GatesInput,
  InstancesInput,
  ServiceInput,
  ServiceName,
  ServiceOutput,
  SubmitInput,
} from './services.ts';

/** What the deploy has learnt so far. */
export interface DeployContext {
  request: DeployRequest;
  /** The fencing token under which the lane is held; null before, and where the provider has none. */
  token: number | null;
  /** What production ran when the lane was taken. */
  observed: Running | null;
  notes: ReleaseNotes | null;
  staging: Shipment;
  production: Shipment;
  /** Where production's history ended when the gates were read; null before. */
  cursor: string | null;
  /** What production runs went through this deploy's gates; false where it was found there. */
  gatesPassed: boolean;
  /** The event that ended or held the deploy, when that needs a reason. */
  outcome: Outcome | null;
}

/** One environment's way from what was submitted to a release that runs. */
export interface Shipment {
  work: Work | null;
  artifact: Artifact | null;
  releaseId: string | null;
  release: Release | null;
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
 * - `idle`: nothing is under way at a target; a run that is interrupted there gives the lane back.
 * - `settled`: the run is over; nothing is in flight.
 * - `live`, `failed`: settled so.
 * - `held`: settled, until a person lets it go on.
 * - `paused`: the run is over though the deploy is not; the same command goes on with it.
 */
export type Tag = 'holdsLock' | 'idle' | 'settled' | 'live' | 'failed' | 'held' | 'paused';

export interface StateMeta {
  /** Of a `pipeline advance` that ends there. */
  readonly exit: number;
  /** Whole sentences; `DEPLOY` stands for the deploy's id. Each state that is held, paused or failed has it. */
  readonly next?: string;
}

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

const nothingShipped: Shipment = { work: null, artifact: null, releaseId: null, release: null };

const gates = ({ request }: DeployContext): GatesInput => ({
  lane: request.lane,
  target: request.settings.production.target,
  commit: request.commit.sha,
  killSwitch: request.settings.gates.killSwitch,
  overridden: request.override !== null,
  settings: protectedOf(request),
  sources: [request.settings.staging.target, request.settings.production.target],
});

/** The inputs of an environment's services. */
const inputs = (context: DeployContext, environment: EnvironmentName) => {
  const { commit, deploy, settings } = context.request;
  const { target, timeoutMs, verify } = settings[environment];
  const { work, artifact, releaseId, release } = context[environment];
  const instances = (): InstancesInput => ({
    target,
    release: known(release, 'release'),
    artifact: known(artifact, 'artifact'),
    timeoutMs: verify.instances.timeoutMs,
    mayHaveNone: verify.waive.includes('no-instances'),
  });
  return {
    submit: (): SubmitInput => ({
      target,
      commit: commit.sha,
      verified: environment === 'production' ? verifiedFor(context) : null,
      cursor: environment === 'production' ? context.cursor : null,
      key: deploy,
      timeoutMs,
    }),
    follow: () => ({ target, work: known(work, 'work'), timeoutMs }),
    release: () => ({
      target,
      release: known(releaseId, 'release'),
      commit: commit.sha,
      artifact: known(artifact, 'artifact'),
      timeoutMs,
    }),
    instances,
    health: () => ({
      ...instances(),
      commit: commit.sha,
      settleMs: verify.instances.settleMs,
      endpoints: verify.endpoints,
    }),
  };
};

/** What staging verified, where that is what production is given; null where it is given the commit. */
const verifiedFor = ({ staging, request: { settings } }: DeployContext): SubmitInput['verified'] =>
  settings.production.submits === 'artifact'
    ? {
        artifact: known(staging.artifact, 'artifact'),
        release: known(staging.release, 'release'),
        at: settings.staging.target,
      }
    : null;

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

/** XState enters the first state without input at every pure transition; its input has to be readable then too. */
const noRequest = { commit: {}, settings: { lock: { timeoutMs: 0 } } } as DeployRequest;

const base = setup({
  types: {
    context: {} as DeployContext,
    input: {} as DeployRequest,
    events: {} as DomainEvent,
    tags: {} as Tag,
    meta: {} as StateMeta,
  },
  actors: {
    acquireLock: service<'acquireLock'>(),
    observe: service<'observe'>(),
    submit: service<'submit'>(),
    submitToProduction: service<'submitToProduction'>(),
    follow: service<'follow'>(),
    awaitRelease: service<'awaitRelease'>(),
    awaitInstances: service<'awaitInstances'>(),
    checkHealth: service<'checkHealth'>(),
    readGates: service<'readGates'>(),
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
            production: {
              work: null,
              artifact: event.data.artifact,
              releaseId: event.data.release.id,
              release: event.data.release,
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
});

/** What the events of an environment say of its way to a release that runs. */
const learns = {
  submitted: (verified: Artifact | null, { work }: EventData<'staging.submitted'>): Shipment => ({
    ...nothingShipped,
    work,
    artifact: verified,
  }),
  released: (so: Shipment, { release, artifact }: EventData<'staging.released'>): Shipment => ({
    ...so,
    releaseId: release,
    artifact: artifact ?? so.artifact,
  }),
  deployed: (so: Shipment, { release, artifact }: EventData<'staging.deployed'>): Shipment => ({
    ...so,
    release,
    artifact,
  }),
};

export const chart = base.createMachine({
  id: 'deploy',
  context: ({ input }) => ({
    request: input ?? noRequest,
    token: null,
    observed: null,
    notes: null,
    staging: nothingShipped,
    production: nothingShipped,
    cursor: null,
    gatesPassed: false,
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
          meta: { exit: 3, next: 'Run its CI job again, or: pipeline resume DEPLOY --reason "…"' },
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
      tags: ['holdsLock', 'idle'],
      invoke: {
        id: 'observe',
        src: 'observe',
        input: ({ context: { request, staging, production } }) => ({
          commit: request.commit.sha,
          branch: request.branch,
          repository: request.settings.repository,
          lane: request.lane,
          target: request.settings.production.target,
          overridden: request.override !== null,
          givenBy:
            request.settings.production.submits === 'artifact'
              ? request.settings.staging.target
              : null,
          artifact:
            request.settings.production.submits === 'artifact'
              ? staging.artifact
              : production.artifact,
        }),
      },
      on: {
        ...whileHolding,
        ...contained,
        'deploy.observed': {
          target: 'deployingStaging',
          actions: assign({
            observed: ({ event }) => event.data.production,
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
      initial: 'submitting',
      on: whileHolding,
      states: {
        submitting: {
          description:
            'Gives the target the commit to build and release, unless an earlier try did.',
          invoke: {
            id: 'submitStaging',
            src: 'submit',
            input: ({ context }) => inputs(context, 'staging').submit(),
          },
          on: {
            'staging.submitted': {
              target: 'following',
              actions: assign({
                staging: ({ event }) => learns.submitted(null, event.data),
              }),
              description: 'The target has it under way.',
            },
          },
        },
        following: {
          description: 'Follows what the target has under way until there is a release.',
          invoke: {
            id: 'followStaging',
            src: 'follow',
            input: ({ context }) => inputs(context, 'staging').follow(),
          },
          on: {
            'staging.released': {
              target: 'releasing',
              actions: assign({
                staging: ({ context, event }) => learns.released(context.staging, event.data),
              }),
              description: 'The target has a release of the commit’s artifact.',
            },
          },
        },
        releasing: {
          description: 'Waits until staging’s release is done, and what it runs.',
          invoke: {
            id: 'awaitStagingRelease',
            src: 'awaitRelease',
            input: ({ context }) => inputs(context, 'staging').release(),
          },
          on: {
            'staging.deployed': {
              target: '#deploy.verifying',
              actions: assign({
                staging: ({ context, event }) => learns.deployed(context.staging, event.data),
              }),
              description: 'The release succeeded and is staging’s current one.',
            },
          },
        },
      },
    },

    verifying: {
      description:
        'Staging is checked (instances, endpoints, what runs), then production’s gates are read.',
      tags: ['holdsLock', 'idle'],
      initial: 'starting',
      on: whileHolding,
      states: {
        starting: {
          description: 'Waits until all of staging’s instances are up on the new release.',
          invoke: {
            id: 'awaitStagingInstances',
            src: 'awaitInstances',
            input: ({ context }) => inputs(context, 'staging').instances(),
          },
          on: {
            'staging.instancesUp': {
              target: 'settling',
              description: 'Every instance runs the new release.',
            },
          },
        },
        settling: {
          description:
            'Watches staging’s instances for as long as they have to settle; asks its endpoints meanwhile and once more at the end.',
          invoke: {
            id: 'checkStagingHealth',
            src: 'checkHealth',
            input: ({ context }) => inputs(context, 'staging').health(),
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
                cursor: ({ event }) => event.data.cursor,
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
      meta: {
        exit: 0,
        next: 'Once the cause is mended: pipeline resume DEPLOY --reason "…"',
      },
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
      meta: {
        exit: 0,
        next: 'What that takes: pipeline log DEPLOY. Then: pipeline resume DEPLOY --reason "…"',
      },
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
          initial: 'submitting',
          on: whileHolding,
          states: {
            submitting: {
              description:
                'Reads the gates once more and gives the target what staging verified, or the commit, as the configuration says; unless an earlier try did.',
              invoke: {
                id: 'submitProduction',
                src: 'submitToProduction',
                input: ({ context }) => ({
                  ...inputs(context, 'production').submit(),
                  gates: gates(context),
                }),
              },
              on: {
                ...refused,
                'production.submitted': {
                  target: 'following',
                  actions: assign({
                    production: ({ context, event }) =>
                      learns.submitted(verifiedFor(context)?.artifact ?? null, event.data),
                  }),
                  description: 'The target has it under way.',
                },
              },
            },
            following: {
              description: 'Follows what the target has under way until there is a release.',
              invoke: {
                id: 'followProduction',
                src: 'follow',
                input: ({ context }) => inputs(context, 'production').follow(),
              },
              on: {
                'production.released': {
                  target: 'releasing',
                  actions: assign({
                    production: ({ context, event }) =>
                      learns.released(context.production, event.data),
                  }),
                  description: 'The target has a release of the commit’s artifact.',
                },
              },
            },
            releasing: {
              description: 'Waits until production’s release is done, and what it runs.',
              invoke: {
                id: 'awaitProductionRelease',
                src: 'awaitRelease',
                input: ({ context }) => inputs(context, 'production').release(),
              },
              on: {
                'production.deployed': {
                  target: '#deploy.production.verifying',
                  actions: assign({
                    production: ({ context, event }) =>
                      learns.deployed(context.production, event.data),
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
          initial: 'starting',
          on: whileHolding,
          states: {
            starting: {
              description: 'Waits until all of production’s instances are up on the new release.',
              invoke: {
                id: 'awaitProductionInstances',
                src: 'awaitInstances',
                input: ({ context }) => inputs(context, 'production').instances(),
              },
              on: {
                'production.instancesUp': {
                  target: 'settling',
                  description: 'Every instance runs the new release.',
                },
              },
            },
            settling: {
              description:
                'Watches production’s instances for as long as they have to settle; asks its endpoints meanwhile and once more at the end.',
              invoke: {
                id: 'checkProductionHealth',
                src: 'checkHealth',
                input: ({ context }) => inputs(context, 'production').health(),
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
          tags: ['settled', 'live'],
          meta: { exit: 0 },
        },
      },
    },

    failed: {
      description: 'A step failed, with which and why.',
      tags: ['settled', 'failed'],
      meta: {
        exit: 1,
        next: 'The whole story: pipeline log DEPLOY. Once the cause is mended, run its CI job again.',
      },
    },
  },
});

export type Chart = typeof chart;
