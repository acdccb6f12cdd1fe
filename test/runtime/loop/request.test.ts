/** Which deploy a build is about: the one that it has, or a new one. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { chartHash } from '../../../src/runtime/log/charts.ts';
import { chartStream, deployStream } from '../../../src/runtime/log/streams.ts';
import { requestDeploy } from '../../../src/runtime/loop/request.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { anActor } from '../../actor.ts';
import { sample } from '../../machine/samples.ts';
import { ScriptedWorld, wayToProduction } from './scripted-run.ts';

let world: ScriptedWorld;
beforeEach(async () => {
  world = await ScriptedWorld.create();
});
afterEach(() => world.close());

const { deploy: _deploy, chart: _chart, ...request } = samples['deploy.requested'];
const ask = ({ attempt = 1, lane = request.lane, sha = request.commit.sha } = {}) =>
  requestDeploy(
    world.log,
    {
      ...request,
      lane,
      commit: { ...request.commit, sha },
      build: { ...request.build, attempt },
    },
    newRun({ actor: anActor, ci: null, program: 'test' }),
  );

const upTo = (count: number, last: DomainEvent) => [...wayToProduction.slice(0, count), last];
const contained: DomainEvent = {
  type: 'deploy.superseded',
  data: {
    cause: 'contained',
    step: 'observe',
    production: { version: 'v17', commit: null },
    verified: true,
  },
};

it('the chart that the first event names is in the log before it', async () => {
  const { deploy } = await ask();
  const [kept] = await world.log.readStream(chartStream(chartHash));
  const [requested] = await world.events(deploy);
  expect(requested?.metadata.chart).toBe(chartHash);
  expect(kept?.position).toBeLessThan(requested?.position ?? 0);
});

describe('the same build and commit', () => {
  it.each([
    ['under way', wayToProduction.slice(0, 2)],
    ['live', wayToProduction],
    ['superseded', [contained]],
    ['held', upTo(6, sample('production.held'))],
    ['failed', upTo(3, sample('deploy.failed'))],
  ])('finds the deploy that it has: %s', async (_, answers) => {
    const { deploy, ended, hangs } = await world.start({ answers });
    await Promise.race([ended, hangs]);
    const before = await world.events(deploy);
    expect(await ask()).toEqual({ deploy, isNew: false });
    expect(await world.events(deploy)).toEqual(before);
  });

  it('that failed begins another deploy only by another attempt, and only then', async () => {
    const run = await world.start({ answers: upTo(3, sample('deploy.failed')) });
    await run.ended;
    expect(await ask({ attempt: 2 })).toEqual({ deploy: `${run.deploy}.2`, isNew: true });
    expect(await ask({ attempt: 2 })).toEqual({ deploy: `${run.deploy}.2`, isNew: false });
    expect(await ask({ attempt: 1 })).toEqual({ deploy: run.deploy, isNew: false });
  });

  it('of another lane, or of another commit that is called alike, is another deploy', async () => {
    const { deploy } = await ask();
    expect(await ask({ lane: 'other' })).toEqual({ deploy: `${deploy}.2`, isNew: true });
    const alike = request.commit.sha.slice(0, 8).padEnd(40, '0');
    expect(await ask({ sha: alike })).toMatchObject({ isNew: true });
  });

  it('asked for at one time by several, is one deploy', async () => {
    const all = await Promise.all([ask(), ask(), ask()]);
    expect(new Set(all.map(({ deploy }) => deploy)).size).toBe(1);
    expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
  });
});

it('that cannot be written is told, and not taken for what another run wrote', async () => {
  const full = new Error('the disk is full');
  const append: EventLog['append'] = async (batches, options) => {
    if (batches.some(({ stream }) => stream.startsWith(deployStream('')))) throw full;
    return world.log.append(batches, options);
  };
  const log = new Proxy(world.log, {
    get: (at, name) => {
      if (name === 'append') return append;
      const value: unknown = Reflect.get(at, name, at);
      return typeof value === 'function' ? value.bind(at) : value;
    },
  });
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  await expect(requestDeploy(log, request, run)).rejects.toBe(full);
});

it('a text of any length is cut, and says so; what is as long as such texts are stays', async () => {
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const limits = { branch: 300, title: 1_000, author: 200, reason: 4_000 };
  for (const more of [0, 1]) {
    const of = (limit: number) => 'x'.repeat(limit + more);
    const asked = {
      ...request,
      branch: of(limits.branch),
      build: { ...request.build, label: `${more}` },
      commit: { ...request.commit, title: of(limits.title), author: of(limits.author) },
      manual: { actor: 'ana', observed: 'ana on ws-7', reason: of(limits.reason) },
    };
    const { deploy } = await requestDeploy(world.log, asked, run);
    const [first] = await world.log.readStream(deployStream(deploy));
    const kept = first?.data as typeof asked;
    const { title, author } = kept.commit;
    const texts = [kept.branch, title, author, kept.manual.reason];
    expect(texts.map(({ length }) => length)).toEqual(Object.values(limits));
    expect(texts.map((text) => text.endsWith('…'))).toEqual(texts.map(() => more === 1));
    expect(kept.manual).toMatchObject({ actor: 'ana', observed: 'ana on ws-7' });
    expect(first?.metadata).toMatchObject({
      transition: { from: null, to: 'queued.waiting', settled: false, reason: null },
      chart: chartHash,
    });
  }
});

it('an override keeps who, as what, and why; a reason of any length is cut', async () => {
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const override = { actor: 'ana@acme.test', observed: 'claimed', reason: 'r'.repeat(9_000) };
  const { deploy } = await requestDeploy(world.log, { ...request, override }, run);
  const [first] = await world.log.readStream(deployStream(deploy));
  const kept = first?.data.override as typeof override;
  expect(kept).toMatchObject({ actor: 'ana@acme.test', observed: 'claimed' });
  expect(kept.reason.length).toBeLessThanOrEqual(4_000);
  expect(kept.reason.startsWith('rrrr')).toBe(true);
});
