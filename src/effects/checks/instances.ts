/** Waits until all instances that are wanted are up on the new release for the first time. */
import { LockstepError } from '../../errors/error.ts';
import { formatDuration } from '../../format/duration.ts';
import type { InstancesInput, ServiceOutput } from '../../machine/services.ts';
import { pollUntil } from '../polling.ts';
import type { Ports } from '../ports.ts';
import type { InstancesSeen, Target } from '../targets/target.ts';

type Input = Omit<InstancesInput, 'target'>;

/** A look that found all of them up, and when, by the clock's own pace. */
export interface SeenUp {
  readonly at: number;
  readonly look: InstancesSeen;
}

/** How long an answer to which instances are wanted is used while waiting. It seldom changes, and the check that follows asks anew. */
const wantedMaxAgeMs = 10_000;

/** @param usualMs how long it usually takes; null: nobody knows. @param onUp told of the look that ends the wait. @throws E_INSTANCE_CRASHED at once; E_INSTANCES_TIMEOUT saying what is missing; E_NO_INSTANCES, E_RELEASE_NOT_CURRENT */
export async function awaitInstances(
  target: Target,
  input: Input,
  ports: Ports,
  usualMs: Promise<number | null>,
  onUp: (seen: SeenUp) => void = () => {},
): Promise<ServiceOutput<'awaitInstances'>> {
  const { release, timeoutMs } = input;
  const { name } = target.settings;
  const startedAt = ports.clock.ran();
  const watch = target.watch(input, ports);
  let told = '';
  const polling = { timeoutMs, pauseMaxMs: 10_000, usualMs };
  const up = await pollUntil(ports, polling, async () => {
    const look = await watch.look(wantedMaxAgeMs);
    const { up, missing } = look;
    if (missing === '') {
      onUp({ at: ports.clock.ran(), look });
      return up;
    }
    if (missing !== told) ports.progress(`${name}: up on ${release.version}: ${missing}`);
    told = missing;
    return undefined;
  });
  if (up === undefined) throw instancesTimeout(target, input, told);
  return {
    kind: 'up',
    instances: up.map(({ name, version }) => ({ name, version })),
    waitedMs: Math.round(ports.clock.ran() - startedAt),
  };
}

export function instancesTimeout(
  { settings: { name }, hints }: Target,
  { release: { version }, timeoutMs }: Input,
  missing: string,
): LockstepError {
  return new LockstepError(
    'E_INSTANCES_TIMEOUT',
    `${name} was not all up on ${version} within ${formatDuration(timeoutMs)}: ${missing}`,
    {
      hint: `See what they wait for: ${hints.instances}, ${hints.logs}. A longer time is set by verify.${hints.verifyKey}.timeout in pipeline.yml.`,
      details: { target: name, version, timeoutMs, missing },
    },
  );
}
