/** The pages of `pipeline serve` in a real browser: each of them, light and dark, on a phone and on a wall, and as the log grows. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { deployId, type Job, Stage } from '../processes/stage.ts';
import { writeDeploy } from '../runtime/audit/written.ts';
import {
  axeFindings,
  chromiumPath,
  isChromiumRequired,
  markedStates,
  openBrowser,
  openMortal,
  openPage,
  picture,
  readmePicture,
  statesIn,
} from './browser.ts';

const looks = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, isMobile: true },
  wall: { colorScheme: 'dark', viewport: { width: 3840, height: 2160 } },
} as const;

/** A4 without its margins, in CSS pixels. */
const paper = { colorScheme: 'dark', viewport: { width: 688, height: 1_000 } } as const;

/** What differs by the look is its colours. */
const rulesOf: Readonly<Record<string, readonly string[]>> = {
  light: [],
  dark: ['color-contrast'],
};

const isHere = chromiumPath !== undefined || isChromiumRequired;

describe.skipIf(!isHere)('in a browser', { timeout: 120_000 }, () => {
  let browser: Browser;
  let stage: Stage;
  let served: Job;
  let port: number;
  let origin: string;
  const deploys = { live: '', failed: '' };
  let first = '';
  let failed = '';
  let third = '';
  let fourth = '';

  beforeAll(async () => {
    stage = await Stage.set();
    browser = await openBrowser();
    first = stage.commit('The first');
    expect(await stage.advanceHere(501, first)).toMatchObject({ exit: 0 });
    stage.sandbox.control.failNextBuild({ app: 'acme-staging' });
    const second = stage.commit(`<b>It breaks</b> <script>alert('it')</script>`);
    expect(await stage.advanceHere(502, second)).toMatchObject({ exit: 1 });
    deploys.live = deployId(501, first);
    deploys.failed = deployId(502, second);
    failed = second;
    port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    await serve();
  }, 120_000);
  afterAll(async () => {
    served?.process.kill('SIGKILL');
    await browser?.close();
    await stage?.strike();
  });

  async function serve(): Promise<void> {
    served = stage.start(['serve', '--port', `${port}`], { CI: undefined });
    await served.saw('Ctrl-C');
  }

  const paths = (): Readonly<Record<string, string>> => ({
    lanes: '/',
    history: '/lanes/acme-web',
    live: `/deploys/${deploys.live}`,
    failed: `/deploys/${deploys.failed}`,
    explain: `/explain?commit=${deploys.failed}`,
    chart: '/chart',
    nothing: '/deploys/999-nothing',
  });

  it.each(Object.entries(looks))('shows every page, %s', async (look, options) => {
    const { page, complaints, elsewhere } = await openPage(browser, origin, options);
    for (const [name, path] of Object.entries(paths())) {
      // Of the largest screen the two pages that hang on a wall.
      if (look === 'wall' && !['lanes', 'live'].includes(name)) continue;
      const answer = await page.goto(origin + path, { waitUntil: 'load' });
      expect([name, answer?.status()]).toEqual([name, name === 'nothing' ? 404 : 200]);
      // Nothing is wider than the screen: wide tables and the chart scroll by themselves.
      const [wide, width] = await page.$eval('html', (root) => [
        root.scrollWidth,
        root.clientWidth,
      ]);
      expect([name, wide]).toEqual([name, width]);
      const rules = rulesOf[look];
      if (rules !== undefined) expect([name, await axeFindings(page, rules)]).toEqual([name, []]);
      await picture(page, `${name}-${look}`);
      if (name === 'live' && ['light', 'dark'].includes(look)) {
        await readmePicture(page, `deploy-${look}`);
      }
    }
    expect(complaints.filter((one) => !one.includes('404'))).toEqual([]);
    expect(elsewhere).toEqual([]);
    await page.context().close();
  });

  it('marks the way that the log has', async () => {
    const { page } = await openPage(browser, origin);
    await page.goto(`${origin}/deploys/${deploys.failed}`);
    expect(await markedStates(page)).toEqual(statesIn(await stage.events(502, failed)));
    expect(await page.$$eval('.chart .number', (all) => all.length)).toBe(3);
    await page.context().close();
  });

  it('works without a script, and by the keyboard alone', async () => {
    const { page } = await openPage(browser, origin, { javaScriptEnabled: false });
    await page.goto(origin);
    expect(await page.textContent('main')).toContain('UTC');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('To the content');
    await page.goto(`${origin}/lanes/acme-web`);
    await page.fill('#text', 'breaks');
    await page.press('#text', 'Enter');
    expect(await page.$$eval('tbody tr', (all) => all.length)).toBe(1);
    await page.context().close();
  });

  it('follows a deploy, through the death of its server, without being loaded again', async () => {
    const { page, complaints } = await openPage(browser, origin);
    await page.goto(`${origin}/lanes/acme-web`);
    await page.evaluate(() => Object.assign(globalThis, { same: true }));
    await page.locator('#live', { hasText: 'live' }).waitFor();
    third = stage.commit('The third');
    const ended = stage.advanceHere(503, third);
    const row = page.locator('tr', { hasText: deployId(503, third) });
    await row.waitFor();
    served.process.kill('SIGKILL');
    await served.ended;
    expect(await ended).toMatchObject({ exit: 0 });
    await serve();
    await row.locator('.became.good', { hasText: 'live' }).waitFor({ timeout: 60_000 });
    await page.locator('tr', { hasText: deploys.live }).getByText('replaced by').waitFor();
    expect(await page.evaluate(() => 'same' in globalThis)).toBe(true);
    expect(complaints.filter((one) => !one.includes('ERR_'))).toEqual([]);
    await page.context().close();
  });

  it('misses nothing, though server and browser are killed ten times, and a page is not answered', async () => {
    const log = await openLog(stage.storeUrl, { projections });
    const asked: string[] = [];
    const ask = async (): Promise<void> => {
      const label = `${900 + asked.length}`;
      const commit = label.padEnd(40, 'c');
      asked.push(await writeDeploy(log, { label, commit, lane: 'mortal' }, []));
    };
    let watching = await openMortal();
    const look = async () => {
      const { page } = await openPage(watching.browser, origin);
      await page.goto(`${origin}/lanes/mortal`);
      return page;
    };
    const showsAll = (page: Page) =>
      page
        .locator('tbody tr')
        .nth(asked.length - 1)
        .waitFor();
    const serverDies = async (): Promise<void> => {
      served.process.kill('SIGKILL');
      await served.ended;
      await ask();
      await serve();
    };
    await ask();
    let page = await look();
    for (let round = 0; round < 10; round++) {
      await ask();
      if (round % 2 === 0) await serverDies();
      else {
        await watching.kill();
        await ask();
        watching = await openMortal();
        page = await look();
      }
      await showsAll(page);
    }
    // Told that there is news, and then not answered: whoever is connected again asks again.
    const unanswered = page.waitForEvent('requestfailed');
    await page.route('**/lanes/mortal', (route) => route.abort());
    await ask();
    await unanswered;
    await page.unroute('**/lanes/mortal');
    served.process.kill('SIGKILL');
    await served.ended;
    await serve();
    await showsAll(page);
    await watching.kill();
    await log.close();
  });

  it('says of what was live that it was rolled back, once a deploy has met that, and is green no more', async () => {
    const id = deployId(503, third);
    const opened = await Promise.all(
      [`/deploys/${id}`, '/lanes/acme-web', '/'].map(async (path) => {
        const { page } = await openPage(browser, origin);
        await page.goto(origin + path);
        await page.locator('#live', { hasText: 'live' }).waitFor();
        await ofIt(page, path, id).locator('.became.good', { hasText: 'live' }).waitFor();
        return { page, path };
      }),
    );
    stage.sandbox.control.rollback({ app: 'acme-production', byUser: 'bo@acme.test' });
    fourth = stage.commit('The fourth =1+1');
    expect(await stage.advanceHere(504, fourth)).toMatchObject({ exit: 0 });
    for (const { page, path } of opened) {
      const mark = ofIt(page, path, id).locator('.became.waiting');
      await mark.getByText('rolled back since by bo@acme.test').waitFor({ timeout: 60_000 });
      expect([path, await ofIt(page, path, id).locator('.good').count()]).toEqual([path, 0]);
      expect([path, await axeFindings(page, [])]).toEqual([path, []]);
      await page.context().close();
    }
    for (const [look, options] of Object.entries(looks)) {
      const { page } = await openPage(browser, origin, options);
      const held = `/deploys/${deployId(504, fourth)}`;
      const seen = { 'rolled-back': `/deploys/${id}`, held, 'history-after': '/lanes/acme-web' };
      for (const [name, path] of Object.entries(seen)) {
        await page.goto(origin + path, { waitUntil: 'load' });
        await picture(page, `${name}-${look}`);
      }
      await page.context().close();
    }
    const { page } = await openPage(browser, origin);
    await page.goto(`${origin}/lanes/acme-web?state=rolled+back`);
    expect(await page.$$eval('tbody tr a', (all) => all[0]?.textContent)).toBe(id);
    expect(await page.locator('tbody tr').count()).toBe(1);
    await page.context().close();
  });

  it('a report of a deploy is whole in one file, on paper too, with the way that the log has', async () => {
    const deployed = [
      ['live', 501, first],
      ['failed', 502, failed],
      ['rolled-back', 503, third],
      ['held', 504, fourth],
    ] as const;
    for (const [which, build, commit] of deployed) {
      const file = join(stage.folder, `${which}.html`);
      const args = ['report', deployId(build, commit), '--html', file];
      expect(await stage.runHere(args)).toMatchObject({ exit: 0 });
      const { page, complaints, elsewhere } = await openPage(browser, origin);
      const url = pathToFileURL(file).href;
      await page.goto(url, { waitUntil: 'load' });
      expect([which, await axeFindings(page, [])]).toEqual([which, []]);
      const records = await stage.events(build, commit);
      const hashes = await page.$$eval('td.hash', (all) => all.map((one) => one.textContent));
      expect(hashes).toEqual(records.map(({ hash }) => hash));
      expect(await markedStates(page)).toEqual(statesIn(records));
      await picture(page, `report-${which}`);
      await page.setViewportSize(paper.viewport);
      await page.emulateMedia({ media: 'print' });
      const [wide, width] = await page.$eval('html', (root) => [
        root.scrollWidth,
        root.clientWidth,
      ]);
      expect([which, wide]).toEqual([which, width]);
      await picture(page, `report-${which}-paper`);
      expect([which, complaints]).toEqual([which, []]);
      expect(elsewhere.filter((one) => one !== url)).toEqual([]);
      await page.context().close();
    }
    const all = join(stage.folder, 'changes.html');
    expect(await stage.runHere(['report', '--format', 'html', '--output', all])).toMatchObject({
      exit: 0,
    });
    const { page, complaints } = await openPage(browser, origin);
    await page.goto(pathToFileURL(all).href);
    expect(await axeFindings(page, [])).toEqual([]);
    expect(await page.textContent('main')).toContain('outside: seen Rollback to');
    await picture(page, 'report-changes');
    expect(complaints).toEqual([]);
    await page.context().close();
    for (const [look, media] of [
      ['light', 'screen'],
      ['phone', 'screen'],
      ['paper', 'print'],
    ] as const) {
      const { page } = await openPage(browser, origin, look === 'paper' ? paper : looks[look]);
      await page.emulateMedia({ media });
      await page.goto(pathToFileURL(all).href);
      // Neither the page nor its table is wider than what it is looked at on.
      const more = (of: string) =>
        page.$eval(of, ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
      expect([look, await more('html'), await more('.scroll')]).toEqual([look, 0, 0]);
      await picture(page, `report-changes-${look}`);
      await page.context().close();
    }
  });

  it('ends well at Ctrl-C', async () => {
    served.process.kill('SIGINT');
    expect((await served.ended).exit).toBe(0);
  });
});

/** Where a page speaks of the deploy: the head of its own page, or its row in a list. */
const ofIt = (page: Page, path: string, id: string) =>
  path.startsWith('/deploys/')
    ? page.locator('main dl')
    : page.locator('tr', { hasText: id }).first();

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
