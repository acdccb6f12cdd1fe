/** Twenty real processes at once on one log and one sandbox, some of them killed: the world keeps its order. */
import { afterEach, it } from 'vitest';
import { seededRandom } from '../simulation/random.ts';
import { expectOrder, race } from './race.ts';
import { Stage } from './stage.ts';

let stage: Stage;
afterEach(() => stage.strike());

it('races of twenty processes break nothing', { timeout: 240_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`races: seed ${seed}\n`);
  stage = await Stage.set({ timing: { buildMs: 400, promotionMs: 100 } });
  const builds = await race(stage, { jobs: 20, killed: 5, random: seededRandom(seed) });
  await expectOrder(stage, 'acme-web', builds);
});
