/**
 * The chart: what may happen to a deploy, and what happens next. Pure; read it top to bottom.
 *
 * States invoke services by name (`services.ts`); the runtime carries them out once the transition that asked for them
 * is in the log. Every state says what it means, every transition why it is taken. Each environment is the same block of
 * states (`environment-block.ts`): staging in `deployingStaging` and `verifying`, a canary in its place there too, or
 * between the two in `production.canary`.
 */
import { cancel, raise } from 'xstate';
import { formatDuration } from '../format/duration.ts';
import { base } from './chart-setup.ts';
import { toFailure } from './codec.ts';
import { nothingShipped } from './context.ts';
import { gatesInput, observeInput, restoring, shipping, verifying } from './environment-block.ts';
import type { DeployRequest, DomainEvent } from './events.ts';
import type { ServiceInput } from './services.ts';

export type { StateMeta, Tag } from './chart-setup.ts';
export type { DeployContext, Outcome, Shipment } from './context.ts';

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

/** To the canary's restoring, where the deploy ends while only a part of production may have the commit. */
const takenBack = <D extends string>(description: D) =>
  ({
    guard: 'isExposed',
    target: '#deploy.production.restoring',
    actions: 'recordOutcome',
    description,
  }) as const;

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

/** Wherever the lane is held and production does not run the commit yet: the canary may, since this try or an earlier one. */
const beforeProduction = {
  ...whileHolding,
  'deploy.failed': [
    takenBack('The step failed, and a part of production has the commit.'),
    whileHolding['deploy.failed'],
  ],
} as const;

/** Wherever the canary may have been given the commit, known or not: a run may have ended before it recorded that. */
const whileGiven = {
  ...whileHolding,
  'lock.lost': { ...whileHolding['lock.lost'], actions: ['forgetLock', 'noteExposed'] },
  'deploy.failed': {
    target: '#deploy.production.restoring',
    actions: 'recordOutcome',
    description: 'The step failed; a part of production may have the commit.',
  },
} as const;

/** Production needs no write: it has the commit, or may not have it. */
const contained = {
  'deploy.superseded': [
    takenBack('Production has this commit, or runs another; only the canary was given it here.'),
    {
      target: '#deploy.superseded',
      actions: 'recordOutcome',
      description: 'Production has this commit, or runs one that it does not follow on.',
    },
  ],
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
  'production.held': [
    takenBack('Production was taken back, or is to be, while a part of it was given the commit.'),
    {
      target: '#deploy.blockedByRollback',
      actions: 'recordOutcome',
      description:
        'Production was taken back to older code, by whatever name; or a person has ordered that, and waits for the lane.',
    },
  ],
  'production.disabled': [
    takenBack('A switch is off, while a part of production was given the commit.'),
    {
      target: '#deploy.disabled',
      actions: 'recordOutcome',
      description:
        'The kill switch is off, the lane is disabled, or nobody has accepted other protected settings or another log.',
    },
  ],
} as const;

/** XState enters the first state without input at every pure transition; its input has to be readable then too. */
const noRequest = { commit: {}, settings: { lock: { timeoutMs: 0 } } } as DeployRequest;

/** From a canary's share to the next one, or on. */
const shares = (again: string, on: string, description: string) => [
  {
    guard: 'hasMoreShares',
    target: again,
    actions: 'noteShareDone',
    description: 'The next share of the traffic is given the same artifact.',
  } as const,
  { target: on, description },
];

/** To the end that the deploy had come to when its canary had to be taken back. */
const asItEnds = (actions: 'noteNotExposed' | 'noteLeft', what: string) => [
  {
    guard: 'endedBy production.held',
    target: '#deploy.blockedByRollback',
    actions,
    description: `${what}; the rollback holds it.`,
  } as const,
  {
    guard: 'endedBy production.disabled',
    target: '#deploy.disabled',
    actions,
    description: `${what}; a switch holds it.`,
  } as const,
  {
    guard: 'endedBy deploy.superseded',
    target: '#deploy.superseded',
    actions,
    description: `${what}; order or a newer build forbids it.`,
  } as const,
  {
    guard: 'endedBy lock.waitTimedOut',
    target: '#deploy.queued.gaveUp',
    actions,
    description: `${what}; the deploy gave up waiting.`,
  } as const,
  {
    target: '#deploy.failed',
    actions,
    description: `${what}; the deploy failed.`,
  } as const,
];

