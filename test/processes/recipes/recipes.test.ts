/** The recipes for other hosts, each on a stand-in of its vendor: none has seen the vendor itself, and the documents say so. */
import { mkdtempSync, rmSync } from 'node:fs';
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
import { cloudRun } from './cloud-run.ts';
import { ecs } from './ecs.ts';
import { fly } from './fly.ts';
import { kamal } from './kamal.ts';
import { kubernetes } from './kubernetes.ts';
import { Remembering } from './remembering.ts';
import { render } from './render.ts';
import { one, three, two, type World } from './stand-in.ts';

const root = resolve(import.meta.dirname, '../../..');
const timeoutMs = 20_000;
const key = '502-22222222';
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
  ...{ commit: two, verified: null, cursor: null, key, timeoutMs, share: null },
  environment: 'production',
  archive: async () => new Uint8Array(),
  clear: async () => null,
};

const recipes = [kubernetes, kamal, render, ecs, fly, cloudRun];

describe.each(recipes)(
  '$name',
  { timeout: 60_000 },
  ({ words, open, failsWith, instances = 2, isSilent }) => {
    let folder: string;
    let world: World;
    let programs: Remembering;
    let target: Target;

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'recipe-'));
      world = await open(folder);
      programs = new Remembering(createPrograms({ root, env: world.env }));
      const all = {
        deploy: [...words],
        current: [...words],
        health: [...words],
        restore: [...words],
      };
      target = commandTargets(programs)(settingsOf('production', all));
    });
    afterEach(async () => {
      await world.close?.();
      rmSync(folder, { recursive: true, force: true });
    });

    const to = [{ kind: 'any', id: 'any', digest: null, commit: one }];

    async function deploy() {
      const submitted = await target.submit(submission, ports);
      if (submitted.kind !== 'submitted') throw new Error('it was refused');
      const { release, artifact } = await target.follow({ work: submitted.work, timeoutMs }, ports);
      if (artifact === null) throw new Error('it is of nothing');
      return target.awaitRelease({ release, commit: two, artifact, timeoutMs }, ports);
    }

    async function byHand(what: Parameters<World['byHand']>[0]) {
      await world.byHand(what);
      programs.forget();
      const { running } = await target.observe(ports);
      if (running === null) throw new Error('nothing runs');
      expect(running.named).toBe(world.serves());
      return { ...running, key: await target.keyOf(running, [], ports) };
    }

    it('gets the commit under its key, is healthy, and is taken back', async () => {
      expect((await target.observe(ports)).running).toMatchObject({
        named: one,
        isRollback: false,
      });
      const { release, artifact } = await deploy();
      expect(world.serves()).toBe(two);
      const watch = target.watch({ release, artifact, timeoutMs, mayHaveNone: false }, ports);
      expect(await watch.look()).toMatchObject({ missing: '', up: { length: instances } });
      const { running, before } = await target.observe(ports);
      expect([running?.named, before?.artifact?.commit]).toEqual([two, one]);
      if (running === null) throw new Error('nothing runs');
      expect(await target.keyOf(running, [], ports)).toBe(key);
      const restored = await target.restore({ key, to, timeoutMs }, ports);
      expect(restored).toMatchObject({ kind: 'restored', artifact: { commit: one } });
      expect(world.serves()).toBe(one);
      expect((await target.observe(ports)).running).toMatchObject({ named: one, isRollback: true });
    });

    it('fails what the host gives up, takes it again under its key, and tells what is done by hand', async () => {
      world.giveUp();
      expect((await failureOf(deploy())).code).toBe(failsWith);
      const given = await target.observe(ports);
      expect([given.running?.named, world.serves()]).toEqual([one, one]);
      expect(given.failed).toMatchObject([{ artifact: { commit: two } }]);
      world.heal();
      const { release } = await deploy();
      const { running, before, failed } = await target.observe(ports);
      expect([running?.named, before?.artifact?.commit, failed]).toEqual([two, one, []]);
      const again = programs.once(words, { LOCKSTEP_OPERATION: 'deploy', LOCKSTEP_KEY: key });
      expect(await again).toContainEqual({ type: 'release', id: release.id });
      expect(await byHand({ deploy: three })).toMatchObject({
        ...{ named: three, isRollback: false, key: null },
      });
      expect(await byHand('back')).toMatchObject({ named: two, isRollback: true, key: null });
    });

    if (isSilent) {
      it('is not believed that it went back: what runs is looked at', async () => {
        await deploy();
        world.lose?.();
        expect((await failureOf(target.restore({ key, to, timeoutMs }, ports))).code).toBe(
          'E_PROGRAM_FAILED',
        );
        expect(world.serves()).toBe(two);
      });
    }
  },
);
