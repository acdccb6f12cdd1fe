/** The pages of `pipeline serve`: how soon a change is seen, what viewers cost a deploy, what a long log costs the server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import type { Page } from 'playwright-core';
import { projections } from '../src/runtime/audit/projections.ts';
import { openLog } from '../src/store/open.ts';
import { openBrowser } from '../test/browser/browser.ts';
import { writeDeploy } from '../test/runtime/audit/written.ts';
import { type Bench, type Figure, median, type Size, takeTurns } from './bench.ts';
import { lengthen } from './long-log.ts';
import { BenchStage, binary } from './stage.ts';

const viewersCount = 100;

class Server {
  readonly url: string;
  readonly #process: ChildProcess;
  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  static async start({ environment, repository }: BenchStage): Promise<Server> {
    const child = spawn(process.execPath, [binary, 'serve', '--port', '0'], {
      cwd: repository,
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const [url] = /http:\S+(?=\/)/.exec(line) ?? [];
      if (url !== undefined) return new Server(child, url);
    }
    throw new Error('the server ended before it served');
  }

  /** The most memory that it had so far, in MiB; null where the system does not tell. */
  memory(): number | null {
    if (process.platform !== 'linux') return null;
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
    return Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]) / 1_024;
  }

  async text(path: string): Promise<string> {
    const answer = await fetch(this.url + path);
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`);
    return answer.text();
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }
}

const figure = (what: string, measured: number, most: number | null): Figure => ({
  ...{ what, unit: 'ms', measured, against: null },
  goal: most === null ? null : { most },
});

/** From the end of an append until the page in a browser has its row. */
async function seen(stage: BenchStage, rounds: number): Promise<Figure[]> {
  const server = await Server.start(stage);
  const browser = await openBrowser();
  const log = await openLog(stage.store, { projections });
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}/lanes/watched`);
    await page.locator('#live', { hasText: 'live' }).waitFor();
    const ms: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      // As long as a log that nothing is written to is looked at less often.
      await new Promise((later) => setTimeout(later, round % 2 === 0 ? 2_000 : 100));
      const label = `${100 + round}`;
      const shown = rowShown(page, `${label}-cccccccc`);
      await writeDeploy(log, { label, commit: 'c'.repeat(40), lane: 'watched' }, []);
      const from = Date.now();
      if (round > 0) ms.push(Math.max(0, (await shown) - from));
      else await shown;
    }
    const paints: number[] = [];
    for (let round = 0; round < rounds; round++) paints.push(await firstPaint(page, server.url));
    return [
      figure('a change is on the page', median(ms), 300),
      figure('the slowest of them', Math.max(...ms), 300),
      figure('first paint of the lanes', median(paints), 100),
    ];
  } finally {
    await log.close();
    await browser.close();
    server.stop();
  }
}

/** When the page has a row of that deploy: milliseconds since 1970. */
function rowShown(page: Page, deploy: string): Promise<number> {
  const script = `new Promise((done) => {
    const look = () => document.querySelector('a[href$="${deploy}"]') !== null && (done(Date.now()), true);
    if (!look()) new MutationObserver((_, one) => look() && one.disconnect()).observe(document.body, { childList: true, subtree: true });
  })`;
  return page.evaluate(script) as Promise<number>;
}

async function firstPaint(page: Page, url: string): Promise<number> {
  await page.goto(url, { waitUntil: 'load' });
  const script = `new Promise((done) => new PerformanceObserver((list) => {
    const paint = list.getEntries().find(({ name }) => name === 'first-contentful-paint');
    if (paint !== undefined) done(paint.startTime);
  }).observe({ type: 'paint', buffered: true }))`;
  return page.evaluate(script) as Promise<number>;
}

