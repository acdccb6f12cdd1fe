/**
 * Logs of any length: the events of one deploy, as the program recorded them, over and over, with ids, commits,
 * releases and hashes of their own, taken in as an import takes events in.
 */
import { createHash, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { projections } from '../src/runtime/audit/projections.ts';
import { hashOf, noHash } from '../src/store/hash-chain.ts';
import type { EventLog, Json, JsonObject, RecordedEvent } from '../src/store/log.ts';
import { openLog } from '../src/store/open.ts';
import { toRow } from '../src/store/stored-event.ts';

export interface Lengthening {
  /** How many events are added, at least: deploys are added whole. */
  readonly events: number;
  /** Whose deploys they are: the lane of the log's first deploy, or another one, which that lane is then behind of. */
  readonly lane: string;
  /** Before every fourth deploy one waits, and is superseded by it; false when left out. */
  readonly isStacked?: boolean;
  /** What they are of, one after the other; made up when left out, and where there are no more. */
  readonly commits?: Iterator<string>;
  /** Between one deploy and the next, where the log is of a time that is long ago (see `backdate`); all are of now when left out. */
  readonly apartMs?: number;
}

/** The log as it were, had all of it happened so much earlier: room for deploys at a team's pace. */
export async function backdate(url: string, byMs: number): Promise<void> {
  const log = await openLog(url, { projections });
  const all = await log.readAll({ limit: 1_000 });
  const leases = await log.leases('');
  await log.close();
  const file = url.replace('sqlite:', '');
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
  const hashes = new Map<string, string>();
  const earlier = all.map((event): RecordedEvent => {
    const previousHash = hashes.get(event.stream) ?? noHash;
    const time = new Date(Date.parse(event.time) - byMs).toISOString();
    const placed = { ...event, time, previousHash };
    const hash = hashOf(toRow(placed));
    hashes.set(event.stream, hash);
    return { ...placed, hash };
  });
  const again = await openLog(url, { projections });
  await again.importEvents(earlier);
  for (const { resource, owner } of leases) {
    const lease = await again.take(resource, owner, 1_000);
    if (lease !== null) await again.release({ resource, token: lease.token });
  }
  await again.close();
}

const deploysAtOnce = 50;

/** @param url a log that begins with one deploy, which became live. @returns the id of the last deploy that was added */
export async function lengthen(
  url: string,
  { events, lane, isStacked = false, commits, apartMs = 0 }: Lengthening,
): Promise<string> {
  const log = await openLog(url, { projections });
  try {
    const copies = new Copies(await firstDeploy(log), lane, await headsOf(log, lane), commits);
    copies.apartMs = apartMs;
    const consumer = `slack/${copies.of.lane}`;
    const before = await log.checkpoint(consumer);
    for (let left = events; left > 0; ) {
      const added: RecordedEvent[] = [];
      for (let n = 0; n < deploysAtOnce && left > added.length; n++) {
        const waited = isStacked && n % 4 === 3 ? copies.waiting() : [];
        added.push(...waited);
        added.push(...copies.next(left <= added.length + copies.of.events.length));
      }
      await log.importEvents(added);
      left -= added.length;
    }
    // An import is no news to anybody; a deploy of another lane is, until somebody has looked at it.
    if (lane !== copies.of.lane) await log.saveCheckpoint(consumer, before);
    await moveToken(log, `lane/${lane}`, copies.laneVersion);
    // As each deploy's end does: the next head is computed on from it.
    await log.headDigest();
    return copies.deploy;
  } finally {
    await log.close();
    leaveRuns(url);
  }
}

/** A run leaves its lease behind, released: one for each deploy. */
function leaveRuns(url: string): void {
  const handle = new Database(url.replace('sqlite:', ''));
  handle.exec(`insert or ignore into leases
    select 'run/' || d.deploy, 1, l.owner, l.expires_at, 1 from deploys d, leases l
    where l.resource = (select min(resource) from leases where resource like 'run/%')`);
  handle.close();
}

/** The token of the lane's lease is the version of its last grant: the next one has to be above it. */
async function moveToken(log: EventLog, resource: string, token: number): Promise<void> {
  const grant = { resource, token, owner: {}, ttlMs: 1_000 };
  await log.append([{ stream: resource, expected: 'any', events: [] }], { grant });
  await log.release(grant);
}

interface Deploy {
  readonly deploy: string;
  readonly lane: string;
  readonly commit: string;
  readonly events: readonly RecordedEvent[];
}

async function firstDeploy(log: EventLog): Promise<Deploy> {
  const all = await log.readAll({ limit: 100 });
  const page = all.slice(all.findIndex(({ type }) => type === 'deploy.requested'));
  const requested = page[0]?.data as { deploy: string; lane: string; commit: { sha: string } };
  const { deploy, lane, commit } = requested;
  const released = page.findIndex(({ type }) => type === 'lock.released');
  const events = page.slice(0, released + 1).map(shipsOne);
  return { deploy, lane, commit: commit.sha, events };
}

/** The first deploy of a repository tells of all the commits that it ships; those after it, of one each. */
function shipsOne(event: RecordedEvent): RecordedEvent {
  if (event.type !== 'deploy.observed') return event;
  const { notes } = event.data as { notes: JsonObject & { commits: Json[] } };
  const own = { ...notes, commits: notes.commits.slice(-1), omitted: 0 };
  return { ...event, data: { ...event.data, notes: own } };
}

interface End {
  readonly position: number;
  /** Of the last event, in milliseconds since 1970. */
  readonly atMs: number;
  readonly laneHead: { readonly version: number; readonly hash: string };
}

async function headsOf(log: EventLog, lane: string): Promise<End> {
  const last = (await log.readStream(`lane/${lane}`)).at(-1);
  const laneHead = { version: last?.version ?? 0, hash: last?.hash ?? noHash };
  const position = await log.head();
  const [event] = await log.readAll({ after: position - 1 });
  return { position, atMs: Date.parse(event?.time ?? ''), laneHead };
}

class Copies {
  readonly of: Deploy;
  deploy: string;
  readonly #lane: string;
  readonly #commits: Iterator<string> | undefined;
  apartMs = 0;
  #atMs: number;
  #position: number;
  #laneHead: End['laneHead'];
  /** The deploy that waits. */
  #superseded: string | null = null;

  constructor(
    of: Deploy,
    lane: string,
    { position, atMs, laneHead }: End,
    commits: Iterator<string> | undefined,
  ) {
    this.of = of;
    this.deploy = of.deploy;
    this.#lane = lane;
    this.#commits = commits;
    this.#position = position;
    this.#atMs = atMs;
    this.#laneHead = laneHead;
  }

  get laneVersion(): number {
    return this.#laneHead.version;
  }

  /** One that only waits: the next one supersedes it. */
  waiting(): RecordedEvent[] {
    const label = `${this.#position + 1}`;
    const sha = this.#nextCommit(label);
    this.deploy = `${label}-${sha.slice(0, 8)}`;
    const [requested, joined] = ['deploy.requested', 'lane.joined'].map((wanted) =>
      this.of.events.find(({ type }) => type === wanted),
    );
    if (requested === undefined || joined === undefined) throw new Error('it never waited');
    const word = this.#words(label, sha, false);
    const first = this.#placed(requested, { version: 0, hash: noHash }, word);
    const second = this.#placed(joined, this.#laneHead, word);
    this.#laneHead = second;
    this.#superseded = this.deploy;
    return [first, second];
  }

  /** @param isLast what it released is what production runs, as the first deploy said */
  next(isLast: boolean): RecordedEvent[] {
    const label = `${this.#position + 1}`;
    this.#atMs += this.apartMs;
    const isSame = isLast && this.#lane === this.of.lane;
    const sha = isSame ? this.of.commit : this.#nextCommit(label);
    this.deploy = `${label}-${sha.slice(0, 8)}`;
    const word = this.#words(label, sha, isSame);
    const heads = { deploy: { version: 0, hash: noHash }, lane: this.#laneHead };
    const events = this.of.events.map((event) => {
      const head = event.stream.startsWith('lane/') ? 'lane' : 'deploy';
      const placed = this.#placed(event, heads[head], word);
      heads[head] = placed;
      return placed;
    });
    this.#laneHead = heads.lane;
    this.#superseded = null;
    return events;
  }

  #nextCommit(label: string): string {
    const next = this.#commits?.next();
    return next?.done === false ? next.value : createHash('sha1').update(label).digest('hex');
  }

  /** The deploy's words in place of the first one's. */
  #words(label: string, sha: string, isSame: boolean): (text: string) => string {
    const { deploy, lane, commit, events } = this.of;
    const own = [...new Set(events.flatMap(({ id, metadata }) => [id, String(metadata.run)]))];
    const words = new Map<string, string>([
      ...own.map((id) => [id, randomUUID()] as const),
      [deploy, this.deploy],
      [commit, sha],
      [`"${lane}"`, `"${this.#lane}"`],
      [`lane/${lane}`, `lane/${this.#lane}`],
      ['"label":"1"', `"label":"${label}"`],
      ['"build":"1"', `"build":"${label}"`],
    ]);
    const number = label.padStart(8, '0');
    const { version } = this.#laneHead;
    const superseded = this.#superseded;
    return (text) => {
      let changed = text;
      for (const [from, to] of words) changed = changed.replaceAll(from, to);
      // The grant is the second event that a deploy has in its lane.
      changed = changed.replaceAll('"token":2', `"token":${version + 2}`);
      if (superseded !== null) {
        changed = changed.replace('"supersedes":[]', `"supersedes":["${superseded}"]`);
      }
      if (isSame) return changed;
      if (this.#lane !== lane) changed = changed.replaceAll('"acme-', `"${this.#lane}-`);
      // The sandbox's ids: a number of its own in front.
      return changed.replaceAll(/"[0-9a-f]{8}(-89ab-4def-8123-[0-9a-f]{12})"/g, `"${number}$1"`);
    };
  }

  #placed(
    event: RecordedEvent,
    head: End['laneHead'],
    word: (text: string) => string,
  ): RecordedEvent {
    const data: JsonObject = JSON.parse(word(JSON.stringify(event.data)));
    const metadata: JsonObject = JSON.parse(word(JSON.stringify(event.metadata)));
    const placed = {
      ...event,
      ...{ position: ++this.#position, stream: word(event.stream), version: head.version + 1 },
      ...{ id: word(event.id), data, metadata },
      time: (this.apartMs === 0 ? new Date() : new Date(this.#atMs)).toISOString(),
      previousHash: head.hash,
    };
    return { ...placed, hash: hashOf(toRow(placed)) };
  }
}
