/** Many runners on one PostgreSQL: fifteen real processes on three lanes (fifty on five at night), and a server that crashes under a deploy. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/runtime/gates/trust.ts';
import { PostgresServer } from '../postgres/server.ts';
import { seededRandom } from '../simulation/random.ts';
import { often } from '../store/attacks/seed.ts';
import { expectOrder, race } from './race.ts';
import { defaultConfig, deployId, Stage } from './stage.ts';

const lanes = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'].slice(0, often(3, 5));
const jobs = often(5, 10);
const killed = often(1, 2);

/**
 * Each lane has a Heroku of its own, but all of these call their app the same: to the log it looks as if
 * a lane had another name, which the environment accepts.
 */
const trusting = (lane: string): Record<string, string> => ({
  PIPELINE_TRUST: lanes
    .filter((other) => other !== lane)
    .map((other) => digestOf(['lane', 'acme-production', other, lane]))
    .join(','),
});

let server: PostgresServer;
let stages: Stage[];
beforeEach(async () => {
  server = await PostgresServer.start();
  stages = [];
});
afterEach(async () => {
  for (const stage of stages) await stage.strike();
  await server.stop();
});

async function set(lane: string, timing = {}): Promise<Stage> {
  const stage = await Stage.set({
    store: server.url('postgres'),
    timing: { buildMs: 400, promotionMs: 100, ...timing },
    config: (urls) => defaultConfig(urls).replace('app: acme-web', `app: ${lane}`),
  });
  stages.push(stage);
  return stage;
}

describe('with its log in PostgreSQL', () => {
  it(`races of ${lanes.length * jobs} processes on ${lanes.length} lanes break nothing`, {
    timeout: 400_000,
  }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    process.stdout.write(`races on PostgreSQL: seed ${seed}\n`);
    const random = seededRandom(seed);
    // Vendors that share nothing between lanes, in one process, behind one log.
    const all = await Promise.all(lanes.map(async (lane) => ({ lane, stage: await set(lane) })));
    await Promise.all(
      all.map(async ({ lane, stage }) => {
        const builds = await race(stage, { jobs, killed, random, env: trusting(lane) });
        await expectOrder(stage, lane, builds);
      }),
    );
    const [{ stage } = { stage: undefined }] = all;
    const { events } = (await stage?.read((log) => log.verify())) ?? { events: 0 };
    process.stdout.write(`races on PostgreSQL: ${events} events\n`);
  });

  it('a deploy lives through a crash of the server', { timeout: 120_000 }, async () => {
    const stage = await set('alpha', { buildMs: 3_000 });
    const commit = stage.commit('a');
    const job = stage.startAdvanceHere(501, commit);
    await job.saw('staging build');
    await server.kill();
    await new Promise((later) => setTimeout(later, 1_000));
    await server.restart();
    expect(await job.ended).toMatchObject({ exit: 0 });
    expect(stage.state().apps['acme-staging']?.builds).toHaveLength(1);
    expect(stage.state().promotions).toHaveLength(1);
    expect((await stage.events(501, commit)).at(-1)?.metadata.transition).toMatchObject({
      to: 'production.live',
    });
    expect(await stage.runHere(['replay', deployId(501, commit)])).toMatchObject({ exit: 0 });
  });
});
