/**
 * The words of a deploy's stream: every event that a deploy can write, with the schema of its data.
 *
 * They are our own, past tense, and stay the same when XState or the chart's insides change
 * (`codec.ts` translates). Data is plain JSON: no clock, no stack, no secret.
 */
import { z } from 'zod';

const sha = z.string().regex(/^[0-9a-f]{40}$/, 'a full commit id, 40 hex digits');
const milliseconds = z.int().nonnegative();
const text = z.string();

/** How one environment is verified; the deadlines are in milliseconds. */
const verify = z.strictObject({
  instances: z.strictObject({
    /** How long they may take to be up. */
    timeoutMs: milliseconds,
    /** For how long all of them have to stay up. */
    settleMs: milliseconds,
  }),
  /** What a person said need not be there: `no-instances`, with none the release counts as up; `no-checks`, nothing need be able to fail. */
  waive: z.array(z.enum(['no-instances', 'no-checks'])),
  endpoints: z.array(
    z.strictObject({
      url: text,
      status: z.int(),
      timeoutMs: milliseconds,
      /** How many answers in a row have to be right. */
      successes: z.int().positive(),
      /** A text that the body has to contain. */
      body: text.nullable(),
      /** A header that has to have this value. */
      header: z.strictObject({ name: text, value: text }).nullable(),
      /** Where the app tells which commit answers: a header of this answer, or a URL whose body is the commit. */
      revision: z
        .union([z.strictObject({ header: text }), z.strictObject({ url: text })])
        .nullable(),
    }),
  ),
});

/** Where an environment's releases run. */
const target = z.strictObject({
  /** Which kind of target it is; the kind's own code reads the rest. */
  kind: text,
  /** What people call it there. */
  name: text,
  /** What the kind needs to know besides. */
  settings: z.record(text, z.json()),
});

const environment = z.strictObject({
  target,
  /** What is submitted to it: the commit, or the artifact that the environment before it verified. */
  submits: z.enum(['commit', 'artifact']),
  /** Of the traffic, in percent, one after another, growing; null: the place takes its share by itself, or is a whole. */
  shares: z.array(z.int().min(1).max(99)).min(1).nullable(),
  /** How long each step from there to a release that runs may take. */
  timeoutMs: milliseconds,
  verify,
  /** For how long the checks have to go on holding once it is verified; 0: it goes on at once. */
  bakeMs: milliseconds,
});

/** The part of the configuration that a deploy is pinned to when it is asked for. */
export const settingsSchema = z.strictObject({
  stacking: z.enum(['skip', 'every']),
  lock: z.strictObject({
    provider: z.enum(['store', 'circleci', 'github']),
    timeoutMs: milliseconds,
    leaseMs: milliseconds,
  }),
  /** Where the configuration says that the log is, without a password; null: the environment says it. */
  store: text.nullable(),
  /** Where the repository is read by people, without credentials; for links. */
  repository: text.nullable(),
  /** Null: the canary stands in its place. */
  staging: environment.nullable(),
  /** A part of production that is given the commit before the rest. */
  canary: environment.nullable(),
  production: environment,
  gates: z.strictObject({
    rollback: z.literal('hold'),
    /** The name of the environment variable that is the kill switch. */
    killSwitch: text,
    /** With what `advance` ends where the lane is stuck. */
    stuckExit: z.int().min(0).max(125),
  }),
});

const buildSchema = z.strictObject({
  provider: z.enum(['circleci', 'github', 'other']),
  /** What people call it: `502`, or `88` on GitHub. A label: it orders nothing. */
  label: text,
  /** Which try of that build, for a CI that keeps the label on a re-run. */
  attempt: z.int().positive(),
  job: text.nullable(),
  workflow: text.nullable(),
  url: text.nullable(),
});

const commit = z.strictObject({ sha, title: text, author: text });

/** Who ordered it, what was seen of them (in words), and why. */
const person = { actor: text, observed: text, reason: text };

const failureSchema = z.strictObject({
  /** Stable: programs branch on it. */
  code: text,
  message: text,
  hint: text.nullable(),
  /** Values for people and programs: an instance's name, a status, a request id. */
  details: z.record(text, z.union([text, z.number(), z.boolean(), z.null()])),
});

const noteCommit = z.strictObject({
  sha,
  title: text,
  /** The whole message after the title; empty when it has none, or when `bodiesOmitted`. */
  body: text,
  author: text,
  url: text.nullable(),
});

