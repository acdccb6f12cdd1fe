/** The lanes that a command is about. */
import { UsageError } from '../../errors/error.ts';
import { nearest } from '../../format/nearest.ts';
import { listed } from '../../format/words.ts';
import { lanesIn } from '../../runtime/audit/deploy-index.ts';
import { laneStream } from '../../runtime/log/streams.ts';
import type { EventLog } from '../../store/log.ts';

/** The one that is named, or all that have deploys. @throws UsageError E_NO_LANE */
export async function findLanes(log: EventLog, named: string | undefined): Promise<string[]> {
  if (named === undefined) return lanesIn(log);
  await mustHaveLane(log, named);
  return [named];
}

/** @throws UsageError E_NO_LANE the log has neither a deploy nor an order of a lane of that name */
export async function mustHaveLane(log: EventLog, named: string): Promise<void> {
  const deployed = await lanesIn(log);
  if (deployed.includes(named)) return;
  const prefix = laneStream('');
  const streams = await log.streams({ prefix, limit: streamsMax });
  const known = [
    ...new Set([...deployed, ...streams.map(({ stream }) => stream.slice(prefix.length))]),
  ];
  if (known.includes(named)) return;
  const near = nearest(named, known);
  throw new UsageError('E_NO_LANE', `the log has no lane ${named}`, {
    hint: `${near === null ? '' : `Did you mean ${near}? `}It has ${listed(known.sort(), listedMax) || 'none'}.`,
  });
}

const streamsMax = 1_000;
const listedMax = 10;
