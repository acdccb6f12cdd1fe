/** Each state that a deploy can be seen in, in a real browser: readable, in whatever light, and no wider than what it is looked at on. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explained } from '../../src/cli/commands/explain.ts';
import { reportOf } from '../../src/cli/commands/report.ts';
import { readEnvironment } from '../../src/cli/config/environment.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { deployStream } from '../../src/runtime/log/streams.ts';
import { type RunningServer, startServer } from '../../src/serve/server.ts';
import { ordered, sample } from '../machine/samples.ts';
import { type Wanted, writeDeploy } from '../runtime/audit/written.ts';
import { diverged, off } from '../runtime/standing/situations.ts';
import {
  idOf,
  releaseOf,
  rolledBackTo,
  StandingWorld,
} from '../runtime/standing/standing-world.ts';
import {
  axeFindings,
  chromiumPath,
  isChromiumRequired,
  markedStates,
  openBrowser,
  openPage,
  picture,
  statesIn,
} from './browser.ts';

const screen = { viewport: { width: 1280, height: 900 } };
const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { ...screen, colorScheme: 'light' },
  dark: { ...screen, colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, isMobile: true },
  wall: { colorScheme: 'dark', viewport: { width: 2560, height: 1440 } },
};

/** What is looked at of each page: what differs by the look is its colours, and what has to be moved along. */
const rulesOf: Readonly<Record<string, readonly string[]>> = {
  light: ['color-contrast', 'scrollable-region-focusable'],
  dark: ['color-contrast'],
  phone: ['scrollable-region-focusable'],
};

interface Comes {
  readonly build: number;
  /** A word of the mark that the lanes' page has for it. */
  readonly became: RegExp;
  comes(world: StandingWorld, lane: string): Promise<unknown>;
}

const onCanary = ['gates.passed', 'canary.submitted', 'canary.deployed'] as const;

/** By the lane that each is in. Only so many that `axe` has looked at all of them before anybody waits. */
const states: Readonly<Record<string, Comes>> = {
  locked: {
    ...{ build: 502, became: /reading what production runs/ },
    comes: async (world, lane) => (await world.runWith({ lane }, 502, null)).hangs,
  },
  deployingStaging: {
    ...{ build: 503, became: /building for staging/ },
    comes: async (world, lane) => (await world.runWith({ lane }, 503, 'staging.submitted')).hangs,
  },
  verifying: {
    ...{ build: 504, became: /checking that staging stays healthy/ },
    comes: async (world, lane) => (await world.runWith({ lane }, 504, 'staging.instancesUp')).hangs,
  },
  production: {
    ...{ build: 505, became: /starting production’s instances/ },
    comes: async (world, lane) => (await world.runWith({ lane }, 505, 'production.deployed')).hangs,
  },
  baking: {
    ...{ build: 506, became: /baking in production/ },
    comes: async (world, lane) => {
      const verified = sample('production.verified', { release: releaseOf(506), bakeMs: 600_000 });
      const plan = { lane, bakes: true };
      return (await world.runWith(plan, 506, 'production.instancesUp', verified)).hangs;
    },
  },
  canary: {
    ...{ build: 507, became: /canary/ },
    comes: async (world, lane) => {
      const plan = { lane, canary: true };
      const events = onCanary.map((type) => sample(type));
      return (await world.runWith(plan, 507, 'staging.verified', ...events)).hangs;
    },
  },
  disabled: {
    ...{ build: 508, became: /held: PRODUCTION_CD_ENABLED/ },
    comes: async (world, lane) =>
      (await world.runWith({ lane }, 508, 'staging.verified', off('environment'))).ended,
  },
  superseded: {
    ...{ build: 509, became: /old build/ },
    comes: async (world, lane) =>
      (await world.runWith({ lane }, 509, 'staging.verified', diverged(false))).ended,
  },
  stuck: {
    ...{ build: 510, became: /the lane is stuck/ },
    comes: async (world, lane) =>
      (await world.runWith({ lane }, 510, 'staging.verified', diverged(true))).ended,
  },
  blockedByRollback: {
    ...{ build: 513, became: /held by a rollback/ },
    comes: async (world, lane) => {
      const held = sample('production.held', { step: 'readGates', rollback: rolledBackTo(500) });
      return (await world.runWith({ lane }, 513, 'staging.verified', held)).ended;
    },
  },
  ordered: {
    ...{ build: 514, became: /held by a rollback/ },
    comes: async (world, lane) => {
      const held = sample('production.held', { step: 'readGates', rollback: ordered });
      return (await world.runWith({ lane }, 514, 'staging.verified', held)).ended;
    },
  },
  failed: {
    ...{ build: 515, became: /failed/ },
    comes: async (world, lane) =>
      (await world.runWith({ lane }, 515, 'staging.verified', sample('deploy.failed'))).ended,
  },
  cancelled: {
    ...{ build: 516, became: /interrupted, no run/ },
    comes: async (world, lane) => {
      const run = await world.runWith({ lane }, 516, 'staging.deployed');
      await run.hangs;
      run.interrupt();
      return run.ended;
    },
  },
  queued: {
    ...{ build: 511, became: /waiting/ },
    comes: async (world, lane) => {
      await (await world.runWith({ lane }, 512, 'staging.submitted')).hangs;
      await world.runWith({ lane }, 511, null);
      while (!(await world.stands(undefined, lane)).waiting.length)
        await world.log.changed({ timeoutMs: 1_000 });
    },
  },
};

