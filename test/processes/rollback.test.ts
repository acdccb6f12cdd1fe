/** `pipeline rollback`, and the way back to automatic deploys, on Heroku and by a team's own programs. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Release } from '../../src/machine/events.ts';
import type { LaneEvent } from '../../src/machine/lane.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import { newRun } from '../../src/runtime/identity.ts';
import { newEvent } from '../../src/runtime/log/new-event.ts';
import { openLog } from '../../src/store/open.ts';
import { anActor } from '../actor.ts';
import { FolderStage } from './command/folders.ts';
import { deployId, type Ended, Stage } from './stage.ts';

interface World {
  readonly stage: Stage;
  /** Of every command. */
  readonly env: Record<string, string>;
  /** Production gets other settings, its code stays. Null: there is no such thing there. */
  readonly changeConfig: (() => void) | null;
}

/** A person's own machine. */
const shell = { CI: undefined };

const worlds: Readonly<Record<string, () => Promise<World>>> = {
  async Heroku() {
    const stage = await Stage.set({ within: true });
    onTestFinished(() => stage.strike());
    const changeConfig = () =>
      stage.sandbox.control.setConfig({
        app: 'acme-production',
        vars: { COLOUR: 'blue' },
        byUser: 'bo@example.com',
      });
    return { stage, env: {}, changeConfig };
  },
  async 'programs of one’s own'() {
    const folders = await FolderStage.set();
    onTestFinished(() => folders.strike());
    return { stage: folders.stage, env: folders.env, changeConfig: null };
  },
};

const words = ({ stdout, stderr }: Ended): string => stdout + stderr;

describe.each(Object.entries(worlds))('on %s', (_, open) => {
  it('rollback, automatic (held), configuration (still held), by hand with a reason (lifts), automatic', {
    timeout: 120_000,
  }, async () => {
    const { stage, env, changeConfig } = await open();
    const advance = (build: number, commit: string, more = {}, args: string[] = []) =>
      stage.run(
        ['advance', '--build', String(build), '--commit', commit, '--branch', 'master', ...args],
        { ...env, ...more },
        stage.checkout(commit),
      );
    const run = (args: string[], more = {}) => stage.run(args, { ...env, ...more });
    const [first, second, third] = [1, 2, 3].map((n) => stage.commit(`No. ${n}`)) as [
      string,
      string,
      string,
    ];
    for (const [build, commit] of [
      [501, first],
      [502, second],
    ] as const) {
      const ended = await advance(build, commit);
      expect(ended, words(ended)).toMatchObject({ exit: 0 });
    }

    const silent = await run(['rollback', '--reason', 'errors'], shell);
    expect(silent, words(silent)).toMatchObject({ exit: 2 });
    expect(silent.stderr).toContain('--yes');
    const back = await run(['rollback', '--yes', '--reason', 'errors since 502'], shell);
    expect(back, words(back)).toMatchObject({ exit: 0 });
    expect(words(back)).toContain('1 commit goes back:');
    expect(words(back)).toContain('No. 2 (Ana Lima)');
    if (changeConfig !== null) {
      const told = stage.slackTexts();
      expect(told).toMatch(
        /production is being taken back from v\d+ to v\d+ by .+: errors since 502/,
      );
      expect(told).toMatch(
        /production was taken back to v\d+ .+, as v\d+, by .+: errors since 502/,
      );
    }
    const { lanes, deploys } = JSON.parse((await run(['status', '--json'])).stdout);
    expect(lanes[0]).toMatchObject({ holds: [{ kind: 'rollback' }], holder: null });
    expect(lanes[0].places[0]).toMatchObject({ source: 'target', commit: first });
    expect(deploys[0].became.kind).toBe('rolledBack');
    const again = await run(['rollback', '--yes', '--reason', 'once more'], shell);
    expect(words(again)).toContain('E_ROLLED_BACK');

    const held = await advance(503, third);
    expect(held, words(held)).toMatchObject({ exit: 0 });
    expect(held.stdout).toContain('blockedByRollback');
    expect(held.stdout).toContain(`pipeline resume ${deployId(503, third)} --reason`);
    const fourth = stage.commit('No. 4');
    if (changeConfig !== null) {
      changeConfig();
      expect((await advance(504, fourth)).stdout).toContain('blockedByRollback');
    }

    // What stops a person stops one on any host.
    if (changeConfig !== null) {
      const byHand = await advance(600, fourth, shell);
      expect(byHand.stdout).toContain('blockedByRollback');
      const off = { ...shell, PRODUCTION_CD_ENABLED: 'false' };
      const switched = await advance(601, fourth, off, ['--reason', 'mended']);
      expect(switched.stdout).toContain('PRODUCTION_CD_ENABLED is not the word true');
    }
    const unset = { ...shell, PRODUCTION_CD_ENABLED: undefined };
    // One that is to lift it, and does not come to be live, lifts nothing.
    if (changeConfig !== null) {
      const phase = { app: 'acme-production', command: 'rake db:migrate' };
      stage.sandbox.control.setReleasePhase(phase);
      stage.sandbox.control.failNextReleasePhase({ app: 'acme-production' });
      const fails = await advance(603, fourth, unset, ['--reason', 'mended, or so']);
      expect(fails, words(fails)).toMatchObject({ exit: 1 });
      expect(words(fails)).toContain('is lifted once this is live');
      expect(words(fails)).not.toContain('does not hold any more');
    }
    const ships = await advance(602, fourth, unset, ['--reason', 'mended by No. 4']);
    expect(ships, words(ships)).toMatchObject({ exit: 0 });
    expect(ships.stdout).toContain('production.live');
    expect(ships.stdout).toContain('is lifted once this is live');
    expect(ships.stdout).toContain('The rollback does not hold any more');
    if (changeConfig !== null)
      expect(stage.slackTexts()).toMatch(/Shipped by hand by .+: mended by No\. 4/);
    const ofLane = await stage.read((log) => log.readStream('lane/acme-web'));
    const types = ofLane.map(({ type }) => type).filter((type) => type.startsWith('rollback.'));
    expect(types).toEqual(['rollback.begun', 'rollback.done', 'rollback.lifted']);
    expect(ofLane.find(({ type }) => type === 'rollback.lifted')?.data).toMatchObject({
      reason: 'mended by No. 4',
    });

    const fifth = stage.commit('No. 5');
    const automatic = await advance(505, fifth);
    expect(automatic, words(automatic)).toMatchObject({ exit: 0 });
    expect(automatic.stdout).toContain('production.live');
  });
});

