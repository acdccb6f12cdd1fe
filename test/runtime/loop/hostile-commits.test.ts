/**
 * Whatever a commit says (any length, any characters) and whatever repeats it: the deploy ends in a
 * settled state, on record, and replays to it. The same through real git is in test/processes/odd-commits.test.ts.
 */

import { expect, it } from 'vitest';
import type { Commit } from '../../../src/effects/git/commit-object.ts';
import { toReleaseNotes } from '../../../src/effects/history/release-notes.ts';
import { LockstepError } from '../../../src/errors/error.ts';
import { type Step, steps } from '../../../src/machine/codec.ts';
import type { DomainEvent, EventType } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import { Gate, redactAll, within } from '../../../src/redaction/gate.ts';
import { replay } from '../../../src/runtime/audit/replay.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { createLeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import { deployStream } from '../../../src/runtime/log/streams.ts';
import { requestDeploy } from '../../../src/runtime/loop/request.ts';
import { runDeploy, type ServiceTable } from '../../../src/runtime/loop/run.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { codePoint, fc } from '../../fast-check.ts';
import { toAnswer } from '../../machine/to-answer.ts';
import { VirtualTime } from '../../simulation/virtual-time.ts';

/** The steps of a deploy, in their order. */
const way: readonly Step[] = [
  ...(['acquireLock', 'observe', 'submitStaging', 'followStaging'] as const),
  ...(['awaitStagingRelease', 'awaitStagingInstances', 'checkStagingHealth', 'readGates'] as const),
  ...(['submitProduction', 'followProduction', 'awaitProductionRelease'] as const),
  ...(['awaitProductionInstances', 'checkProductionHealth'] as const),
];

/** Halves of characters, controls, what turns text around, what takes six characters in JSON; long and short. */
const hostile = fc
  .tuple(
    fc.oneof(
      fc.string({ unit: codePoint, minLength: 1, maxLength: 30 }),
      fc.constantFrom(
        '\ud800',
        '\udc00',
        '\u0000',
        '\u0001',
        '\u202e',
        '\u2028',
        '\n',
        '\r',
        '"\\',
      ),
      fc.constantFrom('```', '<!channel>', '::add-mask::', '{"a":', '\u001b[2J', '🚀', 'a\u0300'),
    ),
    fc.constantFrom(1, 3, 200, 20_000, 200_000),
  )
  .map(([unit, times]) => unit.repeat(times).slice(0, 2_000_000));

const sha = samples['deploy.requested'].commit.sha;

const commits = fc
  .tuple(
    fc.record({ title: hostile, body: hostile, author: hostile, email: hostile }),
    fc.constantFrom(1, 12, 250),
  )
  .map(([one, times]): Commit[] => Array(times).fill({ ...one, sha, date: '' }));

/** Each step is answered as the samples have it, with these commits for notes; one fails with the commit's words. */
function scripted(notes: readonly Commit[], failing: number) {
  let at = 0;
  const answer = async (service: string): Promise<never> => {
    const step = way[at];
    if (step === undefined || steps[step].service !== service) throw new Error(`not ${service}`);
    if (at === failing) {
      const { title = '', body = '', author = '' } = notes[0] ?? {};
      throw new LockstepError<string>(author, title, {
        hint: body,
        details: { [title]: body, author },
      });
    }
    at += 1;
    const [type] = Object.values(steps[step].events) as EventType[];
    const answered = toAnswer({ type, data: samples[type as EventType] } as DomainEvent)?.answer;
    const kept = step === 'acquireLock' ? { provider: 'circleci', token: null } : {};
    const told = { base: null, head: sha, commits: notes, total: notes.length, webUrl: null };
    const listed = step === 'observe' ? { notes: toReleaseNotes(told) } : {};
    return { ...answered, ...kept, ...listed } as never;
  };
  const names = new Set(Object.values(steps).map(({ service }) => service));
  const table = Object.fromEntries([...names].map((name) => [name, () => answer(name)]));
  return { table: table as unknown as ServiceTable, answer };
}

async function settlesAndReplays(): Promise<void> {
  await fc.assert(
    fc.asyncProperty(commits, fc.integer({ min: 2, max: way.length }), async (notes, failing) => {
      const time = new VirtualTime(Date.parse('2026-01-05T10:00:00Z'));
      const log = await openLog('sqlite::memory:', { clean: redactAll });
      const { deploy: _deploy, chart: _chart, ...wanted } = samples['deploy.requested'];
      const [{ title, author } = { title: '', author: '' }] = notes;
      const request = { ...wanted, branch: title, commit: { sha, title, author } };
      const run = newRun({ actor: anActor, ci: null, program: 'test' });
      const { deploy } = await requestDeploy(log, redactAll(request), run);
      const { table, answer } = scripted(notes, failing);
      const keeper = createLeaseKeeper({ log, clock: time.clock, leaseMs: 60_000 });
      const outcome = await runDeploy({
        ...{ deploy, log, clock: time.clock, run, keeper, leaseMs: 60_000, services: table },
        lock: { acquire: () => answer('acquireLock'), reacquire: async () => null },
        interrupt: new AbortController().signal,
        progress: () => {},
        waiting: () => {},
        recorded: () => {},
        liveness: { whyDead: () => null, ask: async () => false },
      });
      keeper.stop();
      const isFailed = failing < way.length;
      expect(outcome).toMatchObject({ state: isFailed ? 'failed' : 'production.live' });
      const events = await log.readStream(deployStream(deploy));
      // The commits themselves are on record, though cut: they are no reason to fail.
      expect(events.map(({ type }) => type)).toContain('deploy.observed');
      expect(events.at(-1)?.metadata.transition).toMatchObject({ settled: true });
      expect(await replay(log, deploy)).toMatchObject({ disagreement: null, settled: true });
      await log.close();
    }),
    { numRuns: 30 },
  );
}

/** The process's gate knows the secrets of other tests too, and looks for each in megabytes. */
it('a deploy of hostile commits is settled and replays, whichever step repeats their words', () =>
  within(new Gate(), settlesAndReplays));
