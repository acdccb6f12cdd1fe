/** A person lets a deploy go on: what is held, or lost its run; and nothing else. */
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventData } from '../../../src/machine/events.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { hasRun, livingRuns } from '../../../src/runtime/lock/living-runs.ts';
import { chartHash } from '../../../src/runtime/log/charts.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import { type ResumeOrder, resumeDeploy } from '../../../src/runtime/loop/resume.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { ordered, sample } from '../../machine/samples.ts';
import { lane, leaseMs, onAppend, ScriptedWorld, wayToProduction } from './scripted-run.ts';

let world: ScriptedWorld;
beforeEach(async () => {
  world = await ScriptedWorld.create();
});
afterEach(() => world.close());

const person = newRun({ actor: anActor, ci: null, program: 'test' });
type Made = Awaited<ReturnType<ResumeOrder['madeBy']>>;
/** @param made what production says that a rollback made of which nothing tells */
const resume = (deploy: string, made: Made = null, log: EventLog = world.log) =>
  resumeDeploy(log, deploy, {
    ...{ run: person, reason: 'it is mended' },
    madeBy: async (way, { name }) => {
      expect([way.from, way.to, name]).toEqual([ordered.from, ordered.to, 'acme-production']);
      return made;
    },
  });
const writeLane = (log: ScriptedWorld['log'], event: LaneEvent) =>
  log.append([{ stream: laneStream(lane), expected: 'any', events: [newEvent(event, person)] }]);
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

  const ended = {
    ...{ rollback: ordered.rollback, target: 'sample acme-production', to: ordered.to },
    ...{ actor: 'mia', observed: 'mia on ws-7', reason: 'errors since 501' },
  };
  const release = { id: 'release-9', version: 'v9' };
  const failure = { code: 'E_UNHEALTHY', message: 'web.1 crashed' };
  it.each([
    ['came to run', { type: 'rollback.done', data: { ...ended, release, commit: null } }, release],
    [
      'failed with a release',
      {
        type: 'rollback.failed',
        data: { ...ended, ...failure, made: { release, commit: null, runs: false } },
      },
      release,
    ],
    [
      'came to nothing',
      { type: 'rollback.failed', data: { ...ended, ...failure, made: null } },
      null,
    ],
    ['waits yet, or was withdrawn', null, null],
    [
      'is not the one that ended',
      { type: 'rollback.done', data: { ...ended, rollback: 'another', release, commit: null } },
      null,
    ],
  ] as const)(
    'that is held for a rollback that was ordered: what that made is lifted (%s)',
    async (_, end, made) => {
      const answers = [...held.slice(0, -1), sample('production.held', { rollback: ordered })];
      const before: LaneEvent = {
        type: 'rollback.done',
        data: { ...ended, release: { id: 'before', version: 'v0' }, commit: null },
      };
      await writeLane(world.log, before);
      const { deploy, ended: over } = await world.start({ answers });
      expect(await over).toMatchObject({ state: 'blockedByRollback' });
      if (end !== null) await writeLane(world.log, end as LaneEvent);
      // What production says is asked of a rollback alone that was given up with nothing known.
      await resume(deploy, {
        release: { id: 'somebody’s', version: 'v8' },
        commit: null,
        runs: true,
      });
      const { lifted } = await readLane(world.log, lane);
      expect([...lifted]).toEqual(made === null ? [] : [made.id]);
      expect((await world.events(deploy)).at(-1)).toMatchObject({ type: 'deploy.resumed' });
    },
  );

  const begun: LaneEvent = {
    type: 'rollback.begun',
    data: {
      ...{ rollback: ordered.rollback, target: 'sample acme-production', from: ordered.from },
      ...{ to: ordered.to, commit: null, actor: 'mia', observed: 'mia on ws-7' },
      reason: 'errors since 501',
    },
  };
  const heldBy = async (rollback: EventData<'production.held'>['rollback']) => {
    const answers = [...held.slice(0, -1), sample('production.held', { rollback })];
    const { deploy, ended: over } = await world.start({ answers });
    await over;
    return deploy;
  };

  it('that is held for a rollback that was begun and never carried out: a person gives that up', async () => {
    const deploy = await heldBy({ ...ordered, begun: true });
    await writeLane(world.log, begun);
    await resume(deploy);
    const { rollback, lifted } = await readLane(world.log, lane);
    expect([rollback, lifted.size]).toEqual([null, 0]);
    const last = (await world.ofLane()).at(-1);
    expect(last).toMatchObject({
      type: 'rollback.failed',
      data: {
        ...{ rollback: ordered.rollback, code: 'E_GIVEN_UP', actor: 'mia', to: ordered.to },
        message: expect.stringMatching(new RegExp(`who let ${deploy} go on: it is mended$`)),
      },
    });
    expect(last?.data).not.toHaveProperty('made');
  });

  /** As production tells. */
  const made = (runs: boolean) => ({ release, commit: 'c'.repeat(40), runs });
  const afterGivingUp = async () => {
    const of = (await world.ofLane()).filter(({ type }) => type.startsWith('rollback.'));
    const { lifted } = await readLane(world.log, lane);
    return { types: of.map(({ type }) => type), last: of.at(-1)?.data, lifted: [...lifted] };
  };

  it.each([
    ['runs', made(true)],
    ['failed', made(false)],
  ])(
    'that gave way to a rollback whose release %s, and which was killed then: one order gives it up and lifts that',
    async (_, seen) => {
      const deploy = await heldBy(ordered);
      await writeLane(world.log, begun);
      await resume(deploy, seen);
      const { types, lifted } = await afterGivingUp();
      expect(types).toEqual(['rollback.begun', 'rollback.failed', 'rollback.lifted']);
      expect(lifted).toEqual([release.id]);
      const [, failed] = (await world.ofLane()).filter(({ type }) => /^rollback/.test(type));
      expect(failed?.data).toMatchObject({ code: 'E_GIVEN_UP', made: seen });
    },
  );

  it.each([
    ['that is told then', [], [release.id]],
    [
      'but another rollback’s',
      [{ type: 'rollback.done', data: { ...ended, rollback: 'another', release, commit: null } }],
      [],
    ],
  ] as const)(
    'that gave way to a rollback which was given up before anybody knew what it had made: %s is lifted',
    async (_, others, wanted) => {
      const deploy = await heldBy(ordered);
      await writeLane(world.log, begun);
      await writeLane(world.log, { type: 'rollback.failed', data: { ...ended, ...failure } });
      for (const other of others) await writeLane(world.log, other);
      await resume(deploy, made(true));
      expect((await afterGivingUp()).lifted).toEqual(wanted);
    },
  );

  it.each([
    ['is known to have made none', { made: null }],
    ['waits yet, while another one was given up unseen,', { rollback: 'another' }],
  ])('that gave way to a rollback which %s lifts nothing that went the same way', async (_, of) => {
    const deploy = await heldBy(ordered);
    await writeLane(world.log, { type: 'rollback.failed', data: { ...ended, ...failure, ...of } });
    await resume(deploy, made(true));
    expect((await afterGivingUp()).lifted).toEqual([]);
  });

  it('that gave way to two such rollbacks, one after the other: what the second made is lifted', async () => {
    const deploy = await heldBy(ordered);
    await writeLane(world.log, begun);
    await writeLane(world.log, { type: 'rollback.failed', data: { ...ended, ...failure } });
    await resume(deploy);
    const later = { rollback: 'rollback-2b3c4d5e' };
    expect(await heldBy({ ...ordered, ...later })).toBe(deploy);
    await writeLane(world.log, { ...begun, data: { ...begun.data, ...later } });
    const untold = { ...ended, ...failure, ...later };
    await writeLane(world.log, { type: 'rollback.failed', data: untold });
    await resume(deploy, made(true));
    expect((await afterGivingUp()).lifted).toEqual([release.id]);
  });

  it.each([
    ['is lifted, and it is given up', 'release-41', ['rollback.failed', 'rollback.lifted']],
    ['is somebody else’s: that alone is lifted', 'release-9', ['rollback.lifted']],
  ])(
    'that is held by the release of a rollback that was killed then: what it made %s',
    async (_, id, types) => {
      const deploy = await heldBy(samples['production.held'].rollback);
      await writeLane(world.log, begun);
      await resume(deploy, { ...made(true), release: { id, version: 'v9' } });
      const left = await afterGivingUp();
      expect([left.types.slice(1), left.lifted]).toEqual([types, ['release-41']]);
    },
  );

  it('that is held by a release, beside a rollback of another production that was begun: that goes on', async () => {
    const deploy = await heldBy(samples['production.held'].rollback);
    const elsewhere = { ...begun.data, target: 'sample elsewhere' };
    await writeLane(world.log, { type: 'rollback.begun', data: elsewhere });
    await resume(deploy, { ...made(true), release: { id: 'release-41', version: 'v41' } });
    expect((await readLane(world.log, lane)).rollback?.target).toBe('sample elsewhere');
  });

  it('of which nobody can tell what production runs is not let go on', async () => {
    const deploy = await heldBy(ordered);
    await writeLane(world.log, begun);
    const before = [await world.events(deploy), await world.ofLane()];
    const madeBy = () => Promise.reject(new Error('Heroku answered 500'));
    const order = { run: person, reason: 'it is mended', madeBy };
    await expect(resumeDeploy(world.log, deploy, order)).rejects.toThrow('500');
    expect([await world.events(deploy), await world.ofLane()]).toEqual(before);
  });

  it.each([
    [
      'has a run again',
      () => world.log.take(runResource(ordered.rollback), person.owner, leaseMs),
      ordered.rollback,
    ],
    [
      'was begun anew by another one',
      () => writeLane(world.log, { ...begun, data: { ...begun.data, rollback: 'another' } }),
      'another',
    ],
  ])('that is held for a rollback that %s gives nothing up', async (_, happens, open) => {
    const deploy = await heldBy(ordered);
    await writeLane(world.log, begun);
    await happens();
    await resume(deploy);
    expect((await readLane(world.log, lane)).rollback?.rollback).toBe(open);
    expect((await world.events(deploy)).at(-1)).toMatchObject({ type: 'deploy.resumed' });
  });

  /** The log, where that happens in its lane so many times right before the order is written. */
  const busy = (times: number, happens: () => Promise<unknown>): EventLog => {
    let left = times;
    return onAppend(world.log, async (batches) => {
      if (batches.length > 1 && left-- > 0) await happens();
    });
  };
  const joins = (deploy: string) => {
    const data = { deploy, run: 'x', build: '1', commit: '0'.repeat(40) };
    return writeLane(world.log, { type: 'lane.joined', data });
  };

  it('goes on though the lane is written to while the rollback is given up', async () => {
    const deploy = await heldBy({ ...ordered, begun: true });
    await writeLane(world.log, begun);
    await resume(
      deploy,
      null,
      busy(2, () => joins('x')),
    );
    expect((await readLane(world.log, lane)).rollback).toBeNull();
  });

  it('gives nothing up that somebody goes on with right then', async () => {
    const deploy = await heldBy({ ...ordered, begun: true });
    await writeLane(world.log, begun);
    const goesOn = async () => {
      await world.log.take(runResource(ordered.rollback), person.owner, leaseMs);
      await joins(ordered.rollback);
    };
    await resume(deploy, null, busy(1, goesOn));
    expect((await readLane(world.log, lane)).rollback?.rollback).toBe(ordered.rollback);
    expect((await world.events(deploy)).at(-1)).toMatchObject({ type: 'deploy.resumed' });
  });

  it.each([
    ['a person lets it go on', held, (at: ScriptedWorld, of: string) => resume(of, null, at.log)],
    [
      'a run carries it on',
      wayToProduction.slice(0, 2),
      async (at: ScriptedWorld) => (await at.start({ answers: [] })).hangs,
    ],
  ])(
    'of a log that has not this program’s chart: it is there before the first event that names it, where %s',
    async (_, answers, goesOn) => {
      const { deploy, hangs, ended } = await world.start({ answers });
      await Promise.race([hangs, ended]);
      const earlier = ScriptedWorld.over(await openLog('sqlite::memory:'));
      for (const one of await world.log.readAll({ after: 0, limit: 100 })) {
        const { stream, id, type, schema, data } = one;
        const metadata = { ...one.metadata, chart: 'e'.repeat(64) };
        const events = [{ id, type, schema, data, metadata }];
        if (type !== 'chart.kept') await earlier.log.append([{ stream, expected: 'any', events }]);
      }
      await goesOn(earlier, deploy);
      const all = await earlier.log.readAll({ after: 0, limit: 100 });
      const keptAt = all.findIndex(({ type }) => type === 'chart.kept');
      const namedAt = all.findIndex(({ metadata }) => metadata.chart === chartHash);
      await earlier.close();
      expect(keptAt).toBeGreaterThan(0);
      expect(namedAt).toBeGreaterThan(keptAt);
    },
  );

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

  it.each(['settings', 'log'] as const)(
    'that other %s held: what a person accepts is that digest',
    async (about) => {
      const digest = '5e'.repeat(32);
      const distrust = { about, digest, changes: ['branch: a became b'] };
      const disabled = sample('production.disabled', { switch: about, distrust });
      const { deploy, ended } = await world.start({
        answers: [...wayToProduction.slice(0, 6), disabled],
      });
      await ended;
      await resume(deploy);
      expect([...(await readLane(world.log, lane)).trusted]).toEqual([digest]);
      const given = (await world.ofLane()).find(({ type }) => type === 'trust.given');
      expect(given?.data).toMatchObject({ deploy, about, reason: 'it is mended' });
    },
  );

  it.each([
    ['live', wayToProduction],
    ['failed', [...wayToProduction.slice(0, 3), sample('deploy.failed')]],
  ])('that is over (%s) stays so', async (_, answers) => {
    const { deploy, ended } = await world.start({ answers });
    await ended;
    const before = await world.events(deploy);
    expect(await toldFailureOf(resume(deploy))).toMatchObject({ code: 'E_NOT_HELD' });
    expect(await world.events(deploy)).toEqual(before);
  });

  it('that the log does not have is resumed by nobody', async () => {
    expect(await toldFailureOf(resume('501-00000000'))).toMatchObject({ code: 'E_NO_DEPLOY' });
    expect(await world.log.head()).toBe(0);
  });

  it('whose run is alive is not resumed beside it', async () => {
    const run = await world.start({ answers: wayToProduction.slice(0, 2) });
    await run.hangs;
    expect(await toldFailureOf(resume(run.deploy))).toMatchObject({ code: 'E_UNDER_WAY' });
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
