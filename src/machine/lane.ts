/**
 * A lane: one line of deploys to a production. Its stream says who joined the queue, who was granted the
 * lock, which switches people set. Pure: the words, and their fold.
 */
import { z } from 'zod';
import { asOftenAs } from '../format/uncompiled.ts';
import { artifactSchema, type OrderedRollback, orderedRollbackSchema } from './events.ts';
import { type ProtectedSettings, protectedSchema } from './protected-settings.ts';

const text = z.string();
const token = z.int().positive();
/** Who ordered it, what was seen of them (in words), and why. */
const person = { actor: text, observed: text, reason: text };
const release = z.strictObject({ id: text, version: text });
const rollbackBegun = z.strictObject({
  rollback: text,
  target: text,
  /** What ran there. */
  from: release,
  /** What is to run again. */
  to: release,
  /** The full id of the commit of that; null where nothing tells. */
  commit: text.nullable(),
  ...person,
  /** When it was ordered: ISO 8601. Absent: an earlier version did not say. */
  at: text.optional(),
});
const laneShipped = z.strictObject({
  deploy: text,
  target: text,
  release,
  /** The full commit id. */
  commit: text,
  artifact: artifactSchema,
  /** Those that the gates let through; null where the deploy was found in production and passed none. */
  settings: protectedSchema.nullable(),
});
const holder = { deploy: text, run: text, build: text, commit: text };

/** A target as the lane's events name it: its kind and its name. */
export const targetName = ({ kind, name }: { kind: string; name: string }): string =>
  `${kind} ${name}`;

/** Every event type of a lane's stream and the schema of its data. */
export const laneEventSchemas = {
  /** A run of a deploy waits for the lock from now on. */
  'lane.joined': z.strictObject({
    deploy: text,
    run: text,
    build: text,
    commit: text,
    /** A rollback: it goes before all that wait, and none of them takes its place. */
    first: z.literal(true).optional(),
    /** What that one is to do, and who ordered it; absent: a deploy, or an earlier version did not say. */
    rollback: orderedRollbackSchema.optional(),
  }),
  /** A waiting deploy found that another waiting one goes first, by git ancestry. */
  'lane.yielded': z.strictObject({ deploy: text, to: text }),
  /** The lock was given; this event's version in the lane's stream is the fencing token. */
  'lock.granted': z.strictObject({
    deploy: text,
    run: text,
    build: text,
    commit: text,
    /** Waiting deploys that this one, being newer, makes superfluous. */
    supersedes: z.array(text),
    takenOver: z.strictObject({ deploy: text, token, why: text }).nullable(),
  }),
  'lock.released': z.strictObject({ deploy: text, token, why: text }),
  /** A person took the lock away from its holder. */
  'lock.broken': z.strictObject({ deploy: text, token, ...person }),
  'lane.disabled': z.strictObject(person),
  'lane.enabled': z.strictObject(person),
  /** A person lets deploys go on although production was rolled back with this release. */
  'rollback.lifted': z.strictObject({ target: text, release: text, ...person }),
  /** A person has production taken back to a release that ran there; written before the target is asked to. */
  'rollback.begun': rollbackBegun,
  /** It runs again, by a release of its own, and the lane's checks held. Deploys are held by that release. */
  'rollback.done': z.strictObject({
    rollback: text,
    target: text,
    release,
    to: release,
    commit: text.nullable(),
    ...person,
  }),
  /** It did not come to run, or a check did not hold. What the target runs decides what is held. */
  'rollback.failed': z.strictObject({
    rollback: text,
    target: text,
    to: release,
    code: text,
    message: text,
    /**
     * The release that it made, with the full id of its commit, null where nothing tells that. `runs`: it came to run, and what failed
     * came after; if not, it failed, or was still under way. Null: it made none. Absent: nobody knows (its run was over when a person gave it
     * up), or an earlier version did not say.
     */
    made: z
      .strictObject({ release, commit: text.nullable(), runs: z.boolean() })
      .nullable()
      .optional(),
    ...person,
  }),
  /** A deploy of the lane made this release of production, whatever became of it. */
  'lane.deployed': z.strictObject({ deploy: text, target: text, release: text }),
  /** Production runs this deploy's release and it was verified: written with the event that made the deploy live. */
  'lane.shipped': laneShipped,
  /** Refused though it is no old build: production's release is of a commit that it does not follow on. */
  'lane.stuck': z.strictObject({
    deploy: text,
    target: text,
    release,
    /** The full id of the commit that was refused. */
    commit: text,
  }),
  /** A person accepts what a deploy was held for, for every deploy of the lane with that digest. */
  'trust.given': z.strictObject({
    deploy: text,
    about: z.enum(['settings', 'log']),
    digest: text,
    ...person,
  }),
  /**
   * The lane as the events before this one make it, without those who had left: what is read from here on needs none of
   * them. It has the words of `lane.shipped` and `rollback.begun` in it: where those change, its schema does.
   */
  'lane.snapshot': z.strictObject({
    /** Who waited, and whose run was seen to be over. Whoever is alive all the same joins again. */
    left: z.array(z.strictObject({ deploy: text, run: text })),
    grant: z
      .strictObject({ ...holder, token, released: z.boolean(), broken: z.boolean() })
      .nullable(),
    waiting: z.array(
      z.strictObject({
        ...holder,
        first: z.literal(true).optional(),
        rollback: orderedRollbackSchema.optional(),
        yieldsTo: z.array(text),
      }),
    ),
    /** The oldest first. */
    superseded: z.array(
      z.strictObject({
        by: z.strictObject({ deploy: text, build: text, commit: text }),
        deploys: z.array(text),
      }),
    ),
    disabled: z.strictObject(person).nullable(),
    lifted: z.array(text),
    deployed: z.array(text),
    shipped: laneShipped.nullable(),
    asked: z.array(text),
    live: z.array(text),
    stuck: text.nullable(),
    settings: protectedSchema.nullable(),
    trusted: z.array(text),
    rollback: rollbackBegun.nullable(),
  }),
} as const;

