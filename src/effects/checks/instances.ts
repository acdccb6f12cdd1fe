/** Waits until all instances that are wanted are up on the new release for the first time. */
import { LockstepError } from '../../errors/error.ts';
import { formatDuration } from '../../format/duration.ts';
import type { InstancesInput, ServiceOutput } from '../../machine/services.ts';
import { pollUntil } from '../polling.ts';
import type { Ports } from '../ports.ts';
import type { Target } from '../targets/target.ts';

type Input = Omit<InstancesInput, 'target'>;

/** Which are wanted seldom changes, and is read anew by the check that follows: who only waits believes it for so long. */
const wantedMaxAgeMs = 10_000;

/** @param usualMs how long it usually takes; null: nobody knows. @throws E_INSTANCE_CRASHED at once; E_INSTANCES_TIMEOUT saying what is missing; E_NO_INSTANCES, E_RELEASE_NOT_CURRENT */
export async function awaitInstances(
  target: Target,
  input: Input,
  ports: Ports,
  usualMs: Promise<number | null>,
): Promise<ServiceOutput<'awaitInstances'>> {
  const { release, timeoutMs } = input;
  const { name } = target.settings;
  const startedAt = ports.clock.ran();
  const watch = target.watch(input, ports);
  let told = '';
  const polling = { timeoutMs, pauseMaxMs: 10_000, usualMs };
  const up = await pollUntil(ports, polling, async () => {
    const { up, missing } = await watch.look(wantedMaxAgeMs);
    if (missing === '') return up;
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
