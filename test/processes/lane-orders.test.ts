/** What people order for a lane: disable, enable, unlock; each with a reason, each on record. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readLane } from '../../src/runtime/lock/lanes.ts';
import type { JsonObject } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { usePostgres } from '../postgres/use-postgres.ts';
import type { TestStore } from '../store/events.ts';
import { defaultConfig, deployId, quietConfig, Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set({ within: true, config: quietConfig });
});
afterEach(() => stage.strike());

const postgres = usePostgres();

describe.each(['SQLite', 'PostgreSQL'])('with the log in %s, a person', (engine) => {
  let database: TestStore | null = null;
  beforeEach(async () => {
    database = engine === 'SQLite' ? null : await postgres.store();
    await stage.strike();
    const config = (urls: Parameters<typeof defaultConfig>[0]) => defaultConfig(urls, '2m');
    const store = database === null ? {} : { store: database.url };
    stage = await Stage.set({ within: true, config, ...store });
  });
  afterEach(() => database?.remove());

  /** Builds 501 and 502; `next` is not asked for yet. */
  async function twoShipped(): Promise<{ older: string; next: string }> {
    const older = stage.commit('older');
    const newer = stage.commit('newer');
    const next = stage.commit('next');
    expect(await stage.advance(501, older)).toMatchObject({ exit: 0 });
    expect(await stage.advance(502, newer)).toMatchObject({ exit: 0 });
    return { older, next };
  }

  it('who rolls back while a deploy has the lane is waited for before production, and rolls back then', {
    timeout: 120_000,
  }, async () => {
    const { older, next } = await twoShipped();
    // Staging is not right before the rollback waits, however long that takes.
    stage.sandbox.control.endpointDown({ app: 'acme-staging' });
    const holder = stage.startAdvance(503, next);
    await holder.saw('staging build');
    const order = ['rollback', '--yes', '--reason', 'errors since 502'];
    const rollback = stage.start(order, { CI: undefined });
    const deploy = deployId(503, next);
    await rollback.saw(
      `is held by ${deploy} (build 503); waiting. A deploy stops before production for this`,
    );
    stage.sandbox.control.endpointUp({ app: 'acme-staging' });

    const held = await holder.ended;
    expect(held).toMatchObject({ exit: 0 });
    expect(held.stdout + held.stderr).toMatch(
      /held: production is to be taken back to v\d+, as ordered by .*: errors since 502/,
    );
    const done = await rollback.ended;
    expect(done, done.stderr).toMatchObject({ exit: 0 });
    expect(done.stdout + done.stderr).toContain(older.slice(0, 8));
    expect(stage.state().promotions).toHaveLength(2);
    const [first] = (await stage.events(503, next)).slice(-1);
    expect(first).toMatchObject({
      type: 'production.held',
      data: { step: 'readGates', rollback: { kind: 'ordered', reason: 'errors since 502' } },
    });

    // By then it is a rollback like any other: whoever lets the deploy go on lifts it.
    const status = await stage.run(['status']);
    expect(status.stdout).toContain(`pipeline resume ${deploy}`);
    expect(await stage.run(['resume', deploy, '--reason', 'it mends that'])).toMatchObject({
      exit: 0,
    });
    expect(stage.state().promotions).toHaveLength(3);
    const events = await stage.events(503, next);
    expect(events.map(({ type }) => type)).toContain('production.verified');
  });

  it('whose rollback is killed before the target is asked holds the next deploy, until a person gives it up', {
    timeout: 120_000,
  }, async () => {
    const { next } = await twoShipped();
    const path = 'acme-production/releases';
    stage.sandbox.control.fault({ service: 'heroku', kind: 'hang', method: 'POST', path });
    const rollback = stage.start(['rollback', '--yes', '--reason', 'errors'], { CI: undefined });
    await vi.waitFor(
      async () => {
        const events = await stage.read((log) => log.readStream('lane/acme-web'));
        expect(events.map(({ type }) => type)).toContain('rollback.begun');
      },
      { timeout: 30_000 },
    );
    rollback.process.kill('SIGKILL');
    await rollback.ended;
    const deploy = deployId(503, next);
    const status = await stage.run(['status']);
    expect(status.stdout).toMatch(/hold.*as ordered by .*; that was begun, and never carried out/);
    // The one who has the lane after it waits for what may show itself of it.
    const held = await stage.advance(503, next);
    expect(held).toMatchObject({ exit: 0 });
    expect(held.stdout).toMatch(/held: .*: errors \(.*\); that was begun, and never carried out/);
    expect(held.stdout).toContain('To carry it out: `pipeline rollback v4 --reason "…"`');
    expect(stage.state().promotions).toHaveLength(2);
    const resumed = await stage.run(['resume', deploy, '--reason', 'it mends that']);
    expect(resumed).toMatchObject({ exit: 0 });
    expect(stage.state().promotions).toHaveLength(3);
    expect(stage.slackTexts()).toMatch(
      /the rollback to v4 was given up by .*, who let .* go on: it mends/,
    );
    expect((await stage.run(['status'])).stdout).not.toMatch(/^(hold|todo)/m);
  });
});