export const notesSchema = z.strictObject({
  /** What production ran when the notes were made; null on a first deploy. */
  base: sha.nullable(),
  head: sha,
  compareUrl: text.nullable(),
  /** Oldest first. */
  commits: z.array(noteCommit),
  /** How many more there are than are listed. */
  omitted: z.int().nonnegative(),
  /** The messages together were too long to keep; titles are whole. */
  bodiesOmitted: z.boolean(),
});

/** A release that runs in production, as far as it concerns order: its version and the commit of its artifact. */
const running = z.strictObject({ version: text.nullable(), commit: sha.nullable() });

/** What a target made to run an artifact. `version` is what people call it: `v12`. */
const release = z.strictObject({ id: text, version: text });

/** What a commit was built into. Of one commit there can be several; only one of them was verified. */
export const artifactSchema = z.strictObject({
  /** The target's word for it. */
  kind: text,
  id: text,
  /** Of its content, where the target tells one: an algorithm, a colon, hex digits. */
  digest: text.nullable(),
  /** Null where only its release will tell. */
  commit: sha.nullable(),
});

/** What a target has under way, under the id that it gave it. */
const work = z.strictObject({
  /** The target's word for it. */
  kind: text,
  id: text,
});

/** Steps that can find that production is not to be written for this commit. */
const orderSteps = z.enum(['observe', 'readGates', 'submitCanary', 'submitProduction']);

const superseded = z.discriminatedUnion('cause', [
  z.strictObject({
    cause: z.literal('newer-build'),
    step: z.literal('acquireLock'),
    by: z.strictObject({ deploy: text, build: text, commit: text }),
  }),
  z.strictObject({
    /** Production has this commit already. */
    cause: z.literal('contained'),
    step: orderSteps,
    production: running,
    /** Whether a deploy of this lane verified the release that production runs. */
    verified: z.boolean(),
  }),
  z.strictObject({
    /** This commit does not follow on what production runs. */
    cause: z.literal('diverged'),
    step: orderSteps,
    production: running,
    verified: z.boolean(),
    /** The lane ships nothing while production runs this release; null: only an old build was refused. */
    stuck: z
      .strictObject({
        release,
        /** No deploy of the lane was refused so before, for this release. */
        first: z.boolean(),
      })
      .nullable(),
  }),
]);

/**
 * How production was taken back: by the target's own rollback; by a rollback that failed, and so changed
 * nothing; by a release of an artifact that ran before; by code that is older than what ran before it, or
 * would have been; or nothing tells whether it is older.
 */
const goingBack = z.enum([
  'rollback',
  'failed-rollback',
  'older-artifact',
  'behind',
  'failed-behind',
  'unknown',
]);

const rollback = z.strictObject({
  release,
  description: text,
  by: text,
  at: text,
  /** What production runs; null where that is not known. */
  commit: text.nullable(),
  kind: goingBack,
  /** The version that ran before, where there was one; of code that the lane had shipped last, the one by which it did. */
  before: text.nullable(),
});

/** What a person's `pipeline rollback` is to do: production is to be taken back, and was not yet. */
export const orderedRollbackSchema = z.strictObject({
  /** What ran there when it was ordered. */
  from: release,
  /** What is to run again. */
  to: release,
  ...person,
  /** When it was ordered: ISO 8601. */
  at: text,
});
const ordered = z.strictObject({
  kind: z.literal('ordered'),
  /** The rollback's id. */
  rollback: text,
  ...orderedRollbackSchema.shape,
  /** Absent: an earlier version did not record it. */
  at: text.optional(),
  /** It had the lane and was begun; its run ended before anything came of it. Absent: it waited. */
  begun: z.literal(true).optional(),
});

/** Made past Lockstep, or before it came. `at` is by the target's clock: ISO 8601. */
const otherRelease = z.strictObject({
  release,
  description: text,
  by: text,
  at: text,
  /** The full id; null where nothing tells it. */
  commit: text.nullable(),
});

const gateSteps = z.enum(['readGates', 'submitCanary', 'submitProduction']);

/** Its value is never kept: it may be a secret that somebody put into the wrong variable. */
const killSwitch = z.strictObject({
  name: text,
  state: z.enum(['true', 'not set', 'another value']),
  /** What keeps another value from being `true`, in words that repeat nothing of it. */
  why: text.nullable(),
});

/**
 * `settings`: protected ones are weaker than, or others than, those of the lane's last live deploy.
 * `log`: production runs what this log, or this lane of it, knows nothing of.
 */
const distrust = z.strictObject({
  about: z.enum(['settings', 'log']),
  /** SHA-256, 64 hex digits: what is accepted once, for every deploy that has it. */
  digest: text,
  /** What differs, a line each. */
  changes: z.array(text),
});

