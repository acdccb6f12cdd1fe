/**
 * One that waits for a lane, as a process of its own: the lane's lock over a log and a repository that are there. It
 * says on its standard output, a line of JSON each, that it was granted the lane or superseded, and when, and gives the
 * lane back at once. It is given a store's URL, a repository, a number, a commit and how builds are stacked.
 */
import { systemClock } from '../src/effects/clock.ts';
import { openRepository } from '../src/effects/git/repository.ts';
import { newRun } from '../src/runtime/identity.ts';
import { createLeaseKeeper } from '../src/runtime/lock/lease-keeper.ts';
import { createStoreLock } from '../src/runtime/lock/store-lock.ts';
import { newEvent } from '../src/runtime/log/new-event.ts';
import { laneResource, laneStream, runResource } from '../src/runtime/log/streams.ts';
import { openLog } from '../src/store/open.ts';
import { lane, leaseMs, patienceMs } from './waiting-lane.ts';

const [url = '', folder = '', number = '', commit = '', stacking = ''] = process.argv.slice(2);
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);

const log = await openLog(url);
const repository = await openRepository(folder);
const deploy = `${number}-${commit.slice(0, 8)}`;
const actor = {
  claimed: 'bench',
  observed: { ci: null, system: { user: 'ana', host: 'ws-7' }, git: null, account: null },
};
const run = newRun({ actor, ci: null, program: 'bench' });
const keeper = createLeaseKeeper({ log, clock: systemClock, leaseMs });
const taken = await log.take(runResource(deploy), run.owner, leaseMs);
if (taken === null) throw new Error(`${deploy} has a run`);
keeper.hold(taken);
let quiesced = 0;
const lock = createStoreLock({
  log,
  clock: systemClock,
  run,
  keeper,
  leaseMs,
  relations: (base, heads, signal) => repository.relations(base, heads, signal),
  quiesce: async () => {
    quiesced += 1;
  },
});
const build = {
  provider: 'other' as const,
  label: number,
  attempt: 1,
  job: null,
  workflow: null,
  url: null,
};
const input = {
  ...{ deploy, lane, commit, branch: 'main', build, stacking: stacking as 'skip' | 'every' },
  lock: { provider: 'store', timeoutMs: patienceMs, leaseMs },
  purpose: 'deploy',
} as const;
try {
  const answer = await lock.acquire(input, AbortSignal.timeout(patienceMs), () => {});
  say({ number, kind: answer.kind, at: Date.now(), quiesced });
  if (answer.kind === 'granted' && answer.token !== null) {
    const fence = { resource: laneResource(lane), token: answer.token };
    const data = { deploy, token: answer.token, why: 'bench' };
    const events = [newEvent({ type: 'lock.released', data }, run)];
    keeper.drop(fence.resource);
    const batch = { stream: laneStream(lane), expected: 'any', events } as const;
    await log.append([batch], { fence, release: fence });
    say({ number, kind: 'released', at: Date.now() });
  }
} catch (error) {
  say({ number, kind: 'gave up', at: Date.now(), error: String(error) });
}
keeper.stop();
await log.close();
process.exit(0);
