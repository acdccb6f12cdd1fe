/** Asks a lane's targets what they run, for as long as a person likes to wait. Nothing fails where one does not tell. */
import type { Clock } from '../../effects/clock.ts';
import type { History } from '../../effects/history/history.ts';
import type { HttpClient } from '../../effects/http/request.ts';
import type { Ports } from '../../effects/ports.ts';
import type { Observed, Targets } from '../../effects/targets/target.ts';
import { environmentsOf } from '../../machine/environments.ts';
import type { EnvironmentName, TargetSettings } from '../../machine/events.ts';
import type { EventLog } from '../../store/log.ts';
import { readLaneMark } from '../audit/lane-marks.ts';
import { type ComparingHistory, goingBack } from '../gates/going-back.ts';
import type { Told, ToldPlace } from './known.ts';
import type { Logged } from './read.ts';

export interface Asking {
  readonly log: EventLog;
  readonly targets: Targets;
  /** Null: neither a clone nor GitHub is at hand. Then only what says of itself that it goes back is known to. */
  readonly history: History | null;
  readonly http: HttpClient;
  readonly clock: Clock;
  /** How long all of them may take together. */
  readonly withinMs: number;
}

/** @param environments the targets that the configuration has now */
export async function askTargets(
  logged: Pick<Logged, 'lane' | 'deploys' | 'marks'>,
  environments: Readonly<Record<EnvironmentName, { readonly target: TargetSettings } | null>>,
  asking: Asking,
): Promise<Told> {
  const { clock, withinMs, http } = asking;
  const late = new AbortController();
  const isLate = clock.sleep(withinMs, late.signal).then(
    () => true,
    () => false,
  );
  const over = new AbortController();
  const ports: Ports = {
    ...{ http, clock, signal: over.signal, progress: () => {} },
    deadlineMs: clock.ran() + withinMs,
  };
  const all = environmentsOf(environments).map(async ({ name, environment: { target } }) => {
    const tooLate = isLate.then(
      (past): ToldPlace => ({
        kind: 'untold',
        target: target.name,
        why: past
          ? `${target.name} did not answer within ${withinMs / 1_000} s`
          : 'it was not waited for',
      }),
    );
    const place = askOne(logged, name, target, asking, ports).catch((error: unknown) =>
      over.signal.aborted ? tooLate : untold(target.name, error),
    );
    const told = await Promise.race([place, tooLate]);
    return [name, withDeploy(told, name, logged.deploys)] as const;
  });
  try {
    const places = await Promise.all(all);
    return {
      kind: 'asked',
      at: new Date(clock.now()).toISOString(),
      places: Object.fromEntries(places),
    };
  } finally {
    late.abort();
    over.abort(new Error('nobody waits for it any more'));
  }
}

function untold(target: string, error: unknown): ToldPlace {
  const why = error instanceof Error ? error.message : String(error);
  return { kind: 'untold', target, why };
}

async function askOne(
  logged: Pick<Logged, 'lane' | 'marks'>,
  name: EnvironmentName,
  settings: TargetSettings,
  { log, targets, history }: Asking,
  ports: Ports,
): Promise<ToldPlace> {
  const target = targets(settings);
  if (!target.isReadable) {
    const why = `${settings.name} has no program that tells what runs`;
    return { kind: 'untold', target: settings.name, why };
  }
  const { running, pending, ...seen } = await target.observe(ports);
  const under =
    pending === null ? null : { version: pending.release.version, ageMs: pending.ageMs };
  if (running === null) {
    return {
      ...{ kind: 'runs', target: settings.name, running, ours: null, back: null },
      pending: under,
    };
  }
  const { release, artifact, by, at, description } = running;
  const of = name === 'production' ? await ofProduction(log, logged.lane, release.id) : null;
  const named = artifact.commit ?? running.named;
  const isFull = named !== null && /^[0-9a-f]{40}$/.test(named);
  const commit = isFull || named === null ? named : ((await history?.fullId(named, ports)) ?? null);
  return {
    kind: 'runs',
    target: settings.name,
    running: { release, commit, by, at, description },
    ours: of,
    back:
      name === 'production'
        ? await backOf({ running, ...seen }, target, logged, log, history, ports)
        : null,
    pending: under,
  };
}

/** The deploy that made the release, and whether its checks held. */
async function ofProduction(log: EventLog, lane: string, release: string) {
  const shipped = await readLaneMark(log, lane, 'lane.shipped', release);
  if (shipped !== null) return { deploy: shipped.data.deploy, verified: true };
  const deployed = await readLaneMark(log, lane, 'lane.deployed', release);
  return deployed === null ? null : { deploy: deployed.data.deploy, verified: false };
}

/** By the gates' own rule. */
async function backOf(
  observed: Omit<Observed, 'pending'>,
  target: ReturnType<Targets>,
  { lane, marks }: Pick<Logged, 'lane' | 'marks'>,
  log: EventLog,
  history: History | null,
  ports: Ports,
) {
  const { running, failed } = observed;
  const ids = [running, ...failed].flatMap((one) => one?.release.id ?? []);
  const isMarked = async (type: 'rollback.lifted' | 'lane.deployed' | 'lane.shipped') => {
    const found = await Promise.all(
      ids.map(async (id) => ((await readLaneMark(log, lane, type, id)) === null ? [] : [id])),
    );
    return found.flat();
  };
  const lifted = new Set(await isMarked('rollback.lifted'));
  const deployed = [...(await isMarked('lane.deployed')), ...(await isMarked('lane.shipped'))];
  const shipped = marks['lane.shipped']?.data ?? null;
  const of = { lifted, deployed, shipped };
  const back = await goingBack(target, observed, of, history ?? noHistory, ports);
  // A clone that was not fetched lately cannot compare; the gates will.
  return back?.kind === 'unknown' ? null : back;
}

/** What nobody can compare does not hold as far as is known here: the gates will compare it. */
const noHistory: ComparingHistory = {
  relation: async () => 'ahead',
  fullId: async () => null,
};

/** The deploy that put there what an environment before production runs is known by its own events. */
function withDeploy(
  place: ToldPlace,
  name: EnvironmentName,
  deploys: Logged['deploys'],
): ToldPlace {
  if (place.kind !== 'runs' || place.ours !== null || name === 'production') return place;
  const id = place.running?.release.id;
  const facts = deploys.find(({ released }) => released[name]?.release.id === id);
  const fact = facts?.released[name] ?? null;
  if (facts === undefined || fact === null) return place;
  return { ...place, ours: { deploy: facts.row.deploy, verified: fact.verifiedAt !== null } };
}
