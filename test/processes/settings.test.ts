/** Whoever writes the commit does not write the rules: what is weaker than at the last live deploy is held until somebody accepts it. */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultConfig, deployId, type Ended, quietConfig, Stage } from './stage.ts';

let stage: Stage;
let config: string;
beforeEach(async () => {
  stage = await Stage.set({ within: true });
  config = defaultConfig(stage.sandbox.urls);
});
afterEach(() => stage.strike());

type Env = Record<string, string | undefined>;
type Change = (config: string) => string;

/** Commits this configuration and has it deployed. */
async function deploy(build: number, text: string, env: Env = {}, branch = 'master') {
  stage.write('pipeline.yml', text);
  const commit = stage.commit(`build ${build}`);
  const args = ['--build', String(build), '--commit', commit, '--branch', branch];
  return { commit, ended: await stage.run(['advance', ...args], env) };
}

const ok = (ended: Ended): void => {
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
};

async function lastEvent(build: number, commit: string) {
  return (await stage.events(build, commit)).at(-1);
}

async function expectHeld(build: number, commit: string, about: string): Promise<string> {
  const event = await lastEvent(build, commit);
  expect(event, JSON.stringify(event)).toMatchObject({
    type: 'production.disabled',
    data: { switch: about, distrust: { about, digest: expect.stringMatching(/^[0-9a-f]{64}$/) } },
  });
  return String((event?.data.distrust as { digest: string } | undefined)?.digest);
}

/**
 * Each protected value, made weaker or another, one after the other: what is changed once stays so. `branch` is the one
 * that builds say they are of from then on.
 */
const weaker: Readonly<Record<string, { change: Change; branch?: string; env?: Env }>> = {
  'another branch': {
    change: (c) => c.replace('branch: master', 'branch: release'),
    branch: 'release',
  },
  'another kill switch': {
    change: (c) => `${c}gates: { killSwitch: DEPLOYS_ON }\n`,
    env: { DEPLOYS_ON: 'true' },
  },
  'the revision not looked at any more': {
    change: (c) => c.replaceAll(', revision: { header: x-revision }', ''),
  },
  'a check of staging removed': { change: withoutCheckOf('staging') },
  'a check of production removed': { change: withoutCheckOf('production') },
  'a build in place of the promotion': {
    change: (c) => c.replace('app: acme-production }', 'app: acme-production, deploy: build }'),
  },
};

function withoutCheckOf(environment: 'staging' | 'production'): Change {
  const endpoints = new RegExp(`(${environment}:[\\s\\S]*?)    endpoints:\\n.*\\n`);
  return (c) => c.replace(endpoints, '$1');
}

/** What says the same is changed at once: were one of them less strict, all of them together would be. */
const harmless: Readonly<Record<string, Change>> = {
  'another format, a default written out, another exit code of a stuck lane, longer time-outs, other stacking':
    (c) =>
      `# A comment\n\n${c.replace('branch: master', "branch: 'master'").replaceAll('20s', '40s')}` +
      'gates: { rollback: hold, killSwitch: PRODUCTION_CD_ENABLED, stuckExit: 0 }\nstacking: every\n',
  // The last one: without it the next would have a check less.
  'a check more': (c) =>
    c.replace(
      '    endpoints:\n',
      `    endpoints:\n      - { url: "${stage.sandbox.urls.staging}/more" }\n`,
    ),
};

describe('after a live deploy', { timeout: 120_000 }, () => {
  it('each that is weaker or another is held, told, and ships when a person accepts it, once', async () => {
    ok((await deploy(501, config)).ended);
    let now: { text: string; branch: string; env: Env } = {
      text: config,
      branch: 'master',
      env: {},
    };
    let build = 502;
    const shipsOf = () => {
      const { promotions, apps } = stage.state();
      return [promotions, apps['acme-production']?.builds ?? []].map(({ length }) => length);
    };
    for (const [name, { change, branch = now.branch, env = {} }] of Object.entries(weaker)) {
      const text = change(now.text);
      expect(text, name).not.toBe(now.text);
      now = { text, branch, env: { ...now.env, ...env } };
      const before = { ships: shipsOf(), messages: stage.sandbox.slackMessages().length };
      const { commit, ended } = await deploy(build, now.text, now.env, now.branch);
      ok(ended);
      const digest = await expectHeld(build, commit, 'settings');
      expect(shipsOf(), name).toEqual(before.ships);
      expect(ended.stdout).toContain(digest);
      const told = 'protected settings are not those';
      const messages = stage.sandbox.slackMessages().slice(before.messages);
      expect(JSON.stringify(messages), name).toContain(told);
      expect((await stage.run(['status'])).stdout, name).toContain(told);

      const id = deployId(build, commit);
      const resume = ['resume', id, '--reason', 'agreed', '--branch', now.branch];
      ok(await stage.run(resume, now.env));
      expect((await lastEvent(build, commit))?.type, name).toBe('production.verified');
      expect((await stage.run(['status'])).stdout, name).not.toContain(told);
      build += 1;
    }
    // Once is enough: the next with all of these settings is held no more.
    const next = await deploy(build, now.text, now.env, now.branch);
    ok(next.ended);
    expect((await lastEvent(build, next.commit))?.type).toBe('production.verified');
  });

  it('what is as strict as before is not held', async () => {
    ok((await deploy(501, config)).ended);
    for (const [at, [name, change]] of Object.entries(harmless).entries()) {
      const build = 502 + at;
      const { commit, ended } = await deploy(build, change(config));
      ok(ended);
      expect((await lastEvent(build, commit))?.type, name).toBe('production.verified');
    }
  });

  it('a resume for another reason accepts no settings; the environment accepts a digest, and no other than that', async () => {
    ok((await deploy(501, config)).ended);
    const changed = withoutCheckOf('production')(config);
    const { commit } = await deploy(502, changed, { PRODUCTION_CD_ENABLED: 'false' });
    expect(await lastEvent(502, commit)).toMatchObject({ data: { switch: 'environment' } });
    ok(await stage.run(['resume', deployId(502, commit), '--reason', 'the switch is on']));
    await expectHeld(502, commit, 'settings');
    expect(stage.state().promotions).toHaveLength(1);

    const held = await deploy(503, changed, { PIPELINE_TRUST: 'ab'.repeat(32) });
    const digest = await expectHeld(503, held.commit, 'settings');
    const accepted = await deploy(504, changed, { PIPELINE_TRUST: digest });
    ok(accepted.ended);
    expect((await lastEvent(504, accepted.commit))?.type).toBe('production.verified');
  });

  it('what is no digest in PIPELINE_TRUST is refused', async () => {
    const commit = stage.commit('The first');
    const ended = await stage.startAdvance(501, commit, { PIPELINE_TRUST: 'yes' }).ended;
    expect(ended).toMatchObject({ exit: 2 });
    expect(ended.stderr).toContain('PIPELINE_TRUST');
  });
});

