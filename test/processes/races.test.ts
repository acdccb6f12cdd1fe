/** Twelve real processes at once (thirty-two at night) on one log and one sandbox, some of them killed: the world keeps its order. */
import { afterEach, it } from 'vitest';
import { seededRandom } from '../simulation/random.ts';
import { often } from '../store/attacks/seed.ts';
import { expectOrder, race } from './race.ts';
import { Stage } from './stage.ts';

const jobs = often(12, 32);

let stage: Stage;
afterEach(() => stage.strike());

it(`races of ${jobs} processes break nothing`, { timeout: 240_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`races: seed ${seed}\n`);
  stage = await Stage.set({ timing: { buildMs: 400, promotionMs: 100 } });
  const builds = await race(stage, { jobs, killed: jobs / 4, random: seededRandom(seed) });
  await expectOrder(stage, 'acme-web', builds);
});
