/** What came to run in production, which of it failed there, and when production was well again. Pure. */
import type { DomainEvent } from '../../machine/events.ts';
import { goingBackIn, takenBackBy } from '../../machine/taken-back.ts';
import type { DeployRecord, LaneRecord } from './deploy-record.ts';
import { Times } from './times.ts';

/** A deploy whose commit came to run in production. */
export interface Put {
  readonly record: DeployRecord;
  readonly release: { readonly id: string; readonly version: string };
  /** When it ran there: milliseconds since the epoch. */
  readonly ranMs: number;
}

/** Production did not hold with what was put there, or was taken back from it. */
export interface Incident {
  readonly put: Put;
  readonly how: 'a check failed' | 'taken back';
  /** When production ran again what holds; null: not yet. */
  readonly overMs: number | null;
}

/** Whether the deploy is live with it: the last check held. */
export function isLive(event: DomainEvent): boolean {
  if (event.type === 'production.baked') return true;
  return event.type === 'production.verified' && (event.data.bakeMs ?? 0) === 0;
}

/** In the order in which they ran there; of a deploy that ran there more than once, the first time. */
export function putsOf({ deploys }: Pick<LaneRecord, 'deploys'>): Put[] {
  return deploys
    .flatMap((record): Put[] => {
      for (const { event, time } of record.steps) {
        if (event.type !== 'production.deployed') continue;
        return [{ record, release: event.data.release, ranMs: Date.parse(time) }];
      }
      return [];
    })
    .sort((a, b) => a.ranMs - b.ranMs);
}

/** A time at which production ran again what ran before. */
interface WayBack {
  readonly atMs: number;
  /** The release that it was taken from, where that is known. */
  readonly from: { readonly id: string | null; readonly version: string | null };
  /** Not where a check after a person's rollback failed. */
  readonly holds: boolean;
}

export function incidentsOf(lane: LaneRecord, puts: readonly Put[]): Incident[] {
  const ways = waysBack(lane);
  const held = new Times(ways.filter(({ holds }) => holds).map(({ atMs }) => atMs));
  const leftId = timesBy(ways, ({ from }) => from.id);
  const leftVersion = timesBy(ways, ({ from }) => from.version);
  const lives = new Times(
    lane.deploys
      .flatMap(({ steps }) => steps.filter(({ event }) => isLive(event)))
      .map(({ time }) => Date.parse(time)),
  );
  return puts.flatMap((put): Incident[] => {
    const { release, ranMs, record } = put;
    const takenMs = Math.min(
      leftId.get(release.id)?.after(ranMs) ?? never,
      leftVersion.get(release.version)?.after(ranMs) ?? never,
    );
    const failedMs = failedAt(record, ranMs);
    if (takenMs === never && failedMs === null) return [];
    const brokenMs = failedMs ?? takenMs;
    // To have gone back in that very millisecond counts, to be live in it does not.
    const overMs = Math.min(lives.after(brokenMs), held.after(brokenMs - 1));
    return [
      {
        put,
        how: failedMs === null ? 'taken back' : 'a check failed',
        overMs: Number.isFinite(overMs) ? overMs : null,
      },
    ];
  });
}

const never = Number.POSITIVE_INFINITY;

/** When ways were gone back, by what they were from. */
function timesBy(
  ways: readonly WayBack[],
  of: (way: WayBack) => string | null,
): ReadonlyMap<string | null, Times> {
  const grouped = Map.groupBy(ways, of);
  return new Map([...grouped].map(([from, all]) => [from, new Times(all.map(({ atMs }) => atMs))]));
}

/** When a check of production failed, after which the deploy was not live by itself. */
function failedAt({ steps }: DeployRecord, ranMs: number): number | null {
  const failed = steps.find(
    ({ event, time }) => event.type === 'deploy.failed' && Date.parse(time) >= ranMs,
  );
  return failed === undefined ? null : Date.parse(failed.time);
}

/** By `pipeline rollback`, and by anybody else as deploys met it. */
function waysBack({ deploys, orders }: LaneRecord): WayBack[] {
  const begun = new Map<string, string>();
  const ways = new Map<string, WayBack>();
  for (const { event, time } of orders) {
    if (event.type === 'rollback.begun') begun.set(event.data.rollback, event.data.from.id);
    const back = takenBackBy(event);
    if (back === null) continue;
    const from = { id: begun.get(back.rollback) ?? null, version: null };
    ways.set(back.release.id, { atMs: Date.parse(time), from, holds: back.verified });
  }
  for (const { event } of deploys.flatMap(({ steps }) => steps)) {
    const rollback = goingBackIn(event);
    if (rollback === null || ways.has(rollback.release.id)) continue;
    const { release, at, before } = rollback;
    const from = { id: null, version: before };
    ways.set(release.id, { atMs: Date.parse(at), from, holds: true });
  }
  return [...ways.values()];
}