export type LaneEventType = keyof typeof laneEventSchemas;
export type LaneEvent = {
  [T in LaneEventType]: { type: T; data: z.infer<(typeof laneEventSchemas)[T]> };
}[LaneEventType];

/** @throws ZodError the data does not fit; a plain Error for a type that this version does not know */
export function parseLaneEvent(type: string, data: unknown): LaneEvent {
  if (!Object.hasOwn(laneEventSchemas, type)) {
    throw new Error(`this version does not know lane events of type ${type}`);
  }
  const schema = laneEventSchemas[type as LaneEventType];
  return { type, data: schema.parse(data, asOftenAs(schema)) } as LaneEvent;
}

export type Shipped = z.infer<(typeof laneEventSchemas)['lane.shipped']>;
export type Rollback = z.infer<(typeof laneEventSchemas)['rollback.begun']>;
export type LaneSnapshot = z.infer<(typeof laneEventSchemas)['lane.snapshot']>;

export interface Waiter {
  readonly deploy: string;
  readonly run: string;
  readonly build: string;
  readonly commit: string;
  /** A rollback: it goes before all others. */
  readonly first?: boolean | undefined;
  /** What that one is to do, and who ordered it. */
  readonly rollback?: OrderedRollback | undefined;
  /** Deploys that this one lets go first. */
  readonly yieldsTo: ReadonlySet<string>;
}

export interface Grant {
  readonly deploy: string;
  readonly run: string;
  readonly build: string;
  readonly commit: string;
  readonly token: number;
  readonly released: boolean;
  /** A person took it away: what its holder had begun at a vendor may still be under way. */
  readonly broken: boolean;
}

/** The deploy that was given the lane in place of another one. */
export type Superseder = Pick<Grant, 'deploy' | 'build' | 'commit'>;

/** A lane after some number of its events. */
export interface Lane {
  readonly version: number;
  /** The version of its last snapshot; 0 where there is none. */
  readonly snapshotAt: number;
  /** The last grant, released or not. */
  readonly grant: Grant | null;
  /** In the order in which they joined; some may be gone (their run's lease tells). */
  readonly waiting: readonly Waiter[];
  /** By whom each superseded deploy was superseded: at least the last 500, and all of the last grant that superseded any. */
  readonly superseded: ReadonlyMap<string, Superseder>;
  readonly disabled: {
    readonly actor: string;
    readonly observed: string;
    readonly reason: string;
  } | null;
  /** Releases (ids) of rollbacks that a person lifted, the newest last; at most 100. */
  readonly lifted: ReadonlySet<string>;
  /** Releases (ids) that deploys of the lane made, the newest last; at most 100. */
  readonly deployed: readonly string[];
  /** What the last deploy that became live put on production; null before the first. */
  readonly shipped: Shipped | null;
  /** Commits that deploys of the lane were to ship, the newest last; at most 20. */
  readonly asked: readonly string[];
  /** Commits that became live, the newest last; at most 100. */
  readonly live: readonly string[];
  /** Production's release (its id) for which commits that are no old builds are refused; null where none was since the last that shipped. */
  readonly stuck: string | null;
  /** The protected settings of the last live deploy that passed the gates. */
  readonly settings: ProtectedSettings | null;
  /** Digests that people accepted, the newest last; at most 100. */
  readonly trusted: ReadonlySet<string>;
  /** The rollback that a person began and that nobody ended; null: there is none. */
  readonly rollback: Rollback | null;
}

export const emptyLane: Lane = {
  version: 0,
  snapshotAt: 0,
  grant: null,
  waiting: [],
  superseded: new Map(),
  disabled: null,
  lifted: new Set(),
  deployed: [],
  shipped: null,
  asked: [],
  live: [],
  stuck: null,
  settings: null,
  trusted: new Set(),
  rollback: null,
};

/** What production runs is among the last of them, or was released by somebody else. */
const deployedMax = 100;
const liveMax = 100;
/** Whoever lifted or accepted so many others since is asked again: what is forgotten holds. */
const liftedMax = 100;
const trustedMax = 100;
/** Who was superseded hears of it at its next look; who comes back later than that finds its commit contained. */
const supersededMax = 500;
/** An old build is one that a newer commit followed: one of the last of them tells. */
const askedMax = 20;

