/** What comes next in the sandbox's world: dynos that crash, people who roll back, replies that get lost. */
import { z } from 'zod';
import { type Fault, type Faults, faultKinds } from './faults.ts';
import { type App, type Release, type Timing, user } from './heroku/state.ts';
import type { Outage } from './heroku/web.ts';
import type { HerokuWorld } from './heroku/world.ts';
import { services } from './service.ts';

const app = z.string();
const sha = z.string().regex(/^[0-9a-f]{40}$/);
const milliseconds = z.number().nonnegative();

/** Each verb's input, as `POST /<verb>` of the control service takes it. */
export const verbs = {
  /** Everything as it was at first, but for ids: none comes twice. */
  reset: z.strictObject({}),
  /** A succeeded release of this commit, made by a person or an earlier deploy. */
  seed: z.strictObject({
    app,
    commit: sha,
    description: z.string().optional(),
    by: z.string().optional(),
    /** What its slug says that it was made of; the commit when left out. */
    named: z.string().nullable().optional(),
  }),
  setFormation: z.strictObject({ app, type: z.string(), quantity: z.int().nonnegative() }),
  setPreboot: z.strictObject({ app, enabled: z.boolean() }),
  /** The release phase's command; null takes it away. */
  setReleasePhase: z.strictObject({ app, command: z.string().nullable() }),
  setMaintenance: z.strictObject({ app, enabled: z.boolean() }),
  failNextBuild: z.strictObject({ app }),
  failNextReleasePhase: z.strictObject({ app }),
  /** The first dyno of the next release crashes. */
  crashNextDyno: z.strictObject({ app }),
  /** A dyno that is up crashes now. */
  crashDyno: z.strictObject({ app }),
  /** A dyno is restarted, as Heroku does once a day. */
  restartDyno: z.strictObject({ app }),
  failPromotion: z.strictObject({}),
  /** The next promotion makes its release and fails all the same. */
  partialPromotion: z.strictObject({}),
  /** The app's endpoints answer so, for a while, or until they are up again: that is the default. */
  endpointDown: z.strictObject({
    app,
    status: z.int().min(200).max(599).optional(),
    forMs: milliseconds.optional(),
    forever: z.literal(true).optional(),
  }),
  endpointUp: z.strictObject({ app }),
  /** A person rolls back: to the release before the current code, or to that version. */
  rollback: z.strictObject({ app, byUser: z.string(), to: z.int().positive().optional() }),
  /** A person releases the code of an older version again, by any words; by default they say nothing of it. */
  releaseAgain: z.strictObject({
    app,
    version: z.int().positive(),
    description: z.string().optional(),
    byUser: z.string(),
  }),
  /** Heroku forgets the artifact of that release, which ran in its time. */
  expireRelease: z.strictObject({ app, version: z.int().positive() }),
  /** A person changes config vars; null removes one. */
  setConfig: z.strictObject({
    app,
    vars: z.record(z.string(), z.string().nullable()),
    byUser: z.string(),
  }),
  /** A person pushes a commit. */
  deploy: z.strictObject({ app, commit: sha, byUser: z.string() }),
  /** Lists of builds and releases show nothing new for so long. */
  staleReads: z.strictObject({ app, forMs: milliseconds }),
  /** Where the app stands in the pipeline; null takes it out. */
  setStage: z.strictObject({
    app,
    stage: z.enum(['review', 'development', 'staging', 'production']).nullable(),
  }),
  /** The app's database; a plan of null takes it away. */
  setDatabase: z.strictObject({
    app,
    plan: z.string().nullable(),
    connectionsMax: z.int().positive().default(120),
    isPooled: z.boolean().default(false),
  }),
  /** Heroku deploys the branch by itself whenever it is pushed; null: the app is not connected to GitHub. */
  setAutoDeploy: z.strictObject({ app, branch: z.string().nullable() }),
  setReviewApps: z.strictObject({ automatic: z.boolean().nullable() }),
  /** What the account's token may do. */
  setTokenScope: z.strictObject({ scope: z.array(z.string()).min(1) }),
  setTiming: z.strictObject({
    buildMs: milliseconds.optional(),
    releasePhaseMs: milliseconds.optional(),
    promotionMs: milliseconds.optional(),
    dynoBootMs: milliseconds.optional(),
    prebootMs: milliseconds.optional(),
  }),
  setRepository: z.strictObject({ path: z.string() }),
  fault: z.strictObject({
    service: z.enum(services),
    method: z.string().optional(),
    /** A regular expression. */
    path: z.string().optional(),
    kind: z.enum(faultKinds),
    status: z.int().min(200).max(599).optional(),
    delayMs: milliseconds.optional(),
    times: z.int().positive().optional(),
    skip: z.int().nonnegative().optional(),
  }),
  clearFaults: z.strictObject({}),
} as const;

export type Verb = keyof typeof verbs;
export type Control = { readonly [V in Verb]: (input: z.input<(typeof verbs)[V]>) => void };

export interface ControlOptions {
  /** As it is now: brought up to now each time. */
  readonly world: () => HerokuWorld;
  readonly faults: Faults;
  readonly outages: Map<string, Outage>;
  readonly setRepository: (path: string) => void;
  readonly reset: () => void;
}

