/** Twenty real processes at once on one log and one sandbox, some of them killed: the world keeps its order. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openLog } from '../../src/store/open.ts';
import { seededRandom } from '../simulation/random.ts';
import { deployId, Stage } from './stage.ts';

let stage: Stage;
afterEach(() => stage.strike());

const jobs = 20;
const killed = 5;
/** Every fourth build is another run of the one before. */
const twinEvery = 4;

it('races of twenty processes break nothing', { timeout: 240_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`races: seed ${seed}\n`);
  const random = seededRandom(seed);
  stage = await Stage.set({ timing: { buildMs: 400, promotionMs: 100 } });

  const builds: { build: number; commit: string }[] = [];
  for (let i = 0; i < jobs; i++) {
    const twin = i % twinEvery === twinEvery - 1 ? builds.at(-1) : undefined;
    builds.push(twin ?? { build: 501 + i, commit: stage.commit(`commit ${i}`) });
  }
  const ends = builds.map(async ({ build, commit }, i) => {
    const job = stage.startAdvance(build, commit);
    if (i % (jobs / killed) === 0) {
      await new Promise((later) => setTimeout(later, 500 + random() * 6_000));
      job.process.kill('SIGKILL');
      await job.ended;
      return stage.advance(build, commit);
    }
    return job.ended;
  });
  for (const ended of await Promise.all(ends)) {
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
  }

  const { apps, promotions } = stage.state();
  const marks = (apps['acme-staging']?.builds ?? []).map(({ mark }) => mark);
  expect(new Set(marks).size).toBe(marks.length);
  expect(promotions.length).toBe(marks.length);
  const shipped = (apps['acme-production']?.releases ?? []).flatMap(({ commit }) => commit ?? []);
  for (const [i, commit] of shipped.entries()) {
    const before = shipped[i - 1];
    if (before === undefined) continue;
    execFileSync('git', ['-C', stage.folder, 'merge-base', '--is-ancestor', before, commit]);
  }
  expect(shipped.at(-1)).toBe(builds.at(-1)?.commit);

  const log = await openLog(`sqlite:${join(stage.folder, '.pipeline/log.db')}`, { readOnly: true });
  try {
    expect((await log.verify()).fault).toBeNull();
    let holder: string | null = null;
    for (const { type, data } of await log.readStream('lane/acme-web')) {
      if (type === 'lock.granted') {
        const taken = data.takenOver as { deploy: string } | null;
        expect(holder === null || taken?.deploy === holder, JSON.stringify(data)).toBe(true);
        holder = String(data.deploy);
      } else if (type === 'lock.released') holder = null;
    }
    expect(holder).toBeNull();
  } finally {
    await log.close();
  }
  for (const { build, commit } of builds) {
    const last = (await stage.events(build, commit)).at(-1);
    expect(last?.metadata.transition, deployId(build, commit)).toMatchObject({ settled: true });
  }
  for (const { build, commit } of [builds[0], builds.at(-1)].filter((one) => one !== undefined)) {
    expect(await stage.run(['replay', deployId(build, commit)])).toMatchObject({ exit: 0 });
  }
});
