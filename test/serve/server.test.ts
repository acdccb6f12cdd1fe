/** The pages over HTTP: each of them in each situation, what of others’ text is in them, and what comes live. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/effects/clock.ts';
import { samples } from '../../src/machine/samples.ts';
import { newEvent } from '../../src/runtime/log/new-event.ts';
import { deployStream } from '../../src/runtime/log/streams.ts';
import { type RunningServer, startServer } from '../../src/serve/server.ts';
import { writePages } from '../../src/serve/write-pages.ts';
import { StoreUnavailable } from '../../src/store/log.ts';
import { lane } from '../runtime/loop/scripted-run.ts';
import { idOf, StandingWorld, someRun } from '../runtime/standing/standing-world.ts';

let world: StandingWorld;
const running = new Set<RunningServer>();

async function started(port = 0): Promise<RunningServer & { readonly url: string }> {
  const explain = async (asked: string) =>
    ({ kind: 'untold', message: `nothing called ${asked}`, hint: null }) as const;
  const server = await startServer(
    { log: world.log, explain },
    {
      ...{ host: '127.0.0.1', port, ranMs: systemClock.ran },
      door: (own) => ({ names: [`127.0.0.1:${own}`], token: null }),
    },
  );
  server.ended.catch(() => {});
  running.add(server);
  return { ...server, url: `http://127.0.0.1:${server.port}` };
}

beforeAll(async () => {
  world = await StandingWorld.open();
});
afterAll(() => world.close());
afterEach(async () => {
  for (const server of running) await server.close();
  running.clear();
});

describe('pages', () => {
  it('show an empty log', async () => {
    const { url } = await started();
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('No deploys yet.');
  });

  it('only read, need nothing from elsewhere, and are kept by nobody', async () => {
    const { url } = await started();
    const { headers } = await fetch(`${url}/chart`);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });

  it.each([
    '/nothing',
    '/lanes',
    '/deploys',
    '/deploys/999-nothing',
    '/deploys/a/b',
    '/%2e%2e/etc/passwd',
    '/lanes/%00',
    '/lanes/x?text=%00',
    '/explain?commit=%00',
  ])('say that there is nothing at %s', async (path) => {
    const answer = await fetch((await started()).url + path);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('Not found');
  });

  it('say so of an address that is none', async () => {
    const answer = await fetch(`${(await started()).url}/deploys/%ff`);
    expect(answer.status).toBe(404);
  });

  it('show a lane, its history and each deploy, whatever it is called', async () => {
    await world.live(501);
    await hostileDeploy();
    const { url } = await started();
    for (const path of ['/', `/lanes/${lane}`, `/deploys/${idOf(501)}`, `/deploys/${hostileId}`]) {
      const answer = await fetch(url + path);
      const text = await answer.text();
      expect([path, answer.status]).toEqual([path, 200]);
      // The page's own script is the only one, and no text of a commit has become markup.
      expect(text.match(/<script\b/g)).toHaveLength(1);
      expect(text).not.toMatch(/<img|<b>/);
      // What turns round what stands after it is seen, and does nothing.
      expect(text).not.toContain('\u202e');
      expect(text.includes('\\u202egnp')).toBe(path !== `/deploys/${idOf(501)}`);
      expect(text.includes('&lt;script&gt;alert(1)')).toBe(path !== `/deploys/${idOf(501)}`);
    }
  });

  it('weigh less than 60 kB each, with all that they load', async () => {
    for (let build = 900; build < 960; build++) {
      await request(`${build}-weighed`, 'heavy', 'A title as long as people write them (#4711)');
    }
    const { url } = await started();
    const loaded = (await bytesOf(`${url}/style.css`)) + (await bytesOf(`${url}/live.js`));
    for (const path of [
      '/',
      '/chart',
      '/explain?commit=x',
      '/lanes/heavy',
      `/deploys/${idOf(501)}`,
    ]) {
      const all = (await bytesOf(url + path)) + loaded;
      expect([path, all < 60_000 ? 'light' : all]).toEqual([path, 'light']);
    }
    expect(loaded).toBeGreaterThan(1_000);
  });

  it.each(['/', '/style.css', '/live.js'])(
    'come zipped to whoever takes them so, and else as they are: %s',
    async (path) => {
      const { url } = await started();
      const [zipped, twice, refused, plain] = await Promise.all(
        ['gzip, br', 'gzip', 'gzip;q=0', 'identity'].map((encoding) =>
          fetch(url + path, { headers: { 'accept-encoding': encoding } }),
        ),
      );
      expect(
        [zipped, twice, refused, plain].map((one) => one?.headers.get('content-encoding')),
      ).toEqual(['gzip', 'gzip', null, null]);
      const texts = await Promise.all([zipped, twice, refused, plain].map((one) => one?.text()));
      expect(new Set(texts).size).toBe(1);
      expect(plain?.headers.get('vary')).toBe('accept-encoding');
    },
  );

  it('name what does not change by what it is, which is kept then', async () => {
    const { url } = await started();
    const page = await (await fetch(url)).text();
    const [, stylesheet = ''] = /<link rel="stylesheet" href="([^"]+)"/.exec(page) ?? [];
    const [, script = ''] = /<script src="([^"]+)"/.exec(page) ?? [];
    for (const path of [stylesheet, script]) {
      const { status, headers } = await fetch(url + path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers.get('cache-control')).toContain('immutable');
      // Of another version: nobody keeps what is not what its address says.
      const other = await fetch(`${url}${path.split('?')[0]}?0123456789abcdef`);
      expect(other.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('show the lane’s figures, and where its time went, in parts that are the whole', async () => {
    const text = await (await fetch(`${(await started()).url}/lanes/${lane}`)).text();
    expect(text).toMatch(/<dt>live<\/dt><dd>1 deploy, \d/);
    expect(text).toContain('<dt>change fail rate</dt><dd>0% (0 of 1)</dd>');
    const parts = [...text.matchAll(/data-part="(\w+)" x="([\d.]+)" y="0" width="([\d.]+)"/g)];
    expect(parts.map(([, part]) => part)).toEqual([
      'queued',
      'locked',
      'deploying',
      'verifying',
      'held',
    ]);
    const ends = parts.map(([, , x, width]) => Number(x) + Number(width));
    expect(ends.at(-1)).toBeCloseTo(1_000, 0);
    for (const [i, [, , x]] of parts.slice(1).entries()) {
      expect(Number(x)).toBeCloseTo(ends[i] ?? -1, 0);
    }
    expect(await (await fetch(`${(await started()).url}/lanes/none`)).text()).not.toContain(
      'Figures',
    );
  });

  it('search by what is typed, which is a text and no pattern', async () => {
    const { url } = await started();
    const found = async (query: string) => {
      const text = await (await fetch(`${url}/lanes/${lane}?${query}`)).text();
      return [...text.matchAll(/href="\/deploys\/([^"]+)"/g)].map(([, id]) => id);
    };
    expect(await found('')).toEqual([hostileId, idOf(501)]);
    expect(await found('text=501')).toEqual([idOf(501)]);
    expect(await found('text=%25')).toEqual([]);
    expect(await found('text=ALERT')).toEqual([hostileId]);
    expect(await found('state=production')).toEqual([idOf(501)]);
    expect(await found('state=nonsense')).toHaveLength(2);
    expect(await found('until=1970-01-01')).toEqual([]);
    expect(await found('since=soon')).toHaveLength(2);
    // By who wrote the commit, and by whose run it was.
    expect(await found('person=ANA')).toEqual([hostileId, idOf(501)]);
    expect(await found('person=mia')).toEqual([hostileId]);
    expect(await found('person=%25')).toEqual([]);
    expect(await found('person=ana&text=501')).toEqual([idOf(501)]);
  });

  it('find what is somebody’s at once, however far back', async () => {
    await request('1-rare', 'somebody', 'long ago', 'Zoë');
    for (let build = 2; build < 60; build++) await request(`${build}-rare`, 'somebody', `${build}`);
    const { url } = await started();
    const page = async (query: string) => (await fetch(`${url}/lanes/somebody${query}`)).text();
    expect(await page('?person=ZOË')).toContain('href="/deploys/1-rare"');
    const none = await page('?person=zoe');
    expect(none).toContain('There is none.');
    expect(none).not.toContain('rel="next"');
  });

  it('count how often each state and transition of the chart was come to', async () => {
    const text = await (await fetch(`${(await started()).url}/chart`)).text();
    const used = (name: string) =>
      new RegExp(`<tr><td><code>${name}</code></td>.*<td class="number">(\\d+)</td>`).exec(
        text,
      )?.[1];
    // One was live; of the last hundred deploys, which are of other lanes, none came further.
    expect(used('queued')).toBe('100');
    expect(used('failed')).toBeUndefined();
    expect(text).toContain('last 100 deploys');
  });

  it('page through a long history, each deploy once', async () => {
    for (let build = 600; build < 660; build++) await request(`${build}-paged`, 'long', `${build}`);
    const { url } = await started();
    const seen: string[] = [];
    let path: string | undefined = '/lanes/long';
    while (path !== undefined) {
      const text: string = await (await fetch(url + path)).text();
      seen.push(...[...text.matchAll(/href="\/deploys\/([^"]+)"/g)].map(([, id]) => `${id}`));
      const next = /href="([^"]+)" rel="next"/.exec(text)?.[1];
      path = next === undefined ? undefined : `/lanes/long${next.replaceAll('&amp;', '&')}`;
    }
    expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => `${659 - i}-paged`));
  });
});

describe('what comes live', () => {
  it('is told once, whoever was away in between, and after the server was begun again', async () => {
    let { port } = await started();
    let told = await world.log.head();
    for (let round = 0; round < 10; round++) {
      await request(`${700 + round}-live`, 'live', `${round}`);
      const head = await world.log.head();
      const [id] = await ids(port, told, 1);
      // One that was away is told where the log is now, and not each step on the way.
      expect(id).toBe(head);
      told = head;
      for (const server of running) await server.close();
      running.clear();
      ({ port } = await started(port));
    }
    const page = async () => (await fetch(`http://127.0.0.1:${port}/lanes/live`)).text();
    expect(await page()).not.toContain('799-live');
    const nothingNew = ids(port, told, 1);
    await request('799-live', 'live', 'last');
    expect(await nothingNew).toEqual([await world.log.head()]);
    // Whoever asks because of that sees it, whatever was shown before.
    expect(await page()).toContain('799-live');
  });

  it('makes a page again that could not be made, for whoever comes next', async () => {
    const { url } = await started();
    const reads = vi.spyOn(world.log, 'streams');
    reads.mockRejectedValueOnce(new StoreUnavailable('E_STORE_BUSY', 'another process kept it'));
    try {
      const asked = `${url}/?once`;
      expect((await fetch(asked)).status).toBe(503);
      expect((await fetch(asked)).status).toBe(200);
    } finally {
      reads.mockRestore();
    }
  });

  it('makes one page for all who look', async () => {
    const { url } = await started();
    const reads = vi.spyOn(world.log, 'streams');
    try {
      const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(url)));
      expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
      expect(reads.mock.calls.length).toBeLessThan(5);
    } finally {
      reads.mockRestore();
    }
  });
});

/** As they come to a browser, which takes them compressed. */
function bytesOf(url: string): Promise<number> {
  return new Promise((done, fail) => {
    get(url, { headers: { 'accept-encoding': 'gzip, deflate, br' } }, (answer) => {
      let bytes = 0;
      answer.on('data', (part: Buffer) => {
        bytes += part.length;
      });
      answer.on('end', () => done(bytes));
    }).on('error', fail);
  });
}

