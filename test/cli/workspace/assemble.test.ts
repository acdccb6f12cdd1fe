/** What the command puts together: its writes are fenced, and its lock waits for both apps. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectCi } from '../../../src/cli/ci/ci.ts';
import { parseConfig } from '../../../src/cli/config/config.ts';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { type Assembly, assemble } from '../../../src/cli/workspace/assemble.ts';
import { openTargets } from '../../../src/cli/workspace/targets.ts';
import type { Repository } from '../../../src/effects/git/repository.ts';
import { samples } from '../../../src/machine/samples.ts';
import type { SubmitInput } from '../../../src/machine/services.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { breakLock } from '../../../src/runtime/lock/lane-orders.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneResource, laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import { requestDeploy } from '../../../src/runtime/loop/request.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { archive } from '../../effects/tarball.ts';
import { ProductionWorld, production, staging } from '../../runtime/gates/production-world.ts';
import { targetOf } from '../../simulation/lane-world.ts';
import { fullConfig } from '../config/config-text.ts';

const around = { root: process.cwd(), env: process.env };

const leaseMs = 60_000;
const lane = 'acme';
const holder = newRun({ actor: anActor, ci: null, program: 'test' });
const person = newRun({ actor: anActor, ci: null, program: 'test' });

let world: ProductionWorld;
let log: EventLog;
let assembly: Assembly;
/** Called when the kill switch is read: that is in the gates, right before a write. */
let onGates: () => void;

beforeEach(async () => {
  world = await ProductionWorld.create();
  log = await openLog('sqlite::memory:');
  onGates = () => {};
  const { graph } = world;
  const repository = {
    relations: async (base: string, heads: readonly string[]) =>
      heads.map((head) => graph.relation(base, head)),
    archive,
  } as unknown as Repository;
  const config = await parseConfig(Buffer.from(fullConfig), 'pipeline.yml');
  const environment = readEnvironment({
    HEROKU_API_URL: world.heroku.url,
    HEROKU_API_KEY: 'HRKU-token-12345678',
  });
  assembly = await assemble({
    config,
    folder: '.',
    environment,
    targets: await openTargets(config, environment, around),
    env: {
      get PRODUCTION_CD_ENABLED() {
        onGates();
        return 'true';
      },
    },
    ci: detectCi({}),
    repository,
    log,
    run: holder,
    leaseMs,
    isLogKept: true,
    progress: () => {},
    notice: () => {},
  });
});
afterEach(async () => {
  await assembly.close();
  await log.close();
  await world.close();
});

/** The lane is granted to the holder. */
async function hold(deploy = '502-22222222'): Promise<void> {
  const { version } = await readLane(log, lane);
  const data = { deploy, run: holder.id, build: '502', commit: world.commit };
  const granted = { ...data, supersedes: [], takenOver: null };
  const fence = { resource: laneResource(lane), token: version + 1 };
  const event = newEvent({ type: 'lock.granted', data: granted }, holder);
  await log.append([{ stream: laneStream(lane), expected: version, events: [event] }], {
    grant: { ...fence, owner: holder.owner, ttlMs: leaseMs },
  });
  assembly.keeper.hold(fence);
}

const posts = () =>
  world.heroku.asked.filter((one) => one.startsWith('POST') && !one.includes('/sources'));
const runPorts = () => ({
  clock: world.heroku.clock,
  signal: world.heroku.stop.signal,
  progress: () => {},
});

const submit = (verified: SubmitInput['verified']) =>
  assembly.services.submit(
    {
      environment: 'production',
      share: null,
      target: targetOf(production),
      commit: world.commit,
      verified,
      cursor: '2',
      key: '502-22222222',
      timeoutMs: 60_000,
      gates: world.gates(),
    },
    runPorts(),
  );

const writes = {
  'the promotion': async () => {
    const slug = world.heroku.slug(world.commit);
    const { id, version } = world.heroku.release(world.staging, slug);
    const artifact = { kind: 'slug', id: slug, digest: null, commit: world.commit };
    const release = { id, version: `v${version}` };
    return submit({ artifact, release, at: targetOf(staging) });
  },
  'production’s build': () => submit(null),
} as const;

describe.each(Object.entries(writes))('%s', (_, write) => {
  it('is sent by a holder', async () => {
    await hold();
    expect(await write()).toMatchObject({ kind: 'submitted' });
    expect(posts()).toHaveLength(1);
  });

  it('is not sent by one whose lane is unlocked after its gates were clear, right before the write', async () => {
    await hold();
    let unlocked: Promise<unknown> | null = null;
    onGates = () => {
      unlocked ??= breakLock(log, lane, person, 'it hangs');
    };
    await expect(write()).rejects.toMatchObject({ code: 'E_OVERTAKEN' });
    expect(unlocked).not.toBeNull();
    expect(posts()).toEqual([]);
  });
});

describe('the lane’s lock', () => {
  const acquire = async (signal: AbortSignal, progress: (line: string) => void) => {
    const lease = await log.take(runResource('503-33333333'), holder.owner, leaseMs);
    assembly.keeper.hold({ resource: runResource('503-33333333'), token: lease?.token ?? 0 });
    const build = {
      provider: 'other',
      label: '503',
      attempt: 1,
      job: null,
      workflow: null,
      url: null,
    };
    return assembly.lock.acquire(
      {
        deploy: '503-33333333',
        lane,
        commit: world.commit,
        branch: 'master',
        build: { ...build, provider: 'other' },
        stacking: 'skip',
        purpose: 'deploy',
        lock: { provider: 'store', timeoutMs: 3_600_000, leaseMs },
      },
      signal,
      progress,
    );
  };

  /** By a deploy that is on record, and has asked for nothing. */
  async function holdIdly(): Promise<string> {
    const { deploy: _deploy, chart: _chart, ...asked } = samples['deploy.requested'];
    const { deploy } = await requestDeploy(log, asked, holder);
    await hold(deploy);
    return deploy;
  }

  it.each([
    ['staging has nothing under way', staging, 'build'],
    ['staging has nothing under way', staging, 'release'],
    ['production has nothing under way', production, 'build'],
    ['production has nothing under way', production, 'release'],
  ] as const)('after an unlock, waits until %s', async (_, name, kind) => {
    const deploy = await holdIdly();
    await breakLock(log, lane, person, 'it hangs');
    const app = name === staging ? world.staging : world.production;
    if (kind === 'build') world.heroku.build(app);
    else world.heroku.release(app, world.heroku.slug(world.commit), { status: 'pending' });
    const stop = new AbortController();
    const waits = acquire(stop.signal, (line) => {
      if (line.includes(`${name} still has under way`)) stop.abort(new Error('it waits'));
    });
    await expect(waits).rejects.toThrow('it waits');
    expect((await readLane(log, lane)).grant).toMatchObject({ deploy });
  });

  it('after an unlock of what the log does not know, waits until it had time to show itself', async () => {
    await hold();
    await breakLock(log, lane, person, 'it hangs');
    const stop = new AbortController();
    const waits = acquire(stop.signal, (line) => {
      if (line.includes('may have been asked for something')) stop.abort(new Error('it waits'));
    });
    await expect(waits).rejects.toThrow('it waits');
  });

  it('is granted where nothing is', async () => {
    await holdIdly();
    await breakLock(log, lane, person, 'it hangs');
    const granted = await acquire(new AbortController().signal, () => {});
    expect(granted).toMatchObject({ kind: 'granted' });
  });
});
