/** Whichever view a person looks at, it says the same of what became of a deploy; only what production runs is green. */
import { afterEach, describe, expect, it } from 'vitest';
import { becameLine } from '../../src/cli/render/log-view.ts';
import { deployPage } from '../../src/page/deploy-page.ts';
import { deployReport } from '../../src/page/deploy-report.ts';
import { deploysPage } from '../../src/page/deploys-page.ts';
import { lanesPage } from '../../src/page/lanes-page.ts';
import { stylesheet } from '../../src/page/stylesheet.ts';
import { readDeployStories, readDeployStory } from '../../src/runtime/audit/deploys.ts';
import type { BecameKind } from '../../src/runtime/standing/became.ts';
import { markOf } from '../../src/runtime/standing/became-mark.ts';
import { readBecame, readStood } from '../../src/runtime/standing/read.ts';
import { addresses } from '../../src/serve/pages.ts';
import { readHistory, readShownDeploy } from '../../src/serve/read.ts';
import { sample } from '../machine/samples.ts';
import { lane } from '../runtime/loop/scripted-run.ts';
import { situations } from '../runtime/standing/situations.ts';
import { hearingReads, idOf, StandingWorld } from '../runtime/standing/standing-world.ts';

let world: StandingWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** As a page marks it: the tone, the sign and the words. */
function marksIn(page: string): string[] {
  const all = page.matchAll(
    /<span class="became (\w+)"><span aria-hidden="true">(.)<\/span> (.*?)<\/span>/g,
  );
  return [...all].map(([, tone, sign, words = '']) => `${tone} ${sign} ${textOf(words)}`);
}

const same = (text: string): string => text;
const color = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

const textOf = (markup: string): string =>
  markup
    .replace(/<[^>]+>/g, '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

const rowOf = (page: string, deploy: string): string =>
  [...page.matchAll(/<tr>.*<\/tr>/g)]
    .map(([row]) => row)
    .find((row) => row.includes(`>${deploy}<`)) ?? '';

/** By an event of its own, and by no deploy after it. */
const ended: readonly BecameKind[] = ['failed', 'stuck', 'held', 'disabled', 'waitTimedOut'];

describe('what became of a deploy', () => {
  it.each(situations.filter(({ told }) => told === undefined))(
    '$name',
    async ({ happens, became }) => {
      world = await StandingWorld.open();
      await happens(world);
      const { log } = world;
      const standing = await world.stands();
      const history = await readHistory(log, { lane, limit: 50 });
      const list = { lane, ...history, next: null, isCut: false, figures: null, search: null };
      const { main: listed } = deploysPage(list, 1, addresses);
      const { main: lanes } = lanesPage({ standings: [standing], unread: [] }, 1, addresses);
      expect(history.deploys).toHaveLength(Object.keys(became).length);
      for (const { row, became: one } of standing.deploys) {
        const { sign, tone } = markOf(one.kind);
        const mark = `${tone} ${sign} ${one.what}`;
        expect(tone === 'good', mark).toBe(one.kind === 'live');
        expect(stylesheet).toContain(`.${tone}{color:var(--${tone})}`);
        expect(marksIn(rowOf(`${await listed}`, row.deploy))).toEqual([mark]);
        expect(marksIn(rowOf(`${await lanes}`, row.deploy))).toEqual([mark]);
        const shown = await readShownDeploy(log, row.deploy);
        if (shown === null) throw new Error('it is told');
        const { main, title } = deployPage(shown, 1, addresses);
        expect(title).toBe(`${row.deploy} ${one.what}`);
        const whole = `${await main}`;
        expect(marksIn(whole)).toEqual([mark]);
        const report = await deployReport({
          ...shown,
          ...{ said: [], checks: [], killSwitch: null, head: '', madeAt: '' },
        });
        expect(marksIn(report)).toEqual([mark]);
        // What ended it has in its story the colour that its mark has.
        const told = [...whole.matchAll(/<td class="text (\w+)">/g)].map(([, one]) => one);
        if (ended.includes(one.kind)) expect([mark, told.at(-1)]).toEqual([mark, tone]);
        // What waits for its turn asks nothing of anybody.
        expect(told[0]).toBe('neutral');
        // Neither its states nor its box are green where it is not what production runs.
        const marked = /class="(state|hold|became)[^"]*\bgood/;
        if (one.kind !== 'live') expect(whole + report).not.toMatch(marked);
        const line = becameLine(one, { color });
        expect(line.startsWith(`${sign} ${one.what}`), line).toBe(true);
      }
      const stories = await readDeployStories(log, { lane });
      expect(await readStood(log, lane, stories)).toEqual(standing.deploys);
      const alone = await Promise.all(stories.map((story) => readBecame(log, story)));
      expect(alone).toEqual(standing.deploys.map(({ became }) => became));
    },
  );

  it('is found without reading the deploys that say nothing of it', async () => {
    world = await StandingWorld.open();
    for (const build of [501, 502]) await world.live(build);
    await world.ends(503, sample('deploy.failed'));
    await world.live(504);
    await world.held(505);
    const { log } = world;
    const read: string[] = [];
    const heard = hearingReads(log, (stream) => read.push(stream));
    const readFor = async (build: number) => {
      const story = await readDeployStory(log, idOf(build));
      if (story === null) throw new Error('it is there');
      read.length = 0;
      const { kind } = await readBecame(heard, story);
      const builds = read.flatMap((stream) => /^deploy\/(\d+)-/.exec(stream)?.[1] ?? []);
      return [kind, [...new Set(builds.map(Number))].sort()];
    };
    expect(await readFor(501)).toEqual(['replaced', [502]]);
    expect(await readFor(503)).toEqual(['carried', [504]]);
    expect(await readFor(504)).toEqual(['replaced', [504, 505]]);
    expect(await readFor(505)).toEqual(['held', []]);
  });
});
