/** A real browser: Chromium of the distribution, without a window. Whatever it says or asks elsewhere is kept. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { stateAfter } from '../../src/runtime/log/recorded.ts';
import type { RecordedEvent } from '../../src/store/log.ts';

/** Null: there is none. */
export const chromiumPath = ['chromium', 'chromium-browser', 'google-chrome-stable']
  .map(pathOf)
  .find((path) => path !== null);

/** Where there has to be one, tests fail without it. */
export const isChromiumRequired = process.env.LOCKSTEP_REQUIRE_CHROMIUM === '1';

function pathOf(name: string): string | null {
  try {
    return execFileSync('which', [name], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath ?? 'chromium', args: ['--no-sandbox'] });

/** One that can be killed, as a machine that goes down kills it. */
export async function openMortal(): Promise<{ readonly browser: Browser; kill(): Promise<void> }> {
  const server = await chromium.launchServer({
    executablePath: chromiumPath ?? 'chromium',
    args: ['--no-sandbox'],
  });
  const browser = await chromium.connect(server.wsEndpoint());
  return { browser, kill: () => server.kill() };
}

export interface Watched {
  readonly page: Page;
  /** Errors on its console, scripts that failed, what the content security policy refused. */
  readonly complaints: string[];
  /** Requests to another place than its own. */
  readonly elsewhere: string[];
}

export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const elsewhere: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) elsewhere.push(url);
  });
  return { page, complaints, elsewhere };
}

/** What is hard to use for somebody who cannot see, or cannot use a mouse, by the rules of axe: by these, or by all. */
export async function axeFindings(page: Page, rules: readonly string[]): Promise<string[]> {
  // Not as a script of the page, which its policy would refuse.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (only) =>
      // biome-ignore lint/suspicious/noExplicitAny: axe is in the page, where TypeScript does not see it
      (globalThis as any).axe.run(only.length === 0 ? {} : { runOnly: only }),
    [...rules],
  );
  return violations.flatMap(({ id, nodes }: axe.Result) =>
    nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`),
  );
}

/** The picture that README shows, written anew where `LOCKSTEP_README_PICTURES` is 1: what a screen has of the page. */
export async function readmePicture(page: Page, name: string): Promise<void> {
  if (process.env.LOCKSTEP_README_PICTURES !== '1') return;
  const folder = resolve(import.meta.dirname, '../../docs/pictures');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Kept for whoever wants to look at them, where `LOCKSTEP_PICTURES` names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.LOCKSTEP_PICTURES;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(resolve(folder), `${name}.png`), fullPage: true });
}

/** Each state, and the nine around them, that the records lead through. */
export function statesIn(records: readonly RecordedEvent[]): ReadonlySet<string | null> {
  const states = records.flatMap((record) => stateAfter(record) ?? []);
  const tops = states.map((state) => state.split('.')[0] ?? '');
  return new Set([...tops, ...states.filter((state) => state.includes('.'))]);
}

/** Those that a page's chart marks as passed. */
export async function markedStates(page: Page): Promise<ReadonlySet<string | null>> {
  const marked = await page.$$eval('.chart .leaf.passed, .chart .state.passed', (all) =>
    all.map((one) => one.getAttribute('data-state')),
  );
  return new Set(marked);
}
