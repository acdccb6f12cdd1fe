/** A deploy by a team's own programs, as processes: to folders behind real web servers. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { deployId } from '../stage.ts';
import { type Environment, FolderStage, programs } from './folders.ts';

async function set(over?: (environment: Environment) => string): Promise<FolderStage> {
  const folders = await FolderStage.set(over);
  onTestFinished(() => folders.strike());
  return folders;
}

describe('programs of one’s own', { timeout: 60_000 }, () => {
  it('ship a commit, and next the one after it; what staging verified is what production is given', async () => {
    const folders = await set();
    const first = folders.stage.commit('The first');
    const one = await folders.advance(501, first);
    expect(one, one.stdout + one.stderr).toMatchObject({ exit: 0 });
    expect(one.stdout).toContain('first deploy: production runs none of this yet');
    expect(await folders.asked('production')).toBe(first);
    const second = folders.stage.commit('The second');
    const two = await folders.advance(502, second);
    expect(two, two.stdout + two.stderr).toMatchObject({ exit: 0 });
    expect(await folders.asked('production')).toBe(second);
    const [staging] = folders.releases('staging');
    const [production] = folders.releases('production');
    expect(production).toMatchObject({ key: deployId(502, second), artifact: staging?.artifact });
    const replay = await folders.stage.run(['replay', deployId(502, second)]);
    expect(replay, replay.stdout).toMatchObject({ exit: 0 });
  });

  it('hold the next deploy where somebody went back by hand, until it is resumed', async () => {
    const folders = await set();
    const first = folders.stage.commit('The first');
    for (const environment of ['staging', 'production'] as const)
      folders.release(environment, first);
    const shipped = await folders.advance(502, folders.stage.commit('The second'));
    expect(shipped, shipped.stdout).toMatchObject({ exit: 0 });
    folders.goBack('production');
    const commit = folders.stage.commit('The third');
    const held = await folders.advance(503, commit);
    expect(held.stdout).toContain('held: production was rolled back (v3 "by hand" by ana');
    expect(folders.shipped('production', commit)).toBe(0);
    const args = ['resume', deployId(503, commit), '--reason', 'mended'];
    const resumed = await folders.stage.run(args, folders.env);
    expect(resumed, resumed.stdout + resumed.stderr).toMatchObject({ exit: 0 });
    expect(await folders.asked('production')).toBe(commit);
  });

  it.each([
    ['is not there', 'bin/other', 'bin/other is not there'],
    ['may not be executed', 'bin/place.mjs', 'bin/place.mjs may not be executed'],
    ['is a folder', './bin', './bin is no file'],
  ])('are looked for before anything is written: one that %s', async (_, program, words) => {
    const folders = await set((name) =>
      programs(name).replace('health: bin/host.mjs', `health: ${program}`),
    );
    const commit = folders.stage.commit('The first');
    const ended = await folders.advance(501, commit);
    expect(ended).toMatchObject({ exit: 2 });
    expect(ended.stderr).toContain(words);
    expect(folders.stage.eventCount(501, commit)).toBe(0);
  });

  it('are told nothing that only Lockstep needs, and what they say of a secret is masked', async () => {
    const folders = await set((name) =>
      programs(name).replace('deploy: bin/host.mjs', 'deploy: bin/loud'),
    );
    const loud = [
      '#!/bin/sh',
      'echo "store=[$PIPELINE_STORE] slack=[$SLACK_BOT_TOKEN]"',
      'echo "mine=$DEPLOY_TOKEN" >&2',
      'echo "Key $LOCKSTEP_KEY, commit $LOCKSTEP_COMMIT, protocol $LOCKSTEP_PROTOCOL, for $LOCKSTEP_NAME"',
      'echo "the last words" >&2',
      'exit 1',
    ];
    const file = join(folders.stage.folder, 'bin/loud');
    writeFileSync(file, `${loud.join('\n')}\n`);
    chmodSync(file, 0o755);
    const commit = folders.stage.commit('The first');
    const ended = await folders.advance(501, commit, { DEPLOY_TOKEN: 'tok-4711-0815-abcdef' });
    expect(ended).toMatchObject({ exit: 1 });
    expect(ended.stdout).toContain('store=[] slack=[]');
    expect(ended.stdout).toContain('mine=[secret]');
    expect(ended.stdout).toContain(
      `Key ${deployId(501, commit)}, commit ${commit}, protocol 1, for acme-web-staging`,
    );
    const failure = (await folders.stage.events(501, commit)).at(-1);
    expect(failure?.data).toMatchObject({
      step: 'submitStaging',
      failure: {
        code: 'E_PROGRAM_FAILED',
        message: 'bin/loud ended with exit code 1',
        hint: expect.stringContaining('the last words'),
      },
    });
    expect(JSON.stringify(failure)).not.toContain('tok-4711');
  });

  it('that cannot tell what runs ship by a waiver, and the log says so', async () => {
    const folders = await set(
      () => '\n    deploy: bin/host.mjs\n    submits: commit\n    waive: [order, rollback]',
    );
    const commit = folders.stage.commit('The first');
    const ended = await folders.advance(501, commit);
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
    expect(await folders.asked('production')).toBe(commit);
    const observed = (await folders.stage.events(501, commit)).find(
      ({ type }) => type === 'deploy.observed',
    );
    expect(observed?.data).toMatchObject({
      order: 'waived',
      production: { version: null, commit: null },
    });
    expect(ended.stdout).toContain('order and rollback are waived by the configuration');
    expect(ended.stdout).toContain('gates are open: order and rollback are waived, PROD');
  });
});