/** As a browser does: told that there is news, it asks for the page again, once at a time. @returns what sends it away */
function viewer(url: string, path: string): () => void {
  let [busy, again, isGone] = [false, false, false];
  const refresh = (): void => {
    if (busy || isGone) again = true;
    else {
      busy = true;
      get(url + path, { headers: { 'accept-encoding': 'gzip' } }, (answer) => {
        answer.resume().on('end', () => {
          busy = false;
          if (again) refresh();
          again = false;
        });
      }).on('error', () => {});
    }
  };
  const events = get(`${url}/events`, (answer) => {
    answer.on('data', (part: Buffer) => {
      if (part.includes('event: log')) refresh();
    });
    answer.on('error', () => {});
  }).on('error', () => {});
  return () => {
    isGone = true;
    events.destroy();
  };
}

/** The vendors' own time is that of an ordinary day: what is measured is how long a team waits. */
async function watched(rounds: number): Promise<Figure[]> {
  const timing = { buildMs: 3_000, releasePhaseMs: 500, promotionMs: 0, dynoBootMs: 1_000 };
  const stage = await BenchStage.set({ latencyMs: 50, timing });
  try {
    let build = 1;
    const advance = () => stage.advance(build, stage.commit(`Change ${build++}`));
    await advance();
    const { alone, viewed } = await takeTurns(rounds, {
      alone: advance,
      viewed: async () => {
        const server = await Server.start(stage);
        const viewers = Array.from({ length: viewersCount }, () => viewer(server.url, '/'));
        try {
          return await advance();
        } finally {
          for (const leave of viewers) leave();
          server.stop();
        }
      },
    });
    const what = `a deploy that ${viewersCount} viewers follow`;
    const timeOf = (of: 'ms' | 'cpuMs') => ({
      measured: median(viewed.map((run) => run[of])),
      against: { what: 'nobody looks', measured: median(alone.map((run) => run[of])) },
    });
    return [
      { ...{ what: `${what}: time`, unit: 'ms', goal: { times: 1.02 } }, ...timeOf('ms') },
      { ...{ what: `${what}: processor`, unit: 'ms', goal: null }, ...timeOf('cpuMs') },
    ];
  } finally {
    await stage.strike();
  }
}

async function long(stage: BenchStage, events: number): Promise<Figure[]> {
  const deploy = await lengthen(stage.store, { events, lane: 'acme-web' });
  const server = await Server.start(stage);
  try {
    const ms: number[] = [];
    for (let round = 0; round < 3; round++) {
      for (const path of [
        '/',
        '/lanes/acme-web',
        '/lanes/acme-web?person=nobody',
        '/chart',
        `/deploys/${deploy}`,
        `/explain?commit=${deploy}`,
      ]) {
        const from = performance.now();
        await server.text(`${path}${path.includes('?') ? '&' : '?'}round=${round}`);
        ms.push(performance.now() - from);
      }
    }
    const on = `of a log of ${events.toLocaleString('en')} events`;
    const figures: Figure[] = [
      figure(`a page ${on}`, median(ms), null),
      figure(`the slowest page ${on}`, Math.max(...ms), null),
    ];
    const memory = server.memory();
    if (memory !== null) {
      figures.push({ ...figure(`the server ${on}`, memory, 120), unit: 'MiB' });
    }
    return figures;
  } finally {
    server.stop();
  }
}

async function run({ quick, events }: Size): Promise<Figure[]> {
  const stage = await BenchStage.set();
  try {
    await stage.advance(1, stage.commit('Change 1'));
    return [
      ...(await seen(stage, quick ? 5 : 20)),
      ...(await watched(quick ? 2 : 5)),
      ...(await long(stage, events)),
    ];
  } finally {
    await stage.strike();
  }
}

export const bench: Bench = {
  about: `\`pipeline serve\` on SQLite, and Chromium. A change is seen when the page that is open has it, counted from the end of its append; half of them
come after two seconds of quiet, when the log is looked at less often. A deploy is one whose vendors take their time (API 50 ms, build 3 s); the viewers are of the same machine. Pages of a
long log: the lanes, a lane, a search for a person, the chart, a deploy, explain.`,
  missed:
    'of the server’s memory 50 MiB are Node’s own code, and 40 the program and its heap before anybody looks; how much of what pages leave behind is there at once differs with when V8 collects it.',
  run,
};
