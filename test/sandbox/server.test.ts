/** The sandbox on ports of this machine. */
import { createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createSandbox, type RunningSandbox, startSandbox } from '../../src/sandbox/server.ts';
import { shaA, staging, Visitor } from './visitor.ts';

let running: RunningSandbox | null = null;
afterEach(async () => {
  await running?.close();
  running = null;
});

const start = async (options: Parameters<typeof startSandbox>[0] = {}): Promise<RunningSandbox> => {
  running = await startSandbox(options);
  return running;
};

it('answers each service at its own port, and its environment points there', async () => {
  const { urls, environment } = await start();
  expect(Object.keys(urls)).toEqual([
    'heroku',
    'sources',
    'circleci',
    'github',
    'slack',
    'staging',
    'production',
    'control',
    'canary',
  ]);
  expect(new Set(Object.values(urls)).size).toBe(9);
  expect(environment).toMatchObject({
    HEROKU_API_URL: urls.heroku,
    CIRCLE_API_URL: urls.circleci,
    GITHUB_API_URL: urls.github,
    SLACK_API_URL: urls.slack,
    SLACK_WEBHOOK_URL: expect.stringContaining(`${urls.slack}/services/`),
    PRODUCTION_CD_ENABLED: 'true',
  });
  for (const url of Object.values(urls)) expect((await fetch(url)).status).toBeGreaterThan(0);
});

it('a commit goes from upload to a live answer over real connections', async () => {
  const sandbox = await start({ timing: { buildMs: 300, dynoBootMs: 10 } });
  const { urls, environment, control } = sandbox;
  const visitor = new Visitor(
    (service, path, init) => fetch(urls[service] + path, init),
    environment,
  );
  const { id, status, output_stream_url } = await visitor.build(staging, shaA);
  expect(status).toBe('pending');
  const statusNow = async () =>
    (await visitor.heroku('GET', `/apps/${staging}/builds/${id}`)).body.status;
  const output = await fetch(output_stream_url);
  expect(output.headers.get('transfer-encoding')).toBe('chunked');
  // It stays open until the build ends, and tells it by its own end.
  expect(await output.text()).toContain('Launching');
  expect(await statusNow()).toBe('succeeded');
  await expect.poll(async () => (await fetch(urls.staging)).status).toBe(200);
  expect((await fetch(urls.staging)).headers.get('x-revision')).toBe(shaA);
  control.reset({});
  expect(sandbox.world.app(staging)?.builds).toEqual([]);
  expect((await fetch(urls.staging)).status).toBe(503);
});

it('takes the port that it is given and the eight after it', async () => {
  const first = await freePorts(9);
  const { urls } = await start({ port: first });
  expect(Object.values(urls).map((url) => Number(new URL(url).port))).toEqual(
    Array.from({ length: 9 }, (_, i) => first + i),
  );
});

it('leaves no port open when one of them is taken', async () => {
  const first = await freePorts(9);
  const taken = createServer();
  await new Promise<void>((listening) => taken.listen(first + 3, '127.0.0.1', listening));
  await expect(startSandbox({ port: first })).rejects.toThrow('EADDRINUSE');
  await new Promise((closed) => taken.close(closed));
  expect((await start({ port: first })).urls.heroku).toBe(`http://127.0.0.1:${first}`);
});

it('a closed sandbox answers nothing, even what was under way', async () => {
  const sandbox = await start();
  sandbox.control.fault({ service: 'staging', kind: 'hang' });
  const hanging = expect(fetch(sandbox.urls.staging)).rejects.toThrow('fetch failed');
  while (sandbox.requests().length === 0) await new Promise((again) => setImmediate(again));
  await sandbox.close();
  running = null;
  await hanging;
  await expect(fetch(sandbox.urls.heroku)).rejects.toThrow('fetch failed');
});

it('in process a URL tells its service, and a host of nobody’s is an error', () => {
  const sandbox = createSandbox({ origins: { heroku: 'https://heroku.acme.test' } });
  expect(sandbox.serviceOf(new URL('https://heroku.acme.test/apps'))).toBe('heroku');
  expect(sandbox.serviceOf(new URL('https://slack.sandbox.test/'))).toBe('slack');
  expect(() => sandbox.serviceOf(new URL('https://api.heroku.com/'))).toThrow('api.heroku.com');
});

/** The first of so many ports in a row that nobody listened on a moment ago. */
async function freePorts(count: number): Promise<number> {
  for (let first = 20_000 + (process.pid % 5_000) * 4; ; first += count) {
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (free.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((told) => {
    const server = createServer();
    server.once('error', () => told(false));
    server.listen(port, '127.0.0.1', () => server.close(() => told(true)));
  });
}
