/** Who did it: what is claimed and what was seen, side by side, for every order and by every way to be seen. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newEvent } from '../../src/runtime/log/new-event.ts';
import { laneResource, laneStream } from '../../src/runtime/log/streams.ts';
import { openLog } from '../../src/store/open.ts';
import { someRun } from '../runtime/standing/standing-world.ts';
import { defaultConfig, deployId, type Ended, quietConfig, Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set({ within: true, config: quietConfig });
});
afterEach(() => stage.strike());

type Env = Record<string, string | undefined>;

const circleCi: Env = {
  CIRCLECI: 'true',
  CIRCLE_BUILD_NUM: '77',
  CIRCLE_BRANCH: 'master',
  CIRCLE_USERNAME: 'bo-at-ci',
  CIRCLE_BUILD_URL: 'https://circleci.com/gh/acme/web/77',
};
/** A person's shell: no CI. */
const shell: Env = { CI: undefined };
const noToken: Env = { HEROKU_API_KEY: undefined };

/** A run has the lane, as the log keeps that. From one that lives it is taken in `lane-orders.test.ts`. */
async function takeLane(): Promise<void> {
  const log = await openLog(stage.storeUrl);
  const data = { deploy: deployId(501, 'a'.repeat(40)), run: someRun.id, build: '501' };
  const more = { commit: 'a'.repeat(40), supersedes: [], takenOver: null };
  const event = newEvent({ type: 'lock.granted', data: { ...data, ...more } }, someRun);
  const grant = { resource: laneResource('acme-web'), token: 1, owner: someRun.owner };
  await log.append([{ stream: laneStream('acme-web'), expected: 'none', events: [event] }], {
    grant: { ...grant, ttlMs: 600_000 },
  });
  await log.close();
}

/** Each order, and how to give it on a lane where it changes something. */
const orders = {
  disable: async (claim: string[], env: Env) => {
    await stage.makeLog();
    return stage.run(['disable', '--reason', 'incident', ...claim], env);
  },
  enable: async (claim: string[], env: Env) => {
    await stage.makeLog();
    await stage.run(['disable', '--reason', 'before']);
    return stage.run(['enable', '--reason', 'over', ...claim], env);
  },
  unlock: async (claim: string[], env: Env) => {
    await takeLane();
    return stage.run(['unlock', '--reason', 'it hangs', ...claim], env);
  },
  resume: async (claim: string[], env: Env) => {
    const commit = stage.commit('a');
    await stage.advance(501, commit, { PRODUCTION_CD_ENABLED: 'false' });
    return stage.run(['resume', deployId(501, commit), '--reason', 'on again', ...claim], env);
  },
  override: async (claim: string[], env: Env) => {
    const commit = stage.commit('a');
    const build = ['--build', '501', '--commit', commit, '--branch', 'master'];
    return stage.run(['advance', ...build, '--override', '--reason', 'hotfix', ...claim], env);
  },
} as const;
type Order = keyof typeof orders;
const names = Object.keys(orders) as Order[];

/** What the log kept of the person: data and metadata of the order's event. */
async function orderEvent(order: Order) {
  const types: Record<Order, string> = {
    disable: 'lane.disabled',
    enable: 'lane.enabled',
    unlock: 'lock.broken',
    resume: 'deploy.resumed',
    override: 'deploy.requested',
  };
  const events = await stage.read((log) => log.readAll());
  const event = events.findLast(({ type }) => type === types[order]);
  expect(event, `${types[order]} is in the log`).toBeDefined();
  return { data: (event?.data.override ?? event?.data) as object, metadata: event?.metadata };
}

const ok = (ended: Ended): void => {
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
};