it('one resume lets go on what gave way to a rollback that was killed once its release ran', {
  timeout: 60_000,
}, async () => {
  const stage = await Stage.set({ within: true });
  onTestFinished(() => stage.strike());
  const [first, second, third] = [1, 2, 3].map((n) => stage.commit(`No. ${n}`)) as [
    string,
    string,
    string,
  ];
  for (const [build, commit] of [
    [501, first],
    [502, second],
  ] as const) {
    expect(await stage.advance(build, commit)).toMatchObject({ exit: 0 });
  }
  const log = await openLog(stage.storeUrl, { projections });
  const shipped = (await log.readStream('lane/acme-web')).filter(
    ({ type }) => type === 'lane.shipped',
  );
  const [to, from] = shipped.map(({ data }) => data.release as unknown as Release);
  if (to === undefined || from === undefined) throw new Error('two are live');
  const person = { actor: 'mia', observed: 'mia on ws-7', reason: 'errors since 502' };
  const begun: LaneEvent = {
    type: 'rollback.begun',
    data: {
      ...{ rollback: 'rollback-1', target: 'heroku acme-production', from, to },
      ...{ commit: first, ...person },
    },
  };
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  await log.append([{ stream: 'lane/acme-web', expected: 'any', events: [newEvent(begun, run)] }]);
  await log.close();
  const held = await stage.advance(503, third);
  expect(held.stdout).toContain('begun, and never carried out');
  // Who lets it go on is interrupted while the target is asked: nothing was let go on.
  const head = () => stage.read((read) => read.head());
  const before = await head();
  const path = 'acme-production/releases';
  stage.sandbox.control.fault({ service: 'heroku', kind: 'hang', path, times: 50 });
  const asked = stage.sandbox.requests().length;
  const asks = stage.start(['resume', deployId(503, third), '--reason', 'mended']);
  const isAsked = () =>
    stage.sandbox
      .requests()
      .slice(asked)
      .some((one) => one.path.includes(path));
  await vi.waitFor(() => expect(isAsked()).toBe(true), { timeout: 20_000 });
  asks.process.kill('SIGINT');
  const left = await asks.ended;
  stage.sandbox.control.clearFaults({});
  expect(left, words(left)).toMatchObject({ exit: 130 });
  expect(words(left)).toContain('interrupted before anything was written');
  expect(await head()).toBe(before);
  // What it had asked for came to run, and nobody was there to record that.
  stage.sandbox.control.rollback({ app: 'acme-production', byUser: 'bo@example.com' });
  const resumed = await stage.run(
    ['resume', deployId(503, third), '--reason', 'mended'],
    {},
    stage.checkout(third),
  );
  expect(resumed, words(resumed)).toMatchObject({ exit: 0 });
  expect(resumed.stdout).toContain('production.live');
});
