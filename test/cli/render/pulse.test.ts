/** No wait is silent: whatever a run waits for, a line comes at least every minute, under virtual time. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withPulse } from '../../../src/cli/render/pulse.ts';
import type { Reporter } from '../../../src/cli/render/reporter.ts';
import { type Step, steps } from '../../../src/machine/codec.ts';
import type { DomainEvent, EventType, Settings } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import type { ServiceName } from '../../../src/machine/services.ts';
import { describeStep } from '../../../src/machine/step-words.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { createLeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import { runResource } from '../../../src/runtime/log/streams.ts';
import { requestDeploy } from '../../../src/runtime/loop/request.ts';
import { runDeploy, type ServiceTable } from '../../../src/runtime/loop/run.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { fc } from '../../fast-check.ts';
import { toAnswer } from '../../machine/to-answer.ts';
import { VirtualTime } from '../../simulation/virtual-time.ts';

const start = Date.parse('2026-01-05T10:00:00Z');
const minute = 60_000;

let time: VirtualTime;
let lines: { at: number; text: string }[];
let log: EventLog;

beforeEach(async () => {
  time = new VirtualTime(start);
  lines = [];
  log = await openLog('sqlite::memory:', { now: time.now, sleep: time.sleep });
});
afterEach(() => log.close());

const reporter: Reporter = {
  recorded: (event) => void lines.push({ at: time.now(), text: event.type }),
  progress: (text) => void lines.push({ at: time.now(), text }),
  notice: (text) => void lines.push({ at: time.now(), text }),
  end: () => {},
};

/** No stretch of a minute without a line, from the start to now. */
function expectHeard(): void {
  const times = [start, ...lines.map(({ at }) => at), time.now()];
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? at));
  expect(Math.max(...gaps)).toBeLessThan(minute);
}

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, fail) => {
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
  });

/** The steps of a deploy in their order, where each environment bakes. */
const way: readonly Step[] = [
  'acquireLock',
  'observe',
  'submitStaging',
  'followStaging',
  'awaitStagingRelease',
  'awaitStagingInstances',
  'checkStagingHealth',
  'bakeStaging',
  'readGates',
  'submitCanary',
  'followCanary',
  'awaitCanaryRelease',
  'awaitCanaryInstances',
  'checkCanaryHealth',
  'bakeCanary',
  'submitProduction',
  'followProduction',
  'awaitProductionRelease',
  'awaitProductionInstances',
  'checkProductionHealth',
  'bakeProduction',
];
/** The canary is taken back where production may not be given what it has. */
const wayBack: readonly Step[] = [
  ...way.slice(0, way.indexOf('submitProduction') + 1),
  'restoreCanary',
];

/** Those that stand on another way than the one to production. */
const ways: Readonly<Partial<Record<Step, readonly Step[]>>> = {
  restoreCanary: wayBack,
  acquireLockToRestore: ['acquireLockToRestore'],
};
const asides = Object.keys(ways) as Step[];

const bakeMs = 60_000;
const { settings } = samples['deploy.requested'];
const baked: Settings = {
  ...settings,
  staging: settings.staging && { ...settings.staging, bakeMs },
  canary: { ...settings.production, bakeMs },
  production: { ...settings.production, bakeMs },
};

/** Answers each step as the samples say, up to the one that never answers. */
function services(stuck: Step) {
  let at = 0;
  const wayTo = ways[stuck] ?? way;
  const answer = async (service: ServiceName, signal: AbortSignal): Promise<unknown> => {
    const step = wayTo[at];
    if (step === undefined || step === stuck || steps[step].service !== service)
      return never(signal);
    at += 1;
    const [first] = Object.values(steps[step].events) as EventType[];
    const isRefused = wayTo === wayBack && step === 'submitProduction';
    const type = isRefused ? 'production.held' : first;
    const data = { ...samples[type as EventType], ...(isRefused ? { step } : {}) };
    const answered = toAnswer({ type, data } as DomainEvent);
    // Kept by the CI's list: there is no lease of the lane that a fence could ask for.
    const kept = step === 'acquireLock' ? { provider: 'circleci', token: null } : {};
    return { ...answered?.answer, ...kept };
  };
  const names = new Set(Object.values(steps).map(({ service }) => service));
  const table = Object.fromEntries(
    [...names].map((name) => [
      name,
      (_: unknown, { signal }: { signal: AbortSignal }) => answer(name, signal),
    ]),
  );
  return { table: table as unknown as ServiceTable, answer };
}