/** The ids of the next events. */
async function ids(port: number, after: number, count: number): Promise<number[]> {
  const stop = new AbortController();
  const answer = await fetch(`http://127.0.0.1:${port}/events`, {
    headers: { 'last-event-id': String(after) },
    signal: stop.signal,
  });
  const found: number[] = [];
  let text = '';
  for await (const part of answer.body ?? []) {
    text += Buffer.from(part).toString();
    found.splice(
      0,
      found.length,
      ...[...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)),
    );
    if (found.length >= count) break;
  }
  stop.abort();
  return found;
}

const hostileId = '502-hostile';
const hostileDeploy = () =>
  request(hostileId, lane, `<script>alert(1)</script>"'><img src=x><b>\u202egnp.exe`);

async function request(
  deploy: string,
  ofLane: string,
  title: string,
  author = 'Ana Lima',
): Promise<void> {
  const data = samples['deploy.requested'];
  const event = newEvent(
    {
      type: 'deploy.requested',
      data: { ...data, deploy, lane: ofLane, commit: { ...data.commit, title, author } },
    },
    someRun,
  );
  const transition = { from: null, to: 'queued.waiting', settled: false, reason: null };
  await world.log.append([
    {
      stream: deployStream(deploy),
      expected: 'none',
      events: [{ ...event, metadata: { ...event.metadata, transition } }],
    },
  ]);
}

it('as files the pages are whole: each link leads to one of them, and none elsewhere', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-pages-'));
  try {
    await request('801-%/../x', 'a lane', 'odd');
    const count = await writePages(world.log, folder, 100);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const pages = files.filter((name) => name.endsWith('.html'));
    expect(count).toBe(pages.length + 1);
    expect(pages.length).toBeGreaterThan(60);
    for (const name of pages) {
      const text = readFileSync(join(folder, name), 'utf8');
      expect(text).not.toContain('<script');
      for (const [, link = ''] of text.matchAll(/(?:href|src)="([^"#]+)"/g)) {
        if (/^(https?|data):/.test(link)) continue;
        const file = join(folder, dirname(name), decodeURIComponent(link));
        expect(existsSync(file), `${link} in ${name}`).toBe(true);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