/** A rollback of what production runs, as one that was killed before it asked for anything left it. */
async function begunAndKilled(to = { id: 'r1', version: 'v1' }): Promise<void> {
  const { shipped } = await stage.read((log) => readLane(log, 'acme-web'));
  const begun = {
    ...{ rollback: 'rollback-1', target: shipped?.target, from: shipped?.release, commit: null },
    ...{ to, actor: 'mia', observed: 'mia on ws-7', reason: 'errors' },
  };
  const log = await openLog(stage.storeUrl);
  const event = { id: 'begun', type: 'rollback.begun', data: begun as JsonObject, metadata: {} };
  await log.append([{ stream: 'lane/acme-web', expected: 'any', events: [event] }]);
  await log.close();
}

describe('a person', { timeout: 60_000 }, () => {
  it('disables a lane and enables it again; what was held goes on', async () => {
    await stage.makeLog();
    const disable = ['disable', '--reason', 'incident 4711', '--actor', 'ana'];
    const ordered = await stage.start(disable).ended;
    expect(ordered).toMatchObject({ exit: 0 });
    const commit = stage.commit('The first');
    expect(await stage.advance(501, commit)).toMatchObject({ exit: 0 });
    const held = (await stage.events(501, commit)).at(-1);
    expect(held).toMatchObject({
      type: 'production.disabled',
      data: { switch: 'lane', by: { actor: 'ana', reason: 'incident 4711' } },
    });
    expect(stage.state().promotions).toEqual([]);
    expect(await stage.run(['enable', '--reason', 'it is over'])).toMatchObject({ exit: 0 });
    const resume = ['resume', deployId(501, commit), '--reason', 'it is over'];
    const resumed = await stage.start(resume).ended;
    expect(resumed).toMatchObject({ exit: 0 });
    expect((await stage.events(501, commit)).at(-1)?.type).toBe('production.verified');
  });

  it('has each order told with who and why, whatever Slack and the hooks do meanwhile', async () => {
    const taken = join(stage.folder, '../taken');
    const hook = `{ name: pager, on: ['lane.*', lock.broken], run: 'cat >> ${taken}; echo >> ${taken}' }`;
    const config = defaultConfig(stage.sandbox.urls);
    const signed = "{ name: signed, on: '*', url: 'http://127.0.0.1:9/', secret: SIGNS }";
    stage.write('pipeline.yml', `${config}  hooks: [${hook}, ${signed}]\n`);
    await stage.makeLog();
    stage.commit('The first');
    const disable = ['disable', '--reason', 'incident 4711', '--actor', 'ana'];
    expect(await stage.run(disable)).toMatchObject({ exit: 0 });
    expect(stage.slackTexts()).toMatch(
      /\*acme-web\* lane disabled by ana \(claimed; .*incident 4711/,
    );
    expect(stage.slackTexts()).toContain('pipeline enable --reason');
    // So it is already: nothing was ordered.
    expect((await stage.run(disable)).stdout).toContain('is disabled already');
    expect(stage.sandbox.slackMessages()).toHaveLength(1);

    stage.sandbox.control.fault({ service: 'slack', kind: 'status', status: 403, times: 9 });
    const enabled = await stage.run(['enable', '--reason', 'it is over']);
    expect(enabled).toMatchObject({ exit: 0 });
    expect(enabled.stdout).toContain('lane acme-web is enabled');
    expect(enabled.stderr).toContain('Slack is not told for now');
    const status = await stage.run(['status', '--offline']);
    expect(status.stdout).toContain('Slack: lane.enabled of lane acme-web, and what came after it');
    stage.sandbox.control.clearFaults({});

    // A channel that cannot even be opened keeps nobody from an order.
    const broken = await stage.run(['disable', '--reason', 'again'], { SIGNS: 'no secret' });
    expect(broken, broken.stderr).toMatchObject({ exit: 0 });
    expect(broken.stderr).toContain('no channel is told of it now');
    expect(await stage.run(['enable', '--reason', 'for good'])).toMatchObject({ exit: 0 });
    const texts = stage.slackTexts();
    expect(texts.indexOf('it is over')).toBeGreaterThan(texts.indexOf('incident 4711'));
    expect(texts.indexOf('again')).toBeGreaterThan(texts.indexOf('it is over'));
    expect(texts.indexOf('for good')).toBeGreaterThan(texts.indexOf('again'));
    const events = readFileSync(taken, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ type, order }) => [type, order.reason])).toEqual([
      ['lane.disabled', 'incident 4711'],
      ['lane.enabled', 'it is over'],
      ['lane.disabled', 'again'],
      ['lane.enabled', 'for good'],
    ]);
  });

  it('gives up a rollback whose run is gone, by what status says is to be typed', async () => {
    stage.write('pipeline.yml', defaultConfig(stage.sandbox.urls));
    await stage.makeLog();
    const commit = stage.commit('The first');
    expect(await stage.advance(501, commit)).toMatchObject({ exit: 0 });
    expect(await stage.run(['rollback', '--give-up', '--reason', 'x'])).toMatchObject({ exit: 2 });
    await begunAndKilled();
    const typed = 'pipeline rollback --give-up --reason "…"';
    expect((await stage.run(['status'])).stdout).toContain(typed);
    expect((await stage.run(['explain', commit])).stdout).toContain(typed);
    const both = ['rollback', 'v1', '--give-up', '--reason', 'x'];
    expect(await stage.run(both)).toMatchObject({ exit: 2 });
    const order = typed
      .split(' ')
      .slice(1)
      .map((word) => word.replaceAll('"', ''));
    const given = await stage.run(order);
    expect(given, given.stderr).toMatchObject({ exit: 0 });
    expect(stage.slackTexts()).toMatch(/the rollback to v1 was given up by .*: …/);
    expect((await stage.run(['status'])).stdout).not.toMatch(/^(hold|todo)/m);
  });

  it('who goes on with a rollback that was begun, and is interrupted while it waits, is told that it holds deploys still', async () => {
    expect(await stage.advance(501, stage.commit('The first'))).toMatchObject({ exit: 0 });
    const { shipped } = await stage.read((log) => readLane(log, 'acme-web'));
    expect(await stage.advance(502, stage.commit('The second'))).toMatchObject({ exit: 0 });
    stage.sandbox.control.setTiming({ buildMs: 120_000 });
    const holder = stage.startAdvance(503, stage.commit('The third'));
    await holder.saw('staging build');
    // One that began nothing yet holds nothing.
    const waits = stage.start(['rollback', '--yes', '--reason', 'errors'], { CI: undefined });
    await waits.saw('is held by 503-');
    waits.process.kill('SIGTERM');
    const left = await waits.ended;
    expect(left).toMatchObject({ exit: 143 });
    expect(left.stdout + left.stderr).toContain('no further deploy is held by this');
    expect((await stage.run(['status', '--offline'])).stdout).not.toMatch(/^hold\t/m);
    await begunAndKilled(shipped?.release);
    const again = stage.start(['rollback', '--yes', '--reason', 'again'], { CI: undefined });
    await again.saw('is held by 503-');
    again.process.kill('SIGINT');
    const ended = await again.ended;
    expect(ended).toMatchObject({ exit: 130 });
    expect(ended.stdout + ended.stderr).toContain('Deploys are held until it has');
    expect((await stage.run(['status', '--offline'])).stdout).toMatch(/^hold.*never carried out/m);
  });

  it('takes the lock from a holder that hangs; that one ends without writing more', async () => {
    stage.sandbox.control.setTiming({ buildMs: 1_500 });
    const [a, b] = [stage.commit('a'), stage.commit('b')];
    const holder = stage.startAdvance(501, a);
    await holder.saw('staging build');
    await stage.stop(holder);
    const before = await stage.events(501, a);
    expect(await stage.run(['unlock', '--reason', 'its machine hangs'])).toMatchObject({ exit: 0 });
    expect(await stage.advance(502, b)).toMatchObject({ exit: 0 });
    holder.process.kill('SIGCONT');
    expect(await holder.ended).toMatchObject({ exit: 4 });
    expect(await stage.events(501, a)).toEqual(before);
    expect(stage.state().promotions).toHaveLength(1);
  });

  it.each(['disable', 'enable', 'unlock'])(
    'gives a reason for %s, or is told to',
    async (order) => {
      stage.commit('The first');
      expect(await stage.run([order])).toMatchObject({ exit: 2 });
      expect(await stage.run([order, '--reason', ' '])).toMatchObject({ exit: 2 });
    },
  );

  it('cannot unlock what nobody holds', async () => {
    await stage.makeLog();
    stage.commit('The first');
    const ended = await stage.run(['unlock', '--reason', 'x']);
    expect(ended).toMatchObject({ exit: 2 });
    expect(ended.stderr).toContain('E_NOT_LOCKED');
  });
});
