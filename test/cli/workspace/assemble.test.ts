/** What the command puts together: its writes are fenced, and its lock waits for both apps and asks each CI by its own token. */
import { setTimeout as sleep } from 'node:timers/promises';
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
import { breakLock, switchLane } from '../../../src/runtime/lock/lane-orders.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneResource, laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import { requestDeploy } from '../../../src/runtime/loop/request.ts';
import type { EventLog, JsonObject } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import {
  type AnsweringServer,
  type Reply,
  startAnsweringServer,
} from '../../effects/answering-server.ts';
import { failureOf } from '../../effects/lockstep-error.ts';
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
let notices: string[];
const servers: AnsweringServer[] = [];

/** What a run is put together with, where it is not the usual. */
interface Around {
  readonly env?: NodeJS.ProcessEnv;
  readonly isCi?: boolean;
  readonly trust?: string | undefined;
  readonly isLogKept?: boolean;
  readonly notify?: string;
  /** Variables of the environment besides. */
  readonly variables?: Readonly<Record<string, string>>;
}

async function put({
  env = {},
  isCi = false,
  trust,
  isLogKept = true,
  notify = "slack: { channel: '#alerts' }",
  variables = {},
}: Around): Promise<Assembly> {
  const text = fullConfig.replace(/^notify:[\s\S]*$/m, `notify:\n  ${notify}\n`);
  const config = await parseConfig(Buffer.from(text), 'pipeline.yml');
  const environment = readEnvironment({
    HEROKU_API_URL: world.heroku.url,
    HEROKU_API_KEY: 'HRKU-token-12345678',
    PIPELINE_TRUST: trust,
    ...variables,
  });
  const { graph } = world;
  const repository = {
    relations: async (base: string, heads: readonly string[]) =>
      heads.map((head) => graph.relation(base, head)),
    fullId: async (id: string) => id,
    archive,
  } as unknown as Repository;
  return assemble({
    config,
    folder: '.',
    environment,
    targets: await openTargets(config, environment, around),
    env,
    ci: detectCi(isCi ? { CI: 'true' } : {}),
    ...{ repository, log, run: holder, leaseMs, isLogKept },
    progress: () => {},
    notice: (line) => void notices.push(line),
  });
}