const submitted = z.strictObject({
  work,
  /** An earlier attempt had submitted it already. */
  adopted: z.boolean(),
});
/** The target has made a release, which may not run yet. */
const released = z.strictObject({
  /** Its id. */
  release: text,
  /** Null: the one that was submitted. */
  artifact: artifactSchema.nullable(),
});
const deployed = z.strictObject({
  release,
  artifact: z.strictObject({ ...artifactSchema.shape, commit: sha }),
});
const instances = z.array(
  z.strictObject({
    name: text,
    /** Of the release that it runs. */
    version: text,
  }),
);
const instancesUp = z.strictObject({ instances, waitedMs: milliseconds });
const endpoints = z.array(
  z.strictObject({
    url: text,
    status: z.int(),
    attempts: z.int().positive(),
    revision: text.nullable(),
  }),
);
const verified = z.strictObject({
  /** The release under test: a last look found that it is still what runs. */
  release,
  instances,
  /** For how long all instances were up without a break when they were looked at last. */
  steadyMs: milliseconds,
  /** How often that stretch began again because an instance restarted. */
  restarts: z.int().nonnegative(),
  endpoints,
  waitedMs: milliseconds,
  /** For how long the checks have to go on holding from here; absent: it is done. */
  bakeMs: milliseconds.optional(),
});
const baked = z.strictObject({
  /** A last look found that it is still what runs. */
  release,
  instances,
  /** For how long the checks held. */
  bakedMs: milliseconds,
  /** How often all of them were asked. */
  rounds: z.int().positive(),
  /** How often an instance went or restarted, and was up again in time. */
  restarts: z.int().nonnegative(),
  /** What they answered last. */
  endpoints,
});

/** Every event type of a deploy's stream and the schema of its data. */
export const eventSchemas = {
  /** CI asked for this commit to be deployed. Always the first of a stream. */
  'deploy.requested': z.strictObject({
    deploy: text,
    lane: text,
    branch: text,
    commit,
    build: buildSchema,
    settings: settingsSchema,
    /** A person takes responsibility for shipping out of order. */
    override: z.strictObject(person).nullable(),
    /** A person deploys by hand: a rollback does not hold it, and is lifted once it is live. Absent: a build asked for it. */
    manual: z.strictObject(person).optional(),
    /** Which chart this deploy runs on: the SHA-256 of its definition. */
    chart: text,
  }),
  /** The same command ran again (a re-run, or after a kill) and goes on from here. */
  'run.resumed': z.strictObject({
    run: text,
    /** Who had it carried on, by `pipeline resume`; null where the CI ran the same command again. */
    order: z.strictObject(person).nullable(),
  }),
  /** A signal ended the run; the deploy is not settled. */
  'run.interrupted': z.strictObject({ signal: z.enum(['SIGINT', 'SIGTERM', 'SIGHUP']) }),
  'lock.acquired': z.strictObject({
    provider: z.enum(['store', 'circleci', 'github']),
    /** The fencing token; null where the provider has none. */
    token: z.int().positive().nullable(),
    waitedMs: milliseconds,
    /** Whose expired lease was taken over, if one was. */
    takenOver: z.strictObject({ deploy: text, token: z.int().positive(), why: text }).nullable(),
  }),
  /** A resumed run took its own lane again, under a new token. */
  'lock.reacquired': z.strictObject({ token: z.int().positive(), why: text }),
  /** The lane was granted to another deploy while this one did not run. */
  'lock.lost': z.strictObject({ token: z.int().positive().nullable(), to: text }),
  'lock.waitTimedOut': z.strictObject({ timeoutMs: milliseconds }),
  'deploy.superseded': superseded,
  'deploy.observed': z.strictObject({
    production: running,
    notes: notesSchema,
    /**
     * Why order did not stop it: `ahead` of production, the `first` deploy, `overridden` by a person, or `waived` by the
     * configuration, where nothing tells what production runs.
     */
    order: z.enum(['ahead', 'first', 'overridden', 'waived']),
    /**
     * Releases of production that no deploy of the lane made: what runs there, and what other code ran right before it.
     * Absent: both are the lane's own, or not known.
     */
    others: z.array(otherRelease).min(1).optional(),
  }),
  /**
   * Production turned out to run this deploy's own release already, or one of exactly this commit that
   * no deploy has verified: it goes on with verifying that.
   */
  'production.found': z.strictObject({ release, artifact: artifactSchema, own: z.boolean() }),
  'staging.submitted': submitted,
  'staging.released': released,
  'staging.deployed': deployed,
  'staging.instancesUp': instancesUp,
  'staging.verified': verified,
  'staging.baked': baked,
  'canary.submitted': z.strictObject({
    ...submitted.shape,
    killSwitch,
    /** Of the traffic, in percent; null: the place takes its share by itself. */
    share: z.int().nullable(),
  }),
  'canary.released': released,
  'canary.deployed': deployed,
  'canary.instancesUp': instancesUp,
  'canary.verified': verified,
  'canary.baked': baked,
  /** The deploy does not go on: the canary runs what was verified before. Null: nothing had to be taken back. */
  'canary.restored': z.strictObject({
    release: release.nullable(),
    /**
     * Why it was left as it is, though it may run this deploy: `production` has the commit, too, or `somebody` put it
     * there anew, or has something under way there. Null: it was taken back, or does not run this deploy.
     */
    stays: z.enum(['production', 'somebody']).nullable(),
  }),
  'gates.passed': z.strictObject({
    production: running,
    /**
     * Where production's history ended, as its target tells it: what comes behind came after the gates. Empty: nothing
     * tells it, and order and rollback are waived.
     */
    cursor: text,
    /** The same of the canary; absent where there is none. */
    canaryCursor: text.optional(),
    /** The rollback that holds production and not this deploy, for a person ships it by hand; absent: none holds. */
    lifts: rollback.optional(),
    killSwitch,
  }),
  'production.held': z.strictObject({
    step: gateSteps,
    rollback: z.discriminatedUnion('kind', [rollback, ordered]),
  }),
  'production.disabled': z.strictObject({
    step: gateSteps,
    switch: z.enum(['environment', 'lane', 'settings', 'log']),
    killSwitch,
    /** Who turned the lane's switch off and why; null for any other. */
    by: z.strictObject(person).nullable(),
    /** What a person has to accept, by its digest; null unless `switch` is `settings` or `log`. */
    distrust: distrust.nullable(),
  }),
  'production.submitted': z.strictObject({ ...submitted.shape, killSwitch }),
  'production.released': released,
  'production.deployed': deployed,
  'production.instancesUp': instancesUp,
  /** Production runs the new release, has stayed up, and answers. Without a bake the deploy is live. */
  'production.verified': verified,
  'production.baked': baked,
  'deploy.failed': z.strictObject({ step: text, failure: failureSchema }),
  /** A person lets a held deploy go on. */
  'deploy.resumed': z.strictObject(person),
} as const;

