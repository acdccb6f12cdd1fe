/** A bake: what was verified goes on being checked, for as long as the configuration says. */
import { LockstepError } from '../../errors/error.ts';
import { formatDuration } from '../../format/duration.ts';
import { counted } from '../../format/words.ts';
import type { ServiceInput, ServiceOutput } from '../../machine/services.ts';
import type { Ports } from '../ports.ts';
import type { Target } from '../targets/target.ts';
import { askEndpoints } from './endpoints.ts';
import { instancesTimeout } from './instances.ts';
import { Stretch } from './stretch.ts';

type Input = Omit<ServiceInput<'bake'>, 'target'>;

/** Between two rounds: a fortieth of the whole, so that a short bake is looked at often and a long one asks little. */
const pauseMs = { shortest: 1_000, longest: 30_000, share: 40 };
const tellEveryMs = 60_000;

const dayMs = 86_400_000;

/** How often one instance may restart, for each day of a bake: platforms restart each once a day, and people do. What crashes again and again does it more often. */
export const restartsMax = (bakeMs: number): number => 3 * Math.max(1, Math.ceil(bakeMs / dayMs));

/**
 * In each round: the instances, the endpoints, and that the release is still what runs. The first is at once, the last
 * not before the end. An instance that goes or restarts has to be up again within `timeoutMs`, an endpoint that answers
 * wrongly has to answer right within its own time-out. Begun anew, it bakes for the whole time: nobody looked meanwhile.
 *
 * @throws E_INSTANCE_CRASHED at once; E_INSTANCES_UNSTEADY one restarted again and again; E_INSTANCES_TIMEOUT, E_NO_INSTANCES, E_ENDPOINT, E_RELEASE_NOT_CURRENT
 */
export async function bake(
  target: Target,
  input: Input,
  ports: Ports,
): Promise<ServiceOutput<'bake'>> {
  const { release, artifact, bakeMs, timeoutMs } = input;
  const { clock, progress, signal } = ports;
  const { name } = target.settings;
  const watch = target.watch(input, ports);
  const stretch = new Stretch();
  const startedAt = clock.ran();
  progress(`${name}: ${release.version} bakes for ${formatDuration(bakeMs)}`);
  let toldAt = startedAt;
  let missingSince: number | null = null;
  for (let rounds = 1; ; rounds++) {
    const look = await watch.look();
    const now = clock.ran();
    const broken = stretch.see(look, now);
    if (broken !== null) progress(`${name}: ${broken}`);
    refuseUnsteady(target, input, stretch);
    missingSince = look.missing === '' ? null : (missingSince ?? now);
    if (missingSince !== null && now - missingSince >= timeoutMs) {
      throw instancesTimeout(target, input, look.missing);
    }
    const endpoints = await askEndpoints(target, input, ports, { once: true });
    await target.mustStillRun({ release, artifact }, ports);
    const restMs = startedAt + bakeMs - now;
    if (restMs <= 0 && missingSince === null) {
      const instances = look.up.map(({ name, version }) => ({ name, version }));
      const { restarts } = stretch;
      const bakedMs = Math.round(now - startedAt);
      return { kind: 'baked', release, instances, bakedMs, rounds, restarts, endpoints };
    }
    if (now - toldAt >= tellEveryMs && restMs > 0) {
      progress(`${name}: ${formatDuration(restMs)} to bake; checked ${counted(rounds, 'time')}`);
      toldAt = now;
    }
    await clock.sleep(pauseOf(bakeMs, startedAt + bakeMs - clock.ran()), signal);
  }
}

/** @throws E_INSTANCES_UNSTEADY */
function refuseUnsteady(
  { settings: { name }, hints }: Target,
  { release: { version }, bakeMs }: Input,
  { worst }: Stretch,
): void {
  const most = restartsMax(bakeMs);
  if (worst === null || worst.restarts <= most) return;
  const { name: instance, restarts } = worst;
  throw new LockstepError(
    'E_INSTANCES_UNSTEADY',
    `${name} does not stay up on ${version}: ${instance} restarted ${counted(restarts, 'time')} while it was to bake for ${formatDuration(bakeMs)}`,
    {
      hint: `See why: ${hints.logs}. An instance may restart ${counted(most, 'time')} in a bake of that length.`,
      details: { target: name, version, instance, restarts, most },
    },
  );
}

function pauseOf(bakeMs: number, restMs: number): number {
  const usual = Math.min(Math.max(bakeMs / pauseMs.share, pauseMs.shortest), pauseMs.longest);
  return restMs > 0 ? Math.min(usual, restMs) : pauseMs.shortest;
}