/** In the queue, where it ends there while the canary may have the commit: the lane is needed once more. */
const waitsToTakeBack = <D extends string>(description: D) =>
  ({ guard: 'isExposed', target: 'returning', actions: 'recordOutcome', description }) as const;

/** The lane was not to be had for the canary's way back. */
const laneBusy = (timeoutMs: number): DomainEvent =>
  toFailure('acquireLockToRestore', {
    code: 'E_LANE_BUSY',
    message: `the lane was not free within ${formatDuration(timeoutMs)}`,
    hint: 'See who holds it: pipeline status. Go back on the canary by hand, or deploy the next commit.',
    details: { timeoutMs },
  });

const couldNot = 'The canary could not be taken back, and may still run the commit';

/** Waits for the lane, for as long as that may take. @param late what happens then */
function awaitsLane(
  id: 'acquireLock' | 'acquireLockToRestore',
  purpose: ServiceInput<'acquireLock'>['purpose'],
  late: (timeoutMs: number) => DomainEvent,
) {
  return base.createStateConfig({
    entry: raise(({ context }) => late(context.request.settings.lock.timeoutMs), {
      id: 'lockTimeout',
      delay: 'lockTimeout',
    }),
    exit: cancel('lockTimeout'),
    invoke: {
      id,
      src: 'acquireLock',
      input: ({ context: { request } }) => ({
        deploy: request.deploy,
        lane: request.lane,
        commit: request.commit.sha,
        branch: request.branch,
        build: request.build,
        stacking: request.settings.stacking,
        lock: request.settings.lock,
        purpose,
      }),
    },
  });
}

const canarySubmitting = {
  submitting:
    'Reads production’s gates and gives the canary the commit or what staging verified; unless an earlier try did.',
  refusals: refused,
};