describe('the log keeps what is claimed beside what was seen', { timeout: 60_000 }, () => {
  it.each(names)('%s with --actor, by a CI’s user', async (order) => {
    ok(await orders[order](['--actor', 'the queen'], circleCi));
    const { data, metadata } = await orderEvent(order);
    expect(metadata?.actor).toMatchObject({
      claimed: 'the queen',
      observed: { ci: { user: 'bo-at-ci', run: 'https://circleci.com/gh/acme/web/77' } },
    });
    expect(data).toMatchObject({
      actor: 'the queen',
      observed: expect.stringMatching(/^claimed; CI user bo-at-ci; https:\/\/circleci.*77; /),
    });
  });

  it.each(names)('%s without it, by git’s identity', async (order) => {
    stage.git('config', 'user.name', 'Cleo Diaz');
    stage.git('config', 'user.email', 'cleo@acme.test');
    ok(await orders[order]([], { ...shell, USER: 'unknown' }));
    const { data, metadata } = await orderEvent(order);
    const git = 'Cleo Diaz <cleo@acme.test>';
    expect(metadata?.actor).toMatchObject({
      claimed: null,
      observed: { ci: null, git, account: null, system: { host: expect.stringMatching(/./) } },
    });
    expect(data).toMatchObject({
      actor: git,
      observed: expect.stringMatching(/^by git identity;/),
    });
  });

  it.each(names)('%s in a shell without git’s identity, by the target’s account', async (order) => {
    ok(await orders[order]([], shell));
    const { data, metadata } = await orderEvent(order);
    expect(metadata?.actor).toMatchObject({ observed: { git: null, account: 'deploy@acme.test' } });
    expect(data).toMatchObject({ actor: 'deploy@acme.test' });
  });

  it('shows both in log, status and Slack', async () => {
    stage.write('pipeline.yml', defaultConfig(stage.sandbox.urls));
    ok(await orders.disable(['--actor', 'the queen'], circleCi));
    const commit = stage.commit('a');
    await stage.advance(501, commit);
    const both = /the queen \(claimed; CI user bo-at-ci; /;
    for (const args of [['status'], ['log', '501']]) {
      expect((await stage.run(args)).stdout).toMatch(both);
    }
    expect(stage.slackTexts()).toMatch(both);
  });

  it('names who ran a deploy that nobody claimed, never as unknown', async () => {
    const commit = stage.commit('a');
    ok(await stage.startAdvance(501, commit).ended);
    const [requested] = await stage.events(501, commit);
    expect(requested?.metadata.actor).toMatchObject({ claimed: null, observed: { ci: {} } });
    expect((await stage.run(['log', '501'])).stdout).toMatch(/\(run by other 501: /);
  });
});

describe('an order is refused, with nothing written,', { timeout: 60_000 }, () => {
  const refused = async (order: Order, claim: string[], env: Env, code: string) => {
    const ended = await orders[order](claim, env);
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 2 });
    expect(ended.stderr).toContain(code);
    return ended;
  };

  it.each(['disable', 'enable', 'unlock'] as const)(
    'when nobody is seen who gives it, whatever is claimed: %s',
    async (order) => {
      const ended = await refused(order, ['--actor', 'ana'], { ...shell, ...noToken }, 'E_ACTOR');
      expect(ended.stderr).toContain('git config user.name');
    },
  );

  it.each(['resume', 'override', 'disable'] as const)(
    'when the target does not say whose token it is: %s',
    async (order) => {
      await refused(
        order,
        ['--actor', 'ana'],
        { ...shell, HEROKU_API_KEY: 'wrong-key' },
        'E_ACTOR',
      );
    },
  );

  it.each(names)('when the name is empty: %s', async (order) => {
    await refused(order, ['--actor', ' '], shell, 'E_ACTOR');
  });

  it.each(names)(
    'in a CI’s build of another branch, a tag or a pull request: %s',
    async (order) => {
      const git = {
        CI: 'true',
        GITHUB_ACTIONS: 'true',
        GITHUB_RUN_NUMBER: '88',
        GITHUB_ACTOR: 'bo',
      };
      const elsewhere: Env[] = [
        { ...circleCi, CIRCLE_BRANCH: 'feature' },
        { ...circleCi, CIRCLE_BRANCH: undefined, CIRCLE_TAG: 'v1' },
        { ...git, GITHUB_EVENT_NAME: 'pull_request', GITHUB_HEAD_REF: 'master' },
      ];
      if (order === 'override' || order === 'unlock')
        return expectRefusals(order, elsewhere.slice(0, 1));
      return expectRefusals(order, elsewhere);
    },
  );

  async function expectRefusals(order: Order, elsewhere: readonly Env[]): Promise<void> {
    for (const env of elsewhere) {
      const before = await stage.read((log) => log.head()).catch(() => 0);
      if (order === 'override') {
        const build = ['--commit', stage.commit('a'), '--override', '--reason', 'hotfix'];
        expect(await stage.run(['advance', ...build], env)).toMatchObject({ exit: 2 });
        continue;
      }
      const name = order === 'resume' ? [deployId(501, stage.commit('a'))] : [];
      const ended = await stage.run([order, ...name, '--reason', 'why'], env);
      expect(ended, JSON.stringify(env)).toMatchObject({ exit: 2 });
      expect(ended.stderr).toContain('E_BRANCH');
      expect(await stage.read((log) => log.head()).catch(() => 0)).toBe(before);
    }
  }
});