/** Runs a deploy that hangs, for twelve minutes. */
async function hang(stuck: Step): Promise<void> {
  // The lane is lost while the canary is taken back: the run after that one waits for it once more.
  if (stuck === 'acquireLockToRestore') await hang('restoreCanary');
  const began = time.now();
  const { deploy: _deploy, chart: _chart, ...request } = samples['deploy.requested'];
  const wanted = { ...request, settings: baked };
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const { deploy } = await requestDeploy(log, wanted, run);
  const pulse = withPulse(reporter, time.clock);
  const interrupt = new AbortController();
  const { table, answer } = services(stuck);
  const keeper = createLeaseKeeper({ log, clock: time.clock, leaseMs: 60_000 });
  let over = false;
  const ended = runDeploy({
    deploy,
    log,
    clock: time.clock,
    run,
    keeper,
    leaseMs: 60_000,
    lock: {
      acquire: (_, signal) => answer('acquireLock', signal) as never,
      reacquire: async () =>
        stuck === 'acquireLockToRestore' ? { kind: 'lost', to: '503-7c3d2e1f' } : null,
    },
    services: table,
    interrupt: interrupt.signal,
    progress: pulse.progress,
    waiting: pulse.waiting,
    recorded: pulse.recorded,
    liveness: { whyDead: () => null, ask: async () => false },
  }).finally(() => {
    over = true;
  });
  ended.catch(() => {});
  await time.runUntil(() => time.now() >= began + 12 * minute, began + 13 * minute);
  expectHeard();
  interrupt.abort('SIGTERM');
  await time.runUntil(() => over, began + 20 * minute);
  pulse.end();
  keeper.stop();
}

describe('a step that takes twelve minutes', () => {
  it('is each of the chart’s steps', () => {
    expect([...way, ...asides].sort()).toEqual(Object.keys(steps).sort());
  });

  it.each([...way, ...asides])(
    '%s is heard every minute, with what it does and since when',
    async (step) => {
      await hang(step);
      const last = lines.findLast(({ text }) => text.startsWith('still '));
      expect(last?.text).toMatch(
        new RegExp(`^still ${describeStep(step)}, since 10:(00|12):\\d\\dZ \\(`),
      );
    },
  );
});

describe('what is waited for outside of the steps', () => {
  it('another run of the same deploy', async () => {
    const { deploy } = samples['deploy.requested'];
    const other = await log.take(runResource(deploy), { host: 'there', run: 'other' }, 60 * minute);
    expect(other).not.toBeNull();
    await hang('observe');
    expect(lines.at(-1)?.text).toContain('still waiting for another run of the same deploy');
  });

  it.each(['opening the log', 'telling the last messages'])('%s', async (what) => {
    const pulse = withPulse(reporter, time.clock);
    pulse.waiting(what);
    await time.runUntil(() => time.now() >= start + 5 * minute, start + 6 * minute);
    pulse.end();
    expectHeard();
    expect(lines[0]?.text).toBe(`still ${what}, since 10:00:00Z (45s)`);
  });
});

describe('the pulse', () => {
  it('says again what was said last of a wait, and never what it says itself', async () => {
    const pulse = withPulse(reporter, time.clock);
    pulse.waiting('releasing to staging');
    pulse.progress('acme-staging: release v12 is under way');
    await time.runUntil(() => time.now() >= start + 3 * minute, start + 4 * minute);
    pulse.end();
    const so = 'still releasing to staging, since 10:00:00Z';
    const of = 'acme-staging: release v12 is under way';
    expect(lines.slice(1).map(({ text }) => text)).toEqual([
      `${so} (45s): ${of}`,
      `${so} (1m30s): ${of}`,
      `${so} (2m15s): ${of}`,
      `${so} (3m): ${of}`,
    ]);
  });

  it('whatever is said and when, no minute passes in silence; what is over is silent', async () => {
    const said = fc.array(fc.integer({ min: 0, max: 10 * minute }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(said, async (times) => {
        time = new VirtualTime(start);
        lines = [];
        const pulse = withPulse(reporter, time.clock);
        for (const at of times) void time.sleep(at).then(() => pulse.progress('a line'));
        await time.runUntil(() => time.now() >= start + 11 * minute, start + 12 * minute);
        expectHeard();
        pulse.end();
        const before = lines.length;
        await time.runUntil(() => false, start + 20 * minute);
        expect(lines.length).toBe(before);
      }),
      { numRuns: 50, seed: 9 },
    );
  });
});