export function createControl(options: ControlOptions): Control {
  const { world, faults, outages, setRepository, reset } = options;
  const named = (name: string): App => {
    const found = world().app(name);
    if (found === undefined) throw new Error(`the sandbox has no app ${name}`);
    return found;
  };
  return {
    reset: () => reset(),
    ...createPeople(world, named),
    ...createSettings(world, named),
    setFormation: ({ app: name, type, quantity }) => world().scale(named(name), type, quantity),
    setPreboot({ app: name, enabled }) {
      named(name).preboot = enabled;
    },
    setReleasePhase({ app: name, command }) {
      named(name).releasePhase = command;
    },
    setMaintenance({ app: name, enabled }) {
      named(name).maintenance = enabled;
    },
    failNextBuild({ app: name }) {
      named(name).next.buildFails = true;
    },
    failNextReleasePhase({ app: name }) {
      named(name).next.phaseFails = true;
    },
    crashNextDyno({ app: name }) {
      named(name).next.dynoCrashes = true;
    },
    crashDyno: ({ app: name }) => world().crashDyno(named(name)),
    restartDyno: ({ app: name }) => world().restartDyno(named(name)),
    failPromotion() {
      world().pipeline.nextPromotion = 'fails';
    },
    partialPromotion() {
      world().pipeline.nextPromotion = 'fails-in-part';
    },
    endpointDown({ app: name, status = 503, forMs, forever }) {
      const lasts = forever === true || forMs === undefined ? Number.POSITIVE_INFINITY : forMs;
      outages.set(named(name).name, { status, until: world().now + lasts });
    },
    endpointUp: ({ app: name }) => void outages.delete(named(name).name),
    staleReads({ app: name, forMs }) {
      const from = named(name);
      const shown = new Set<object>([...from.builds, ...from.releases]);
      from.stale = { shown, until: world().now + forMs };
    },
    setTiming(timing) {
      const given = Object.fromEntries(Object.entries(timing).filter(([, ms]) => ms !== undefined));
      const here = world();
      here.timing = { ...here.timing, ...(given as Partial<Timing>) };
    },
    setRepository: ({ path }) => setRepository(path),
    fault: (fault) => faults.arm(fault as Fault),
    clearFaults: () => faults.clear(),
  };
}

/** What somebody chose at Heroku. */
function createSettings(
  world: () => HerokuWorld,
  named: (name: string) => App,
): Pick<Control, 'setStage' | 'setDatabase' | 'setAutoDeploy' | 'setReviewApps' | 'setTokenScope'> {
  return {
    setStage: ({ app: name, stage }) => world().pipeline.setStage(named(name), stage),
    setDatabase({ app: name, plan, connectionsMax = 120, isPooled = false }) {
      const made = plan === null ? null : { plan, connectionsMax, connections: 11, isPooled };
      world().setDatabase(named(name), made);
    },
    setAutoDeploy({ app: name, branch }) {
      named(name).gitHub = branch === null ? null : { repo: 'acme/web', branch, autoDeploy: true };
    },
    setReviewApps({ automatic }) {
      world().pipeline.reviewApps = automatic === null ? null : { automatic };
    },
    setTokenScope({ scope }) {
      world().tokenScope = scope;
    },
  };
}

/** What people do to an app, or did before the story begins. */
function createPeople(
  world: () => HerokuWorld,
  named: (name: string) => App,
): Pick<Control, 'seed' | 'rollback' | 'releaseAgain' | 'expireRelease' | 'setConfig' | 'deploy'> {
  return {
    seed({ app: name, commit, description = `Deploy ${commit.slice(0, 8)}`, by, ...of }) {
      const to = named(name);
      const slug = world().slug(of.named === undefined ? commit : of.named).id;
      world().release(to, { slug, description, by: by ?? user, skipsPhase: true });
    },
    rollback({ app: name, byUser, to }) {
      const from = named(name);
      const target = to === undefined ? releaseBefore(world(), from) : from.releases[to - 1];
      if (target === undefined || target.status !== 'succeeded' || target.slug === null) {
        throw new Error(`${name} has no such release to roll back to`);
      }
      world().rollback(from, target, byUser);
    },
    releaseAgain({ app: name, version, description = '', byUser }) {
      const to = named(name);
      const { slug } = releaseOf(to, version);
      world().release(to, { slug, description, by: byUser });
    },
    expireRelease({ app: name, version }) {
      releaseOf(named(name), version).status = 'expired';
    },
    setConfig: ({ app: name, vars, byUser }) => void world().setConfig(named(name), vars, byUser),
    deploy({ app: name, commit, byUser }) {
      const to = named(name);
      const slug = world().slug(commit).id;
      world().release(to, { slug, description: `Deploy ${commit.slice(0, 8)}`, by: byUser });
    },
  };
}

function releaseOf({ name, releases }: App, version: number): Release {
  const release = releases[version - 1];
  if (release === undefined) throw new Error(`${name} has no release v${version}`);
  return release;
}

/** The newest succeeded release whose code is another one than the current. */
function releaseBefore(world: HerokuWorld, app: App): Release | undefined {
  const current = world.current(app);
  return app.releases.findLast(
    ({ status, slug }) => status === 'succeeded' && slug !== null && slug !== current?.slug,
  );
}