/** As long, and as odd, as text of others can be. */
const odd: Wanted = {
  ...{ label: 'odd', commit: 'd'.repeat(40), lane: 'odd' },
  title: `\u202egnp.exe \u05e9\u05dc\u05d5\u05dd ${'Donaudampfschifffahrtsgesellschaft'.repeat(6)}`,
  branch: `feature/${'a-branch-that-nobody-can-say-in-one-breath-'.repeat(5)}end`,
};

/** Which pages axe looks at: each colour and each kind of page is on one of them. */
const isForAxe = (name: string): boolean =>
  ['lanes', 'deploy-canary', 'deploy-disabled', 'deploy-queued', 'explain-stuck'].includes(name);

const isHere = chromiumPath !== undefined || isChromiumRequired;

describe.skipIf(!isHere)('each state in a browser', { timeout: 120_000 }, () => {
  let browser: Browser;
  let world: StandingWorld;
  let server: RunningServer;
  let origin: string;

  beforeAll(async () => {
    world = await StandingWorld.open();
    const { log } = world;
    await Promise.all(Object.entries(states).map(([lane, { comes }]) => comes(world, lane)));
    await writeDeploy(log, odd, []);
    const at = { log, repository: null, environment: readEnvironment({}), lane: undefined };
    const explain = async (asked: string) =>
      ({ kind: 'told', ...(await explained(asked, { ...at, tell: () => {} })) }) as const;
    server = await startServer(
      { log, explain },
      {
        ...{ host: '127.0.0.1', port: 0, ranMs: systemClock.ran },
        door: (port) => ({ names: [`127.0.0.1:${port}`], token: null }),
      },
    );
    origin = `http://127.0.0.1:${server.port}`;
    browser = await openBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await world?.close();
  });

  const paths = (): Readonly<Record<string, string>> => ({
    lanes: '/',
    'history-queued': '/lanes/queued',
    'history-odd': '/lanes/odd',
    'deploy-odd': `/deploys/odd-dddddddd`,
    ...Object.fromEntries(
      Object.entries(states).flatMap(([name, { build }]) => [
        [`deploy-${name}`, `/deploys/${idOf(build)}`],
        [`explain-${name}`, `/explain?commit=${idOf(build)}`],
      ]),
    ),
  });

  // First: whoever carries them on is gone after a while.
  it('is marked as what it is', async () => {
    const { page } = await openPage(browser, origin);
    await page.goto(origin);
    for (const [lane, { build, became }] of Object.entries(states)) {
      const row = page.locator(`section[aria-label="${lane}"] tr`, { hasText: idOf(build) });
      expect([lane, await row.locator('.became').first().textContent()]).toEqual([
        lane,
        expect.stringMatching(became),
      ]);
    }
    await page.context().close();
  });

  it.each(Object.entries(looks))('is shown, %s', async (look, options) => {
    const { page, complaints } = await openPage(browser, origin, options);
    for (const [name, path] of Object.entries(paths())) {
      // The largest screen hangs on a wall, and has the lanes.
      const isAlways = look === 'wall' ? name === 'lanes' : isForAxe(name) || name.endsWith('-odd');
      if (!isAlways && process.env.LOCKSTEP_PICTURES === undefined) continue;
      const answer = await page.goto(origin + path, { waitUntil: 'load' });
      expect([name, answer?.status()]).toEqual([name, 200]);
      const more = await page.$eval('html', (root) => root.scrollWidth - root.clientWidth);
      expect([name, more]).toEqual([name, 0]);
      // A command is read to its end: nothing of it is beyond an edge.
      const cut = await page.$$eval('pre', (all) =>
        all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent),
      );
      expect([name, cut]).toEqual([name, []]);
      // Nor does one of its options begin at a line's end.
      const lines = await page.$$eval('.option', (all) =>
        all.map((one) => one.getClientRects().length),
      );
      expect([name, lines.filter((count) => count !== 1)]).toEqual([name, []]);
      if (name === 'deploy-disabled') expect(lines).not.toEqual([]);
      const rules = isForAxe(name) ? rulesOf[look] : undefined;
      if (rules !== undefined) expect([name, await axeFindings(page, rules)]).toEqual([name, []]);
      await picture(page, `${name}-${look}`);
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each(Object.entries(states))(
    'has a report that is whole in itself: %s',
    async (name, { build }) => {
      const { page: report } = await reportOf(world.log, idOf(build), Date.now());
      const { page, complaints, elsewhere } = await openPage(browser, origin, looks.light);
      // As a file is: it may ask nobody, so that what it would ask for is a complaint.
      await page.setContent(report);
      const records = await world.log.readStream(deployStream(idOf(build)));
      expect(await markedStates(page)).toEqual(statesIn(records));
      const hashes = await page.$$eval('td.hash', (all) => all.map((one) => one.textContent));
      expect(hashes).toEqual(records.map(({ hash }) => hash));
      // What is of one kind looks alike: the three that differ most are looked at whole.
      if (['canary', 'disabled', 'stuck'].includes(name))
        expect(await axeFindings(page, [])).toEqual([]);
      await picture(page, `report-${name}`);
      expect([complaints, elsewhere]).toEqual([[], []]);
      await page.context().close();
    },
  );

  it('is no longer shown as it was once the log was changed, and stays where the log cannot be read just now', async () => {
    const { page } = await openPage(browser, origin);
    await page.goto(`${origin}/lanes/changed`);
    await page.locator('#live', { hasText: 'live' }).waitFor();
    const answered = (status: number, main: string) =>
      page.route('**/lanes/changed', (route) =>
        route.fulfill({
          ...{ status, contentType: 'text/html' },
          body: `<body data-position="1"><main id="main">${main}</main></body>`,
        }),
      );
    const news = async (label: string) => {
      const asked = page.waitForResponse('**/lanes/changed');
      await writeDeploy(world.log, { label, commit: 'e'.repeat(40), lane: 'changed' }, []);
      await (await asked).finished();
    };
    await answered(503, 'not just now');
    await news('changed-1');
    await page.unroute('**/lanes/changed');
    await answered(500, '<p class="fault" role="alert">Somebody changed this log.</p>');
    expect(await page.textContent('main')).toContain('Deploys of changed');
    await news('changed-2');
    await page.locator('.fault', { hasText: 'Somebody changed this log.' }).waitFor();
    await page.unroute('**/lanes/changed');
    await news('changed-3');
    await page.locator('tbody tr').nth(2).waitFor();
    await page.context().close();
  });

  it('is asked for when somebody looks: behind another tab a page catches up in its own time', async () => {
    const { page } = await openPage(browser, origin);
    // What the page is told is said on its console, too.
    await page.addInitScript(`globalThis.EventSource = class extends EventSource {
      constructor(url) { super(url); this.addEventListener('log', () => console.log('news')); }
    }`);
    await page.clock.install();
    await page.goto(`${origin}/lanes/unseen`);
    await page.locator('#live', { hasText: 'live' }).waitFor();
    await page.clock.pauseAt(Date.now() + 60_000);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await isHidden(page, true);
    for (const label of ['1', '2', '3']) {
      const told = page.waitForEvent('console', (message) => message.text() === 'news');
      await writeDeploy(world.log, { label, commit: 'e'.repeat(40), lane: 'unseen' }, []);
      await told;
    }
    expect(asked).toEqual([]);
    await isHidden(page, false);
    await page.locator('tbody tr').nth(2).waitFor();
    await isHidden(page, true);
    const told = page.waitForEvent('console', (message) => message.text() === 'news');
    await writeDeploy(world.log, { label: '4', commit: 'e'.repeat(40), lane: 'unseen' }, []);
    await told;
    await page.clock.runFor(5_000);
    await page.locator('tbody tr').nth(3).waitFor();
    await page.context().close();
  });
});

/** As it is behind another tab. */
const isHidden = (page: Page, hidden: boolean): Promise<void> =>
  page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))`);
