/** No spoilt answer of a program ships what must not be shipped, or calls live what is not. */
import { hash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isSoak } from '../../store/attacks/seed.ts';
import { type NamedSpoil, spoilsOf } from './spoilt-answers.ts';
import { ProgramFuzzer } from './spoilt-deploy.ts';
import { worlds } from './worlds.ts';

let fuzzer: ProgramFuzzer;
beforeAll(() => {
  fuzzer = new ProgramFuzzer();
});
afterAll(() => fuzzer.close());

/** The same ones each time; all of them in the soak. */
const share = isSoak ? { lines: 1, ends: 1 } : { lines: 1 / 600, ends: 1 / 25 };
const isDrawn = (world: string, { name, end }: NamedSpoil): boolean =>
  Number.parseInt(hash('sha256', `${world} ${name}`).slice(0, 8), 16) / 2 ** 32 <
  (end === undefined ? share.lines : share.ends);

it.each(worlds)('$name', { timeout: 3_600_000 }, async (world) => {
  const clean = await fuzzer.run(world);
  expect(clean).toMatchObject({ state: world.ends, violations: [] });
  const all = [...spoilsOf(clean.exchanges)];
  const figures = { deploys: 0, shipped: 0, refused: 0 };
  const wrong: string[] = [];
  for (const spoil of all.filter((one) => isDrawn(world.name, one))) {
    for (const times of ['once', 'onwards'] as const) {
      const deploy = await fuzzer.run(world, [{ ...spoil, times }]);
      if (deploy.spoilt === 0) continue;
      figures.deploys += 1;
      if (deploy.writes > 0) figures.shipped += 1;
      else figures.refused += 1;
      const told = `${spoil.name} (${times}) → ${deploy.state} ${deploy.code ?? ''}`;
      for (const why of deploy.violations) wrong.push(`${told}: ${why}`);
    }
  }
  process.stdout.write(
    `spoilt programs: ${world.name}: ${JSON.stringify(figures)} of ${all.length} ways\n`,
  );
  expect(wrong).toEqual([]);
  expect(figures.deploys).toBeGreaterThan(0);
});
