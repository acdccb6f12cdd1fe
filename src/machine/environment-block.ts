/**
 * One environment's part of the chart: the commit is submitted, followed to a release, verified, and baked. Staging, the
 * canary and production are this block, each with its own events and with what is to follow. Pure.
 */
import { base } from './chart-setup.ts';
import { askedBy, type DeployContext, known, settingsOf, verifiedFor } from './context.ts';
import { environmentsOf, firstOf } from './environments.ts';
import type { EnvironmentName, EventType } from './events.ts';
import { protectedOf } from './protected-settings.ts';
import type { GatesInput, InstancesInput, ServiceInput, SubmitInput } from './services.ts';

/** What production runs is asked, and whether it is what an earlier try of this deploy had made. */
export const observeInput = (context: DeployContext): ServiceInput<'observe'> => {
  const { request } = context;
  const first = firstOf(request.settings);
  const isGiven = request.settings.production.submits === 'artifact';
  return {
    commit: request.commit.sha,
    branch: request.branch,
    repository: request.settings.repository,
    lane: request.lane,
    target: request.settings.production.target,
    overridden: request.override !== null,
    givenBy: isGiven ? settingsOf(context, first).target : null,
    artifact: context[isGiven ? first : 'production'].artifact,
  };
};

export const gatesInput = (context: DeployContext): GatesInput => {
  const { request } = context;
  const { canary, production, gates } = request.settings;
  return {
    lane: request.lane,
    target: production.target,
    commit: request.commit.sha,
    killSwitch: gates.killSwitch,
    overridden: request.override !== null,
    passesOver: passedOver(context),
    settings: protectedOf(request),
    canary: canary?.target ?? null,
    sources: environmentsOf(request.settings).map(({ environment }) => environment.target),
  };
};

const passedOver = ({ request, gatesPassed, lifts }: DeployContext): GatesInput['passesOver'] => {
  if (request.manual === undefined) return 'none';
  return gatesPassed ? { release: lifts } : 'any';
};

/** The share of the traffic that is given next, in percent; null where there are none. */
const shareOf = (context: DeployContext, name: EnvironmentName): number | null => {
  const { shares } = settingsOf(context, name);
  return shares === null ? null : known(shares[context[name].sharesDone], 'share');
};

const keyWith = (deploy: string, share: number | null): string =>
  share === null ? deploy : `${deploy}/${share}`;

/** Under which keys the canary may have been given this deploy, the newest first. */
const keysOf = ({ request: { deploy, settings } }: DeployContext): string[] =>
  (settings.canary?.shares ?? [null]).map((share) => keyWith(deploy, share)).reverse();