export const chart = base.createMachine({
  id: 'deploy',
  context: ({ input }) => ({
    request: input ?? noRequest,
    token: null,
    observed: null,
    notes: null,
    staging: nothingShipped,
    canary: nothingShipped,
    production: nothingShipped,
    isExposed: false,
    isLeft: false,
    cursors: { canary: null, production: null },
    lifts: null,
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
          ...awaitsLane('acquireLock', 'deploy', (timeoutMs) => ({
            type: 'lock.waitTimedOut',
            data: { timeoutMs },
          })),
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
            'deploy.superseded': [
              waitsToTakeBack('A newer build was given the lane, and the canary may run this one.'),
              {
                target: '#deploy.superseded',
                actions: 'recordOutcome',
                description: 'A newer build that is ready to run was given the lane.',
              },
            ],
            'lock.waitTimedOut': [
              waitsToTakeBack('The lock was not to be had, and the canary may run the commit.'),
              {
                target: 'gaveUp',
                actions: 'recordOutcome',
                description: 'The lock was not to be had within `lock.timeout`.',
              },
            ],
            'deploy.failed': [
              waitsToTakeBack('The lock could not be asked for; the canary may run the commit.'),
              {
                target: '#deploy.failed',
                actions: 'recordOutcome',
                description: 'The lock could not be asked for.',
              },
            ],
          },
        },
        returning: {
          description:
            'The deploy does not go on; waits for the lane once more, to take the canary back.',
          ...awaitsLane('acquireLockToRestore', 'restore', laneBusy),
          on: {
            ...underWay,
            'run.resumed': {
              target: 'returning',
              reenter: true,
              description: 'The same command runs again: it waits anew, with the whole time-out.',
            },
            'lock.acquired': {
              target: '#deploy.production.restoring',
              actions: 'noteToken',
              description: 'The lane is free: the canary can be taken back.',
            },
            'deploy.failed': asItEnds('noteLeft', couldNot),
          },
        },
        gaveUp: {
          description: 'Waited for the lock until the time-out; nothing more was deployed.',
          tags: 'paused',
          meta: {
            exit: 3,
            next: 'Run its CI job or command again, or: pipeline resume DEPLOY --reason "…"',
          },
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
        input: ({ context }) => observeInput(context),
      },
      on: {
        ...beforeProduction,
        ...contained,
        'deploy.observed': [
          {
            guard: 'startsAtCanary',
            target: 'deployingStaging.canary',
            actions: 'noteObserved',
            description: 'The commit may ship, and the canary stands in staging’s place.',
          },
          {
            target: 'deployingStaging',
            actions: 'noteObserved',
            description:
              'The commit follows on what production runs (or a person overrides order).',
          },
        ],
      },
    },

    superseded: {
      description: 'A newer build took its place, or production already contains the commit.',
      tags: 'settled',
      meta: { exit: 0 },
    },

    deployingStaging: {
      description: 'The commit is being released to staging, or to the canary in its place.',
      tags: 'holdsLock',
      initial: 'submitting',
      on: beforeProduction,
      states: {
        ...shipping(
          'staging',
          {
            submitting:
              'Gives the target the commit to build and release, unless an earlier try did.',
            refusals: {},
          },
          {
            target: '#deploy.verifying',
            description: 'The release succeeded and is staging’s current one.',
          },
        ),
        canary: {
          description: 'A part of production is given the commit first, in staging’s place.',
          initial: 'submitting',
          on: whileGiven,
          states: shipping('canary', canarySubmitting, {
            target: '#deploy.verifying.canary',
            description: 'The release succeeded and is the canary’s current one.',
          }),
        },
      },
    },

    verifying: {
      description:
        'Staging, or the canary in its place, is checked (instances, endpoints, what runs), then production’s gates are read.',
      tags: ['holdsLock', 'idle'],
      initial: 'starting',
      on: beforeProduction,
      states: {
        ...verifying('staging', [
          {
            target: '#deploy.verifying.gates',
            description: 'Every check held, and the release still runs.',
          },
        ]),
        canary: {
          description: 'The canary is checked, in staging’s place.',
          initial: 'starting',
          on: whileGiven,
          states: verifying(
            'canary',
            shares(
              '#deploy.deployingStaging.canary',
              '#deploy.verifying.gates',
              'Every check held, and the release still runs.',
            ),
          ),
        },
        gates: {
          description: 'Reads what may hold production: rollback, kill switch, order.',
          invoke: {
            id: 'readGates',
            src: 'readGates',
            input: ({ context }) => gatesInput(context),
          },
          on: {
            ...refused,
            'gates.passed': [
              {
                guard: 'hasCanaryToCome',
                target: '#deploy.production.canary',
                actions: 'passGates',
                description: 'Nothing holds production; a part of it comes first.',
              },
              {
                target: '#deploy.production.deploying',
                actions: 'passGates',
                description: 'No rollback holds production, the switch is on, the order is right.',
              },
            ],
          },
        },
      },
    },

    blockedByRollback: {
      description:
        'Production was taken back to older code, or is to be; deploys are held until a person lifts it.',
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
      description: 'Production is deployed, a canary before the rest of it; verified, then live.',
      initial: 'deploying',
      states: {
        canary: {
          description: 'A part of production is given the commit and checked, before the rest.',
          tags: 'holdsLock',
          initial: 'submitting',
          on: whileGiven,
          states: {
            ...shipping('canary', canarySubmitting, {
              target: 'starting',
              description: 'The release succeeded and is the canary’s current one.',
            }),
            ...verifying(
              'canary',
              shares(
                '#deploy.production.canary',
                '#deploy.production.deploying',
                'Every check held: the rest of production follows.',
              ),
            ),
          },
        },
        deploying: {
          description: 'The commit is being released to production.',
          tags: 'holdsLock',
          initial: 'submitting',
          on: beforeProduction,
          states: shipping(
            'production',
            {
              submitting:
                'Reads the gates once more and gives the target what was verified before, or the commit, as the configuration says; unless an earlier try did.',
              refusals: refused,
            },
            {
              target: '#deploy.production.verifying',
              description: 'The release succeeded and is production’s current one.',
            },
          ),
        },
        verifying: {
          description: 'Production is checked against the new release.',
          tags: 'holdsLock',
          initial: 'starting',
          on: whileHolding,
          states: verifying('production', [
            {
              target: '#deploy.production.live',
              description: 'Every check held, and the release still runs.',
            },
          ]),
        },
        restoring: {
          ...restoring,
          on: {
            ...whileHolding,
            'deploy.failed': asItEnds('noteLeft', couldNot),
            'canary.restored': asItEnds(
              'noteNotExposed',
              'The canary was taken back, or runs what it may',
            ),
            'lock.lost': {
              target: '#deploy.queued.returning',
              actions: 'forgetLock',
              description: 'Another deploy was given the lane: it waits, to take the canary back.',
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
        next: 'The whole story: pipeline log DEPLOY. Once the cause is mended, run its CI job or command again.',
      },
    },
  },
});

export type Chart = typeof chart;
