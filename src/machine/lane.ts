/**
 * A lane: one line of deploys to a production. Its stream says who joined the queue, who was granted the
 * lock, which switches people set. Pure: the words, their fold, and the decision who is next.
 */
import { z } from 'zod';
import { uncompiled } from '../format/uncompiled.ts';
import { artifactSchema } from './events.ts';
import { type ProtectedSettings, protectedSchema } from './protected-settings.ts';

const text = z.string();
const token = z.int().positive();
/** Who ordered it, what was seen of them (in words), and why. */
const person = { actor: text, observed: text, reason: text };
const release = z.strictObject({ id: text, version: text });

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
  'rollback.begun': z.strictObject({
    rollback: text,
    target: text,
    /** What ran there. */
    from: release,
    /** What is to run again. */
    to: release,
    /** The full id of the commit of that; null where nothing tells. */
    commit: text.nullable(),
    ...person,
  }),
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
    ...person,
  }),
  /** A deploy of the lane made this release of production, whatever became of it. */
  'lane.deployed': z.strictObject({ deploy: text, target: text, release: text }),
  /** Production runs this deploy's release and it was verified: written with the event that made the deploy live. */
  'lane.shipped': z.strictObject({
    deploy: text,
    target: text,
    release,
    /** The full commit id. */
    commit: text,
    artifact: artifactSchema,
    /** Those that the gates let through; null where the deploy was found in production and passed none. */
    settings: protectedSchema.nullable(),
  }),
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
  return {
    type,
    data: laneEventSchemas[type as LaneEventType].parse(data, uncompiled),
  } as LaneEvent;
}

export type Shipped = z.infer<(typeof laneEventSchemas)['lane.shipped']>;
export type Rollback = z.infer<(typeof laneEventSchemas)['rollback.begun']>;

export interface Waiter {
  readonly deploy: string;
  readonly run: string;
  readonly build: string;
  readonly commit: string;
  /** A rollback: it goes before all others. */
  readonly first?: boolean | undefined;
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

/** A lane after some number of its events. */
export interface Lane {
  readonly version: number;
  /** The last grant, released or not. */
  readonly grant: Grant | null;
  /** In the order in which they joined; some may be gone (their run's lease tells). */
  readonly waiting: readonly Waiter[];
  /** By whom each superseded deploy was superseded: at least the last 500, and all of the last grant that superseded any. */
  readonly superseded: ReadonlyMap<string, Grant>;
  readonly disabled: {
    readonly actor: string;
    readonly observed: string;
    readonly reason: string;
  } | null;
  /** Releases (ids) of rollbacks that a person lifted. */
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
  /** Digests that people accepted. */
  readonly trusted: ReadonlySet<string>;
  /** The rollback that a person began and that nobody ended; null: there is none. */
  readonly rollback: Rollback | null;
}

export const emptyLane: Lane = {
  version: 0,
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
        superseded: without(replaced(lane.superseded, supersedes, grant), deploy),
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
      return { ...after, trusted: new Set([...lane.trusted, event.data.digest]) };
    case 'lane.stuck': {
      const { commit, release } = event.data;
      return { ...after, asked: noted(lane.asked, commit, askedMax), stuck: release.id };
    }
    case 'lane.disabled':
      return { ...after, disabled: event.data };
    case 'lane.enabled':
      return { ...after, disabled: null };
    case 'rollback.lifted':
      return { ...after, lifted: new Set([...lane.lifted, event.data.release]) };
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
  }
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
  before: ReadonlyMap<string, Grant>,
  supersedes: readonly string[],
  by: Grant,
): ReadonlyMap<string, Grant> {
  if (supersedes.length === 0) return before;
  const now = supersedes.map((deploy) => [deploy, by] as const);
  const earlier = [...before].filter(([deploy]) => !supersedes.includes(deploy));
  const kept = Math.max(0, supersededMax - now.length);
  return new Map([...earlier.slice(Math.max(0, earlier.length - kept)), ...now]);
}

/** The list with this one as its newest, cut to so many. */
function noted(list: readonly string[], one: string, max: number): readonly string[] {
  return [...list.filter((other) => other !== one), one].slice(-max);
}

/**
 * How a commit stands to another: a descendant of it (`ahead`), an ancestor (`behind`), neither (`diverged`).
 * `unknown` where the history at hand cannot tell, which is never a yes.
 */
export type Relation = 'same' | 'ahead' | 'behind' | 'diverged' | 'unknown';

export type Turn =
  /** The lock may be asked for; the deploys named are superseded by it. */
  | { readonly kind: 'go'; readonly supersedes: readonly string[] }
  /** Another one goes first. `yields`: known by ancestry and not yet on record. */
  | { readonly kind: 'wait'; readonly behind: Waiter; readonly yields: boolean };

/** A CI counts its builds: of several that go first, the newest one is likely to be the last to go, and no order rests on it. */
const byBuild = ({ build: a }: Waiter, { build: b }: Waiter): number =>
  a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

/**
 * Whether a waiting deploy is the next to be granted a free lane.
 *
 * A rollback goes first. `skip`: the newest by git ancestry goes and supersedes the older ones. `every`: the oldest goes.
 * A deploy that waits for another by ancestry says so in the stream (`lane.yielded`): the other may
 * not be able to see it in its own clone. Among those that ancestry does not hold back (diverged,
 * unknown, two builds of one commit) who joined first goes first; one that yields to somebody holds
 * nobody back, else three deploys could wait for one another in a ring.
 */
export function decideTurn(options: {
  readonly me: string;
  /** Those whose run is alive, in the order in which they joined; `me` among them. */
  readonly waiting: readonly Waiter[];
  /** How the other's commit stands to mine: `ahead` when it is newer. */
  readonly relationTo: (other: Waiter) => Relation;
  readonly stacking: 'skip' | 'every';
}): Turn {
  const { me, waiting, relationTo, stacking } = options;
  const place = waiting.findIndex(({ deploy }) => deploy === me);
  const self = waiting[place];
  if (self?.first === true) return { kind: 'go', supersedes: [] };
  const others = waiting.filter(({ deploy }) => deploy !== me);
  const rollback = others.find(({ first }) => first === true);
  if (rollback !== undefined) return { kind: 'wait', behind: rollback, yields: false };
  const relations = new Map(others.map((other) => [other, relationTo(other)]));

  const precedes: Relation = stacking === 'skip' ? 'ahead' : 'behind';
  const first = others.filter((other) => relations.get(other) === precedes);
  // Said once is enough, for as long as that one waits.
  const said = first.find(({ deploy }) => self?.yieldsTo.has(deploy) === true);
  const before = said ?? first.toSorted(byBuild).at(-1);
  if (before !== undefined) return { kind: 'wait', behind: before, yields: said === undefined };

  const follows: Relation = stacking === 'skip' ? 'behind' : 'ahead';
  const alive = new Set(waiting.map(({ deploy }) => deploy));
  const yields = (other: Waiter): boolean => [...other.yieldsTo].some((to) => alive.has(to));
  const earlier = waiting
    .slice(0, place)
    .find((other) => relations.get(other) !== follows && !yields(other));
  if (earlier !== undefined) return { kind: 'wait', behind: earlier, yields: false };

  const superfluous = (other: Waiter): boolean =>
    relations.get(other) === 'behind' || other.yieldsTo.has(me);
  const supersedes = stacking === 'skip' ? others.filter(superfluous) : [];
  return { kind: 'go', supersedes: supersedes.map(({ deploy }) => deploy) };
}
