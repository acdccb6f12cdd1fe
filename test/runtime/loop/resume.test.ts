/** A person lets a deploy go on: what is held, or lost its run; and nothing else. */
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newRun } from '../../../src/runtime/identity.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { hasRun, livingRuns } from '../../../src/runtime/lock/living-runs.ts';
import { runResource } from '../../../src/runtime/log/streams.ts';
import { resumeDeploy } from '../../../src/runtime/loop/resume.ts';
import { anActor } from '../../actor.ts';
import { sample } from '../../machine/samples.ts';
import { lane, leaseMs, ScriptedWorld, wayToProduction } from './scripted-run.ts';

let world: ScriptedWorld;
beforeEach(async () => {
  world = await ScriptedWorld.create();
});
afterEach(() => world.close());

const person = newRun({ actor: anActor, ci: null, program: 'test' });
const resume = (deploy: string) => resumeDeploy(world.log, deploy, person, 'it is mended');
const held = [...wayToProduction.slice(0, 6), sample('production.held')];
const typesOf = (events: readonly { readonly type: string }[]) => events.map(({ type }) => type);

describe('a deploy', () => {
  it('that is held for a going-back: that is lifted in its lane, and it goes on', async () => {
    const { deploy, ended } = await world.start({ answers: held });
    await ended;
    await resume(deploy);
    expect((await world.events(deploy)).at(-1)).toMatchObject({
      type: 'deploy.resumed',
      data: { reason: 'it is mended' },
    });
    expect([...(await readLane(world.log, lane)).lifted]).toEqual(['release-41']);
    const again = await world.start();
    expect(await again.ended).toMatchObject({ state: 'production.live' });
    // It stood in the queue again, where others see it.
    const joined = (await world.ofLane()).filter(({ type }) => type === 'lane.joined');
    expect(joined.map(({ data }) => data.deploy)).toEqual([deploy, deploy]);
  });

  it('that two let go on at one time goes on once', async () => {
    const { deploy, ended } = await world.start({ answers: held });
    await ended;
    const orders = await Promise.allSettled([resume(deploy), resume(deploy)]);
    expect(orders.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const resumed = (await world.events(deploy)).filter(({ type }) => type === 'deploy.resumed');
    expect(resumed).toHaveLength(1);
  });

  it('that a switch held: nothing is lifted but the hold itself', async () => {
    const answers = [...wayToProduction.slice(0, 6), sample('production.disabled')];
    const { deploy, ended } = await world.start({ answers });
    await ended;
    await resume(deploy);
    const { lifted, trusted } = await readLane(world.log, lane);
    expect([lifted.size, trusted.size]).toEqual([0, 0]);
  });

  it('that other settings held: what a person accepts is their digest', async () => {
    const digest = '5e'.repeat(32);
    const distrust = { about: 'settings' as const, digest, changes: ['branch: a became b'] };
    const disabled = sample('production.disabled', { switch: 'settings', distrust });
    const { deploy, ended } = await world.start({
      answers: [...wayToProduction.slice(0, 6), disabled],
    });
    await ended;
    await resume(deploy);
    expect([...(await readLane(world.log, lane)).trusted]).toEqual([digest]);
  });

  it.each([
    ['live', wayToProduction],
    ['failed', [...wayToProduction.slice(0, 3), sample('deploy.failed')]],
  ])('that is over (%s) stays so', async (_, answers) => {
    const { deploy, ended } = await world.start({ answers });
    await ended;
    const before = await world.events(deploy);
    await expect(resume(deploy)).rejects.toMatchObject({ code: 'E_NOT_HELD' });
    expect(await world.events(deploy)).toEqual(before);
  });

  it('whose run is alive is not resumed beside it', async () => {
    const run = await world.start({ answers: wayToProduction.slice(0, 2) });
    await run.hangs;
    await expect(resume(run.deploy)).rejects.toMatchObject({ code: 'E_UNDER_WAY' });
    expect([...(await livingRuns(world.log))]).toEqual([run.deploy]);
  });

  it('whose run died, by this host’s processes or by its lease, needs no word', async () => {
    const run = await world.start({ answers: wayToProduction.slice(0, 2) });
    await run.hangs;
    run.kill();
    world.logClock.aheadMs += leaseMs + 1;
    expect(await hasRun(world.log, run.deploy)).toBe(false);
    // Another run of it, by a process that is gone, with a lease that is not over.
    const { pid } = spawnSync(process.execPath, ['--version']);
    const owner = { ...person.owner, pid };
    expect(await world.log.take(runResource(run.deploy), owner, leaseMs)).not.toBeNull();
    expect(await hasRun(world.log, run.deploy)).toBe(false);
    const before = typesOf(await world.events(run.deploy));
    await resume(run.deploy);
    expect(typesOf(await world.events(run.deploy))).toEqual(before);
  });
});