export type EventType = keyof typeof eventSchemas;
export type EventData<T extends EventType> = z.infer<(typeof eventSchemas)[T]>;
/** An event of a deploy, in the log's words. */
export type DomainEvent = { [T in EventType]: { type: T; data: EventData<T> } }[EventType];

/**
 * Events after which a deploy does not go on, each with why. Where only a part of production was given the commit, that is
 * taken back first.
 */
export const endings = [
  'deploy.superseded',
  'production.held',
  'production.disabled',
  'deploy.failed',
] as const satisfies readonly EventType[];
export type Ending = (typeof endings)[number];

export type Settings = z.infer<typeof settingsSchema>;
export type Environment = z.infer<typeof environment>;
export type Verify = Environment['verify'];
export type Endpoint = Verify['endpoints'][number];
export type DeployRequest = EventData<'deploy.requested'>;
export type Build = z.infer<typeof buildSchema>;
export type Failure = z.infer<typeof failureSchema>;
export type ReleaseNotes = z.infer<typeof notesSchema>;
export type NoteCommit = z.infer<typeof noteCommit>;
export type Running = z.infer<typeof running>;
export type OtherRelease = z.infer<typeof otherRelease>;
export type Release = z.infer<typeof release>;
export type Artifact = z.infer<typeof artifactSchema>;
export type Work = z.infer<typeof work>;
export type TargetSettings = z.infer<typeof target>;
/** The environments of a deploy, in the order in which a commit comes to them. */
export const environmentNames = ['staging', 'canary', 'production'] as const;
export type EnvironmentName = (typeof environmentNames)[number];
export type Stuck = NonNullable<
  Extract<z.infer<typeof superseded>, { cause: 'diverged' }>['stuck']
>;
export type OrderedRollback = z.infer<typeof orderedRollbackSchema>;
export type Distrust = z.infer<typeof distrust>;
export type KillSwitch = z.infer<typeof killSwitch>;

/** Whether the event says that the lane is stuck, and for which release of production. */
export function stuckIn(event: DomainEvent): Stuck | null {
  return event.type === 'deploy.superseded' && event.data.cause === 'diverged'
    ? event.data.stuck
    : null;
}