describe('a log without the history of what production runs', { timeout: 120_000 }, () => {
  // Nothing here is about what is told, nor about endpoints.
  beforeEach(() => {
    config = quietConfig(stage.sandbox.urls);
  });

  it('another lane’s name in the same log, though the lane itself is disabled, and another log are held until a person accepts each once', async () => {
    ok((await deploy(501, config)).ended);
    ok(await stage.run(['disable', '--reason', 'incident']));
    const renamed = config.replace('app: acme-web\n', 'app: acme-web2\n');
    const second = await deploy(502, renamed);
    ok(second.ended);
    await expectHeld(502, second.commit, 'log');
    expect(stage.state().promotions).toHaveLength(1);
    ok(await stage.run(['resume', deployId(502, second.commit), '--reason', 'renamed']));
    expect(stage.state().promotions).toHaveLength(2);

    const env = { PIPELINE_STORE: `sqlite:${join(dirname(stage.logFile), 'other.db')}` };
    const { commit, ended } = await deploy(503, renamed, env);
    ok(ended);
    expect(ended.stdout).toContain('which this log does not have');
    expect(stage.state().promotions).toHaveLength(2);
    ok(await stage.run(['resume', deployId(503, commit), '--reason', 'a new log'], env));
    expect(stage.state().promotions).toHaveLength(3);
    ok((await deploy(504, renamed, env)).ended);
    expect(stage.state().promotions).toHaveLength(4);
  });

  it('a lane that never went live is found as well', async () => {
    ok((await deploy(501, config, { PRODUCTION_CD_ENABLED: 'false' })).ended);
    const renamed = config.replace('app: acme-web\n', 'app: acme-web2\n');
    const { commit } = await deploy(502, renamed);
    await expectHeld(502, commit, 'log');
    expect(stage.state().promotions).toEqual([]);
  });

  it('a commit that takes the log away, for the CI’s list and a log that is thrown away, is held', async () => {
    const unnamed = { PIPELINE_STORE: undefined };
    ok((await deploy(501, `${config}store: sqlite:${stage.logFile}\n`, unnamed)).ended);
    stage.write('pipeline.yml', `${config}lock: { provider: circleci }\n`);
    const inCi = async (number: number, env: Env = {}): Promise<Ended> => {
      const commit = stage.commit(`build ${number}`);
      const build = { branch: 'master', job: 'deploy', project: 'gh/acme/web', number, commit };
      stage.sandbox.control.ciBuild({ ...build, status: 'running' });
      const ended = await stage.run(['advance'], {
        ...{ CIRCLECI: 'true', CIRCLE_BRANCH: 'master', CIRCLE_JOB: 'deploy', CIRCLE_SHA1: commit },
        ...{ CIRCLE_PROJECT_USERNAME: 'acme', CIRCLE_PROJECT_REPONAME: 'web' },
        ...{ CIRCLE_BUILD_NUM: String(number), ...unnamed, ...env },
      });
      stage.sandbox.control.updateCiBuild({ project: 'gh/acme/web', number, status: 'success' });
      rmSync(join(stage.folder, '.pipeline'), { recursive: true });
      return ended;
    };
    const held = await inCi(502);
    ok(held);
    expect(held.stdout).toContain('which this log does not have');
    expect(stage.state().promotions).toHaveLength(1);
    const [digest] = /[0-9a-f]{64}/.exec(held.stdout) ?? [];
    ok(await inCi(503, { PIPELINE_TRUST: digest }));
    expect(stage.state().promotions).toHaveLength(2);
    // What such a log told of is in no other either: from now on its deploys hold nobody.
    ok(await inCi(504));
    expect(stage.state().promotions).toHaveLength(3);
  });

  it('production that Lockstep never wrote holds nobody', async () => {
    const byHand = { commit: stage.commit('by hand'), byUser: 'bo@acme.test' };
    stage.sandbox.control.deploy({ app: 'acme-production', ...byHand });
    ok((await deploy(501, config)).ended);
    expect(stage.state().promotions).toHaveLength(1);
  });
});
