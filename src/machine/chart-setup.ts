/**
 * What the chart is made of: the services that it invokes, its guards and its actions. Pure.
 *
 * Its events are the log's own words. Tags drive the runtime; `meta.exit` is the exit code of a `pipeline advance` that
 * ends there, `meta.next` what a person can do there, with the command.
 */
import { assign, fromPromise, setup } from 'xstate';
import { type DeployContext, learnt, nothingShipped, type Outcome } from './context.ts';
import { firstOf } from './environments.ts';
import {
  type DeployRequest,
  type DomainEvent,
  type EnvironmentName,
  endings,
  environmentNames,
} from './events.ts';
import type { ServiceInput, ServiceName, ServiceOutput } from './services.ts';

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

/** Whose event it is; null for one of the whole deploy. */
const environmentOf = ({ type }: DomainEvent): EnvironmentName | null =>
  environmentNames.find((name) => type.startsWith(`${name}.`)) ?? null;

const bakes =
  (name: EnvironmentName) =>
  ({ context: { request } }: { context: DeployContext }): boolean =>
    (request.settings[name]?.bakeMs ?? 0) > 0;

const outcomes = [...endings, 'lock.waitTimedOut'] as const;

const endedBy = Object.fromEntries(
  outcomes.map((type) => [
    `endedBy ${type}`,
    ({ context: { outcome } }: { context: DeployContext }): boolean => outcome?.type === type,
  ]),
) as Record<`endedBy ${Outcome['type']}`, (_: { context: DeployContext }) => boolean>;

const isOutcome = (event: DomainEvent): event is Outcome =>
  outcomes.some((type) => type === event.type);

export const base = setup({
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
    follow: service<'follow'>(),
    awaitRelease: service<'awaitRelease'>(),
    awaitInstances: service<'awaitInstances'>(),
    checkHealth: service<'checkHealth'>(),
    bake: service<'bake'>(),
    readGates: service<'readGates'>(),
    restore: service<'restore'>(),
  },
  guards: {
    startsAtCanary: ({ context }) => firstOf(context.request.settings) === 'canary',
    hasCanaryToCome: ({ context: { request } }) =>
      request.settings.staging !== null && request.settings.canary !== null,
    hasMoreShares: ({ context: { request, canary } }) =>
      canary.sharesDone + 1 < (request.settings.canary?.shares?.length ?? 1),
    stagingBakes: bakes('staging'),
    canaryBakes: bakes('canary'),
    productionBakes: bakes('production'),
    isExposed: ({ context }) => context.isExposed,
    ...endedBy,
  },
  actions: {
    /** Nothing to remember; the event itself is the record. */
    noteRun: assign({}),
    noteToken: assign(({ event }) =>
      event.type === 'lock.acquired' || event.type === 'lock.reacquired'
        ? { token: event.data.token }
        : {},
    ),
    noteObserved: assign(({ event }) =>
      event.type === 'deploy.observed'
        ? {
            observed: event.data.production,
            notes: event.data.notes,
            canary: nothingShipped,
          }
        : {},
    ),
    learn: assign(({ context, event }) => {
      const name = environmentOf(event);
      return name === null ? {} : { [name]: learnt(context, name, event) };
    }),
    noteExposed: assign({ isExposed: true }),
    noteNotExposed: assign({ isExposed: false }),
    noteLeft: assign({ isLeft: true }),
    noteShareDone: assign(({ context: { canary } }) => ({
      canary: { ...canary, sharesDone: canary.sharesDone + 1 },
    })),
    passGates: assign(({ event }) =>
      event.type === 'gates.passed'
        ? {
            cursors: { canary: event.data.canaryCursor ?? null, production: event.data.cursor },
            lifts: event.data.lifts?.release.id ?? null,
            gatesPassed: true,
          }
        : {},
    ),
    takeFound: assign(({ event }) =>
      event.type === 'production.found'
        ? {
            gatesPassed: event.data.own,
            isExposed: false,
            production: {
              ...nothingShipped,
              artifact: event.data.artifact,
              releaseId: event.data.release.id,
              release: event.data.release,
            },
          }
        : {},
    ),
    forgetLock: assign({ token: null }),
    forgetOutcome: assign({ outcome: null, isLeft: false }),
    recordOutcome: assign(({ event }) => (isOutcome(event) ? { outcome: event } : {})),
  },
  delays: {
    lockTimeout: ({ context }) => context.request.settings.lock.timeoutMs,
  },
});