/** The inputs of an environment's services. */
const inputs = (context: DeployContext, name: EnvironmentName) => {
  const { commit, deploy } = context.request;
  const { target, timeoutMs, verify, bakeMs } = settingsOf(context, name);
  const { work, artifact, releaseId, release } = context[name];
  const share = shareOf(context, name);
  const instances = (): InstancesInput => ({
    target,
    release: known(release, 'release'),
    artifact: known(artifact, 'artifact'),
    timeoutMs: verify.instances.timeoutMs,
    mayHaveNone: verify.waive.includes('no-instances'),
  });
  const checks = () => ({ ...instances(), commit: commit.sha, endpoints: verify.endpoints });
  return {
    submit: (): SubmitInput => ({
      environment: name,
      target,
      commit: commit.sha,
      verified: verifiedFor(context, name),
      cursor: name === 'staging' ? null : context.cursors[name],
      share,
      key: keyWith(deploy, share),
      timeoutMs,
      gates: name === 'staging' ? null : gatesInput(context),
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
    health: () => ({ ...checks(), settleMs: verify.instances.settleMs, bakeMs }),
    bake: () => ({ ...checks(), bakeMs }),
    restore: (): ServiceInput<'restore'> => ({
      lane: context.request.lane,
      target,
      commit: commit.sha,
      keys: keysOf(context),
      production: {
        target: context.request.settings.production.target,
        isGiven: context.production.work !== null,
        observed: context.observed?.commit ?? null,
      },
      asked: askedBy(context),
      timeoutMs,
    }),
  };
};

const words = {
  staging: { title: 'Staging', its: 'staging’s', onceGiven: [], onceRunning: [] },
  canary: { title: 'Canary', its: 'the canary’s', onceGiven: ['noteExposed'], onceRunning: [] },
  production: {
    title: 'Production',
    its: 'production’s',
    onceGiven: [],
    onceRunning: ['noteNotExposed'],
  },
} as const;

/** A transition of whatever the block is part of; `target` by its id. */
export interface Onward {
  readonly guard?: 'hasMoreShares';
  readonly target: string;
  readonly actions?: 'noteShareDone';
  readonly description: string;
}

const eventOf = (name: EnvironmentName) => (word: string) => `${name}.${word}` as EventType;

/**
 * From the commit, or what was verified before, to a release that runs.
 *
 * @param refusals transitions by event: what may forbid the write
 */
export function shipping(
  name: EnvironmentName,
  { submitting, refusals }: { readonly submitting: string; readonly refusals: object },
  released: Onward,
) {
  const { title, its, onceGiven, onceRunning } = words[name];
  const event = eventOf(name);
  return {
    submitting: base.createStateConfig({
      description: submitting,
      invoke: {
        id: `submit${title}`,
        src: 'submit',
        input: ({ context }) => inputs(context, name).submit(),
      },
      on: {
        ...refusals,
        [event('submitted')]: {
          target: 'following',
          actions: ['learn', ...onceGiven],
          description: 'The target has it under way.',
        },
      },
    }),
    following: base.createStateConfig({
      description: 'Follows what the target has under way until there is a release.',
      invoke: {
        id: `follow${title}`,
        src: 'follow',
        input: ({ context }) => inputs(context, name).follow(),
      },
      on: {
        [event('released')]: {
          target: 'releasing',
          actions: 'learn',
          description: 'The target has a release of the commit’s artifact.',
        },
      },
    }),
    releasing: base.createStateConfig({
      description: `Waits until ${its} release is done, and what it runs.`,
      invoke: {
        id: `await${title}Release`,
        src: 'awaitRelease',
        input: ({ context }) => inputs(context, name).release(),
      },
      on: { [event('deployed')]: { ...released, actions: ['learn', ...onceRunning] } },
    }),
  };
}

/** From a release that runs to one whose checks have held for as long as they have to. */
export function verifying(name: EnvironmentName, done: readonly Onward[]) {
  const { title, its } = words[name];
  const event = eventOf(name);
  return {
    starting: base.createStateConfig({
      description: `Waits until all of ${its} instances are up on the new release.`,
      invoke: {
        id: `await${title}Instances`,
        src: 'awaitInstances',
        input: ({ context }) => inputs(context, name).instances(),
      },
      on: {
        [event('instancesUp')]: {
          target: 'settling',
          description: 'Every instance runs the new release.',
        },
      },
    }),
    settling: base.createStateConfig({
      description: `Watches ${its} instances for as long as they have to settle; asks its endpoints meanwhile and once more at the end.`,
      invoke: {
        id: `check${title}Health`,
        src: 'checkHealth',
        input: ({ context }) => inputs(context, name).health(),
      },
      on: {
        [event('verified')]: [
          {
            guard: `${name}Bakes`,
            target: 'baking',
            description:
              'All stayed up, every endpoint answers right; this has to hold for a time.',
          },
          ...done,
        ],
      },
    }),
    baking: base.createStateConfig({
      description: `Goes on checking for as long as \`bake\` says: ${its} instances, its endpoints, and what runs.`,
      invoke: {
        id: `bake${title}`,
        src: 'bake',
        input: ({ context }) => inputs(context, name).bake(),
      },
      on: { [event('baked')]: [...done] },
    }),
  };
}

/** Has the canary run what was verified before. Where it leads is told by why the deploy does not go on. */
export const restoring = base.createStateConfig({
  description:
    'The deploy does not go on: unless production runs the commit, what was verified before runs on the canary again.',
  tags: 'holdsLock',
  invoke: {
    id: 'restoreCanary',
    src: 'restore',
    input: ({ context }) => inputs(context, 'canary').restore(),
  },
});
