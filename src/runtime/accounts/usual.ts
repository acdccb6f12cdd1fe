/** How long a wait took in a lane's last deploys: what is waited for again usually takes as long. */
import { environmentsOf } from '../../machine/environments.ts';
import type { TargetSettings } from '../../machine/events.ts';
import { targetName } from '../../machine/lane.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { readDeployStories } from '../audit/deploys.ts';
import { domainEvent, ifReadable } from '../log/recorded.ts';
import { spread } from './metrics.ts';

/** Few enough that what changed in an app is usual soon, and enough that one odd deploy is not. */
const deploysMax = 7;

/** For how long the target's instances were waited for, in the median; null: the lane has no deploy that did. Milliseconds. */
export async function usualStartMs(
  log: EventLog,
  lane: string,
  target: TargetSettings,
): Promise<number | null> {
  const deploys = await readDeployStories(log, { lane, limit: deploysMax });
  const waits = deploys.flatMap(({ events }) => waitsIn(events, targetName(target)));
  return spread(waits).medianMs;
}

function waitsIn([first, ...events]: readonly RecordedEvent[], target: string): number[] {
  const request = first === undefined ? null : ifReadable(() => domainEvent(first));
  if (request?.type !== 'deploy.requested') return [];
  return environmentsOf(request.data.settings)
    .filter(({ environment }) => targetName(environment.target) === target)
    .flatMap(({ name }) => events.filter(({ type }) => type === `${name}.instancesUp`))
    .flatMap((recorded) => {
      const event = ifReadable(() => domainEvent(recorded));
      return event !== null && 'waitedMs' in event.data ? [event.data.waitedMs] : [];
    });
}