beforeEach(async () => {
  world = await ProductionWorld.create();
  log = await openLog('sqlite::memory:');
  onGates = () => {};
  notices = [];
  assembly = await put({
    env: {
      get PRODUCTION_CD_ENABLED() {
        onGates();
        return 'true';
      },
    },
  });
});
afterEach(async () => {
  await assembly.close();
  await log.close();
  await world.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Somebody who answers so. */
async function answering(reply: (path: string) => Reply): Promise<AnsweringServer> {
  const server = await startAnsweringServer(({ path }) => reply(path));
  servers.push(server);
  return server;
}

/** It is put together anew, with that around it. */
async function putAgain(around: Around): Promise<void> {
  await assembly.close();
  assembly = await put(around);
}

/** The lane is granted to the holder, or to another owner, who does not keep it. */
async function hold(deploy = '502-22222222', other?: { owner: JsonObject; ttlMs: number }) {
  const { version } = await readLane(log, lane);
  const data = { deploy, run: holder.id, build: '502', commit: world.commit };
  const granted = { ...data, supersedes: [], takenOver: null };
  const fence = { resource: laneResource(lane), token: version + 1 };
  const event = newEvent({ type: 'lock.granted', data: granted }, holder);
  await log.append([{ stream: laneStream(lane), expected: version, events: [event] }], {
    grant: { ...fence, owner: holder.owner, ttlMs: leaseMs, ...other },
  });
  if (other === undefined) assembly.keeper.hold(fence);
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
  async function holdIdly(other?: Parameters<typeof hold>[1]): Promise<string> {
    const { deploy: _deploy, chart: _chart, ...asked } = samples['deploy.requested'];
    const { deploy } = await requestDeploy(log, asked, holder);
    await hold(deploy, other);
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

  const waitsForNobody = (line: string) => expect(line).not.toMatch(/may have been|under way/);

  it('is granted where nothing is', async () => {
    await holdIdly();
    await breakLock(log, lane, person, 'it hangs');
    const granted = await acquire(new AbortController().signal, waitsForNobody);
    expect(granted).toMatchObject({ kind: 'granted' });
  });

  it('is granted at once where the one before was gone for long enough to have shown what it asked for', async () => {
    await hold('502-22222222', { owner: { host: 'elsewhere' }, ttlMs: 1 });
    const { readWithLeases } = log;
    log.readWithLeases = async (...asked) => {
      const read = await readWithLeases.apply(log, asked);
      const aged = (of: (typeof read.leases)[number]) =>
        of?.resource === laneResource(lane) ? { ...of, expiresInMs: of.expiresInMs - 60_000 } : of;
      return { ...read, leases: read.leases.map(aged) };
    };
    await putAgain({});
    await sleep(5);
    const granted = await acquire(new AbortController().signal, waitsForNobody);
    expect(granted).toMatchObject({ kind: 'granted', takenOver: { deploy: '502-22222222' } });
  });

  it('asks the apps for as long as `lock.timeout` says', async () => {
    const later = { status: 429, headers: { 'retry-after': '90000' }, body: '{"id":"rate_limit"}' };
    const { url } = await answering(() => later);
    await putAgain({ variables: { HEROKU_API_URL: url } });
    await hold();
    await breakLock(log, lane, person, 'it hangs');
    const { code, details } = await failureOf(acquire(new AbortController().signal, () => {}));
    expect(code).toBe('E_VENDOR_WAIT');
    expect(details.leftMs).toBeGreaterThan(3_540_000);
    expect(details.leftMs).toBeLessThanOrEqual(3_600_000);
  });

  it.each([
    [
      'CircleCI',
      { ci: 'circleci', project: 'gh/acme/web', number: '501' },
      { number: 501, status: 'failed' },
      '/circleci/project/gh/acme/web/job/501',
      { 'circle-token': 'CCIPAT_of-circleci-1' },
    ],
    [
      'GitHub',
      { ci: 'github', repository: 'acme/web', run: '7', attempt: 1 },
      { id: 7, status: 'completed', conclusion: 'failure' },
      '/github/repos/acme/web/actions/runs/7/attempts/1',
      { authorization: 'Bearer ghp_of-github-1' },
    ],
  ])(
    'is taken from a job of which %s says that it ended, asked by its own token',
    async (name, job, body, path, headers) => {
      const server = await answering(() => ({ status: 200, body: JSON.stringify(body) }));
      await putAgain({
        variables: {
          ...{ CIRCLE_TOKEN: 'CCIPAT_of-circleci-1', CIRCLE_API_URL: `${server.url}/circleci` },
          ...{ GITHUB_TOKEN: 'ghp_of-github-1', GITHUB_API_URL: `${server.url}/github` },
        },
      });
      const deploy = await holdIdly({
        owner: { run: 'r', host: 'elsewhere', job },
        ttlMs: leaseMs,
      });
      const granted = await acquire(new AbortController().signal, () => {});
      const why = expect.stringContaining(`${name} says that its`);
      expect(granted).toMatchObject({ kind: 'granted', takenOver: { deploy, why } });
      expect(server.asked).toMatchObject([{ path, headers }]);
    },
  );
});

describe('whom a run tells', () => {
  it('hears of it also where the lane was lost: a message is no write that its lock protects', async () => {
    const server = await answering(() => ({ status: 200 }));
    await putAgain({
      notify: `hooks: [{ on: 'lane.*', url: '${server.url}/hook', secret: HOOK }]`,
      env: { HOOK: `whsec_${Buffer.alloc(32).toString('base64')}` },
    });
    await hold();
    await breakLock(log, lane, person, 'it hangs');
    await expect(assembly.http.assertHeld()).rejects.toMatchObject({ code: 'E_OVERTAKEN' });
    await switchLane(log, 'acme-web', 'disabled', person, 'incident 4711');
    assembly.notifier.start();
    expect(await assembly.notifier.flush(30_000)).toBe('done');
    expect(server.asked.map(({ path }) => path)).toEqual(['/hook']);
  });

  it('and who hears nothing is said where it stays', () => {
    expect(notices).toEqual([expect.stringMatching(/^Slack is told nothing/)]);
  });
});

describe('what was put together', () => {
  const timers = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;

  it.each([
    ['is closed', async () => (await put({})).close()],
    [
      'cannot be, for something is missing',
      () =>
        failureOf(
          put({ notify: "hooks: [{ on: '*', urlFrom: HOOK, secret: KEY }]", env: { HOOK: 'x' } }),
        ),
    ],
  ])('leaves nothing behind that keeps the process alive where it %s', async (_, end) => {
    const before = timers();
    await end();
    expect(timers()).toBe(before);
  });
});

describe('the gates', () => {
  const read = async (around: Around) => {
    await putAgain(around);
    return assembly.services.readGates(world.gates({ overridden: true }), runPorts());
  };
  const switchedOn = { env: { PRODUCTION_CD_ENABLED: 'true' } };

  /** A deploy of that lane is on record. */
  async function asked(of: string): Promise<string> {
    const { deploy: _deploy, chart: _chart, ...request } = samples['deploy.requested'];
    const commit = { ...request.commit, sha: world.graph.commit(null) };
    const target = targetOf(production);
    const settings = { ...request.settings };
    settings.production = { ...settings.production, target };
    return (await requestDeploy(log, { ...request, lane: of, commit, settings }, holder)).deploy;
  }

  /** Production runs what that deploy built. */
  function built(deploy: string): void {
    const slug = world.heroku.slug(world.graph.commit(world.running));
    const { id } = world.released('Deploy 22222222', slug);
    const mark = `lockstep ${deploy}`;
    world.heroku.build(world.production, { status: 'succeeded', mark, slug, release: id });
  }

  it.each([
    ['on where a person sets nothing', {}, 'clear'],
    ['off where a CI does not set it', { isCi: true }, 'environment'],
    ['on where a CI sets it to true', { isCi: true, ...switchedOn }, 'clear'],
    ['off at another word', { env: { PRODUCTION_CD_ENABLED: 'no' } }, 'environment'],
  ] as const)('have a kill switch that is %s', async (_, around, found) => {
    const answer = await read(around);
    expect(answer.kind === 'disabled' ? answer.switch : answer.kind).toBe(found);
  });

  it('wait for a rollback that a run has yet to carry out, and for none whose run is over', async () => {
    const rollback = 'rollback-1a5f89db';
    const { id, version } = world.current;
    const release = { id, version: `v${version}` };
    const why = { actor: 'ana', observed: 'ana on ws-7', reason: 'errors since 503' };
    const ordered = { from: release, to: release, ...why, at: '2026-01-05T13:04:00.000Z' };
    const who = { deploy: rollback, run: person.id, build: 'rollback', commit: '0'.repeat(40) };
    const joined = newEvent(
      { type: 'lane.joined', data: { ...who, first: true, rollback: ordered } },
      person,
    );
    await log.append([{ stream: laneStream(lane), expected: 0, events: [joined] }]);
    expect(await read(switchedOn)).toMatchObject({ kind: 'clear' });
    await log.take(runResource(rollback), person.owner, leaseMs);
    expect(await read(switchedOn)).toMatchObject({ kind: 'held' });
  });

  it('know whose the deploy is that production runs, and take the environment’s word for a stranger', async () => {
    built(await asked(lane));
    expect(await read(switchedOn)).toMatchObject({ kind: 'clear' });

    built(await asked('acme-old'));
    const other = { kind: 'disabled', switch: 'log' };
    expect(await read(switchedOn)).toMatchObject(other);

    built('500-22222222');
    const strange = await read(switchedOn);
    expect(strange).toMatchObject(other);
    const trust = strange.kind === 'disabled' ? strange.distrust?.digest : undefined;
    expect(await read({ ...switchedOn, trust })).toMatchObject({ kind: 'clear' });
    expect(await read({ ...switchedOn, trust: 'f'.repeat(64) })).toMatchObject(other);
  });

  it('find another lane of the log that deploys to production, where the log is kept', async () => {
    await asked('acme-old');
    expect(await read(switchedOn)).toMatchObject({ kind: 'disabled', switch: 'log' });
    expect(await read({ ...switchedOn, isLogKept: false })).toMatchObject({ kind: 'clear' });
  });
});