/** The lane after one event more, which has the given version in its stream. */
export function foldLane(lane: Lane, event: LaneEvent, version: number): Lane {
  const after = { ...lane, version };
  switch (event.type) {
    case 'lane.joined': {
      const superseded = without(lane.superseded, event.data.deploy);
      const others = lane.waiting.filter(({ deploy }) => deploy !== event.data.deploy);
      return {
        ...after,
        superseded,
        asked:
          event.data.first === true ? lane.asked : noted(lane.asked, event.data.commit, askedMax),
        waiting: [...others, { ...event.data, yieldsTo: new Set() }],
      };
    }
    case 'lane.yielded':
      return {
        ...after,
        waiting: lane.waiting.map((waiter) =>
          waiter.deploy === event.data.deploy
            ? { ...waiter, yieldsTo: new Set([...waiter.yieldsTo, event.data.to]) }
            : waiter,
        ),
      };
    case 'lock.granted': {
      const { deploy, run, build, commit, supersedes } = event.data;
      const grant = { deploy, run, build, commit, token: version, released: false, broken: false };
      return {
        ...after,
        grant,
        superseded: without(
          replaced(lane.superseded, supersedes, { deploy, build, commit }),
          deploy,
        ),
        waiting: lane.waiting.filter((w) => w.deploy !== deploy && !supersedes.includes(w.deploy)),
      };
    }
    case 'lock.released':
    case 'lock.broken': {
      const broken = event.type === 'lock.broken';
      return lane.grant?.token === event.data.token
        ? { ...after, grant: { ...lane.grant, released: true, broken } }
        : after;
    }
    case 'trust.given':
      return { ...after, trusted: new Set(noted(lane.trusted, event.data.digest, trustedMax)) };
    case 'lane.stuck': {
      const { commit, release } = event.data;
      return { ...after, asked: noted(lane.asked, commit, askedMax), stuck: release.id };
    }
    case 'lane.disabled':
      return { ...after, disabled: event.data };
    case 'lane.enabled':
      return { ...after, disabled: null };
    case 'rollback.lifted':
      return { ...after, lifted: new Set(noted(lane.lifted, event.data.release, liftedMax)) };
    case 'rollback.begun':
      return { ...after, rollback: event.data };
    case 'rollback.done':
    case 'rollback.failed':
      return { ...after, rollback: null };
    case 'lane.deployed':
      return { ...after, deployed: noted(lane.deployed, event.data.release, deployedMax) };
    case 'lane.shipped':
      return {
        ...after,
        deployed: noted(lane.deployed, event.data.release.id, deployedMax),
        shipped: event.data,
        asked: noted(lane.asked, event.data.commit, askedMax),
        live: noted(lane.live, event.data.commit, liveMax),
        stuck: null,
        settings: event.data.settings ?? lane.settings,
      };
    case 'lane.snapshot':
      // Whoever read all and whoever begins here go on from the same: `verify` makes it again from the events before.
      return { ...laneOf(event.data), version, snapshotAt: version };
  }
}

function laneOf({
  left: _,
  waiting,
  superseded,
  lifted,
  trusted,
  ...same
}: LaneSnapshot): Omit<Lane, 'version' | 'snapshotAt'> {
  return {
    ...same,
    waiting: waiting.map((waiter) => ({ ...waiter, yieldsTo: new Set(waiter.yieldsTo) })),
    superseded: new Map(
      superseded.flatMap(({ by, deploys }) => deploys.map((deploy) => [deploy, by] as const)),
    ),
    lifted: new Set(lifted),
    trusted: new Set(trusted),
  };
}

/** Copied only where it is in there: a lane has many events. */
function without<Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> {
  if (!map.has(key)) return map;
  const others = new Map(map);
  others.delete(key);
  return others;
}

/** What is settled leaves it, the oldest first. */
function replaced(
  before: ReadonlyMap<string, Superseder>,
  supersedes: readonly string[],
  by: Superseder,
): ReadonlyMap<string, Superseder> {
  if (supersedes.length === 0) return before;
  const now = supersedes.map((deploy) => [deploy, by] as const);
  const earlier = [...before].filter(([deploy]) => !supersedes.includes(deploy));
  const kept = Math.max(0, supersededMax - now.length);
  return new Map([...earlier.slice(Math.max(0, earlier.length - kept)), ...now]);
}

/** The list with this one as its newest, cut to so many. */
function noted(list: Iterable<string>, one: string, max: number): readonly string[] {
  return [...[...list].filter((other) => other !== one), one].slice(-max);
}

/**
 * How a commit stands to another: a descendant of it (`ahead`), an ancestor (`behind`), neither (`diverged`).
 * `unknown` where the history at hand cannot tell, which is never a yes.
 */
export type Relation = 'same' | 'ahead' | 'behind' | 'diverged' | 'unknown';
