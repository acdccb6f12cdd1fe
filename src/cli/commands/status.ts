/** `pipeline status`: how each lane stands, what a person can do, and what became of its deploys. */
import { UsageError } from '../../errors/error.ts';
import { redactAll } from '../../redaction/gate.ts';
import { readUndelivered } from '../../runtime/notify/read-undelivered.ts';
import { knownOf, readLanes } from '../../runtime/standing/read.ts';
import { laneStanding } from '../../runtime/standing/standing.ts';
import type { EventLog } from '../../store/log.ts';
import { type Environment, readEnvironment } from '../config/environment.ts';
import { type StatusDocument, statusDocument } from '../render/status-document.ts';
import { statusTabs } from '../render/status-tabs.ts';
import { statusView } from '../render/status-view.ts';
import type { Terminal } from '../render/terminal.ts';
import type { AskLane } from '../workspace/ask-targets.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { mustHaveLane } from '../workspace/find-lane.ts';
import { countGiven, type GlobalFlags, given } from '../workspace/flags.ts';

export interface StatusFlags extends GlobalFlags {
  limit: string;
  lane?: string;
  offline?: boolean;
  watch?: boolean;
}

export async function status(flags: StatusFlags, terminal: Terminal): Promise<number> {
  const limit = countGiven('--limit', flags.limit);
  if (flags.watch === true && flags.json === true) {
    throw new UsageError('E_USAGE', '--watch is for people, and --json is one document', {
      hint: 'Leave one of them out.',
    });
  }
  const lane = given('--lane', flags.lane);
  const environment = readEnvironment(process.env);
  const store = await findStore(flags, environment);
  const log = await openDeployLog(store, { readOnly: true });
  try {
    const find = await finder(log, { ...flags, limit, lane }, environment);
    const show = (found: StatusDocument): void => {
      if (flags.json === true) terminal.json(found);
      else for (const line of lines(found, terminal)) terminal.out(line);
    };
    if (flags.watch !== true) {
      show(await find());
      return 0;
    }
    const { watch } = await import('./watch.ts');
    return await watch(log, { find, lines: (found) => lines(found, terminal) }, terminal);
  } finally {
    await log.close();
  }
}

const lines = (found: StatusDocument, terminal: Terminal): string[] =>
  terminal.isTty ? statusView(found, terminal) : statusTabs(found);

interface Wanted extends Pick<StatusFlags, 'config' | 'store' | 'offline'> {
  readonly limit: number;
  readonly lane: string | undefined;
}

/** Offline, nothing is loaded that asks. */
async function asker(
  log: EventLog,
  flags: Omit<Wanted, 'limit' | 'lane'>,
  environment: Environment,
): Promise<AskLane> {
  if (flags.offline === true) return async () => ({ kind: 'notAsked', why: '' });
  const { laneAsker } = await import('../workspace/ask-targets.ts');
  return (await laneAsker(flags, environment, log)).ask;
}

async function finder(
  log: EventLog,
  { limit, lane, ...flags }: Wanted,
  environment: Environment,
): Promise<() => Promise<StatusDocument>> {
  const ask = await asker(log, flags, environment);
  return async () => {
    const { lanes, more } = await readLanes(log, { limit, lane });
    const known = lanes.map(async (logged) => knownOf(log, logged, await ask(logged)));
    const undelivered = await readUndelivered(log);
    const standings = (await Promise.all(known)).map(laneStanding);
    if (lane !== undefined && lanes.every(isEmpty)) await mustHaveLane(log, lane);
    // Before anything of them is cut: an imported log may hold secrets.
    return redactAll(
      statusDocument({ standings, moreLanes: more, undelivered, limit, nowMs: Date.now() }),
    );
  };
}

const isEmpty = ({ deploys, marks }: Awaited<ReturnType<typeof readLanes>>['lanes'][number]) =>
  deploys.length === 0 && Object.keys(marks).length === 0;
