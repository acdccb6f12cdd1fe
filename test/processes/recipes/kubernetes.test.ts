/** The recipe for Kubernetes on a stand-in of kubectl: it has never seen a cluster, and the documents say so. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/effects/clock.ts';
import type { Ports } from '../../../src/effects/ports.ts';
import { createPrograms } from '../../../src/effects/targets/command/process.ts';
import { commandTargets } from '../../../src/effects/targets/command/target.ts';
import type { Submission, Target } from '../../../src/effects/targets/target.ts';
import { failureOf } from '../../effects/lockstep-error.ts';
import { settingsOf } from '../../targets/command-world.ts';

const root = resolve(import.meta.dirname, '../../..');
const [one, two] = ['1'.repeat(40), '2'.repeat(40)] as const;
const image = 'registry.test/web';
const timeoutMs = 20_000;

let folder: string;
let target: Target;
let env: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cluster-'));
  symlinkSync(join(root, 'test/processes/recipes/kubectl.mjs'), join(folder, 'kubectl'));
  env = { PATH: `${folder}:${process.env.PATH}`, CLUSTER: join(folder, 'cluster.json') };
  const containers = [{ name: 'web', image: `${image}:${one}` }];
  const template = { metadata: { labels: { app: 'web' }, annotations: {} }, spec: { containers } };
  const revision = { 'deployment.kubernetes.io/revision': '1' };
  const owned = { ownerReferences: [{ kind: 'Deployment', name: 'web' }] };
  const metadata = {
    name: 'web-1',
    creationTimestamp: '2026-01-05T09:00:00Z',
    annotations: revision,
  };
  save({
    refuses: 0,
    rollout: 'done',
    deployment: {
      metadata: { name: 'web', generation: 1, annotations: { ...revision } },
      spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template },
      status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
    },
    sets: [{ metadata: { ...metadata, ...owned }, spec: { template } }],
  });
  const words = ['examples/kubernetes/host.mjs', 'web', 'web', image];
  const programs = { deploy: words, current: words, health: words, restore: words };
  target = commandTargets(createPrograms({ root, env }))(settingsOf('production', programs));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const cluster = () => JSON.parse(readFileSync(join(folder, 'cluster.json'), 'utf8'));
const save = (value: object) => writeFileSync(join(folder, 'cluster.json'), JSON.stringify(value));
const ports: Ports = {
  http: {
    send: () => Promise.reject(new Error('nothing is asked over HTTP')),
    vendorClock: () => null,
    assertHeld: async () => {},
  },
  clock: systemClock,
  signal: new AbortController().signal,
  progress: () => {},
};
const submission: Submission = {
  ...{
    commit: two,
    verified: null,
    cursor: null,
    key: '502-22222222',
    timeoutMs,
    share: null,
    environment: 'production',
  },
  archive: async () => new Uint8Array(),
  clear: async () => null,
};

async function deploy() {
  const submitted = await target.submit(submission, ports);
  if (submitted.kind !== 'submitted') throw new Error('it was refused');
  const { release, artifact } = await target.follow({ work: submitted.work, timeoutMs }, ports);
  if (artifact === null) throw new Error('it is of nothing');
  return target.awaitRelease({ release, commit: two, artifact, timeoutMs }, ports);
}

describe('a Deployment', { timeout: 30_000 }, () => {
  it('gets the commit’s image, is healthy, and is taken back', async () => {
    expect((await target.observe(ports)).running).toMatchObject({ named: one, isRollback: false });
    const { release, artifact } = await deploy();
    expect(artifact.id).toBe(`${image}:${two}`);
    const watch = target.watch({ release, artifact, timeoutMs, mayHaveNone: false }, ports);
    expect(await watch.look()).toMatchObject({ missing: '', up: [{}, {}] });
    const { running, before } = await target.observe(ports);
    expect([running?.named, before?.artifact?.commit]).toEqual([two, one]);
    if (running === null) throw new Error('nothing runs');
    expect(await target.keyOf(running, [], ports)).toBe('502-22222222');
    const restored = await target.restore({ key: '502-22222222', timeoutMs }, ports);
    expect(restored).toMatchObject({ kind: 'restored', artifact: { commit: one } });
    expect(cluster().deployment.spec.template.spec.containers[0].image).toBe(`${image}:${one}`);
  });

  it('that somebody undid has gone back, and is of no deploy of ours', async () => {
    await deploy();
    execFileSync('kubectl', ['rollout', 'undo', 'deployment/web'], { env });
    const { running } = await target.observe(ports);
    expect(running).toMatchObject({ named: one, isRollback: true, by: 'kubectl' });
  });

  it('whose rollout is stuck fails, and what ran before is what runs', async () => {
    save({ ...cluster(), rollout: 'stuck', refuses: 1 });
    expect((await failureOf(deploy())).code).toBe('E_PROGRAM_FAILED');
    const { running, failed } = await target.observe(ports);
    expect(running?.named).toBe(one);
    expect(failed).toMatchObject([{ artifact: { commit: two } }]);
  });
});
