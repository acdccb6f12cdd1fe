/** Faults, in process and over real sockets: what the client sees, and what was carried out. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningSandbox, startSandbox } from '../../src/sandbox/server.ts';
import { production, staging, Visitor, visit } from './visitor.ts';

const put = (maintenance: boolean) => ['PATCH', `/apps/${staging}`, { maintenance }] as const;

describe('in process', () => {
  it('a lost reply rejects after the request was carried out, a reset without that', async () => {
    const { sandbox, visitor } = visit();
    const app = () => sandbox.world.app(staging);
    sandbox.control.fault({ service: 'heroku', method: 'PATCH', kind: 'reset' });
    await expect(visitor.heroku(...put(true))).rejects.toThrow('reset');
    expect(app()?.maintenance).toBe(false);
    sandbox.control.fault({ service: 'heroku', method: 'PATCH', kind: 'lost-reply' });
    await expect(visitor.heroku(...put(true))).rejects.toThrow('lost reply');
    expect(app()?.maintenance).toBe(true);
    expect(sandbox.requests().map(({ status }) => status)).toEqual([null, 200]);
  });

  it('a request that hangs is not carried out and ends with its signal', async () => {
    const { sandbox } = visit();
    sandbox.control.fault({ service: 'staging', kind: 'hang' });
    const stop = new AbortController();
    const { signal } = stop;
    const answer = sandbox.fetch(
      'staging',
      new Request('https://staging.sandbox.test/', { signal }),
    );
    stop.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    expect(sandbox.requests()).toMatchObject([{ service: 'staging', status: null }]);
  });

  it('a fault meets the requests that it is for, as often as it says, after those it lets pass', async () => {
    const { sandbox, visitor } = visit();
    sandbox.control.fault({
      service: 'heroku',
      method: 'GET',
      path: '/releases$',
      kind: 'status',
      status: 502,
      skip: 1,
      times: 2,
    });
    const status = async (method: string, path: string) =>
      (await visitor.heroku(method, path)).status;
    expect(await status('GET', `/apps/${production}`)).toBe(200);
    expect(await status('POST', `/apps/${production}/releases`)).toBe(400);
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push(await status('GET', `/apps/${production}/releases`));
    expect(statuses).toEqual([200, 502, 502, 200]);
    sandbox.control.fault({ service: 'heroku', kind: 'status' });
    sandbox.control.clearFaults({});
    expect(await status('GET', '/account')).toBe(200);
  });

  it('a rate limit is said in the words of the vendor', async () => {
    const { sandbox } = visit();
    const words = async (service: 'heroku' | 'circleci' | 'github' | 'slack') => {
      sandbox.control.fault({ service, kind: 'rate-limit' });
      const url = `https://${service}.sandbox.test/`;
      const answer = await sandbox.fetch(service, new Request(url));
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
      return answer.text();
    };
    expect(await words('heroku')).toContain('"id":"rate_limit"');
    expect(await words('circleci')).toBe('Rate limited.');
    expect(await words('github')).toContain('secondary rate limit');
    expect(await words('slack')).toBe('{"ok":false,"error":"ratelimited"}');
  });
});

describe('over sockets', () => {
  let sandbox: RunningSandbox;
  let visitor: Visitor;
  beforeEach(async () => {
    sandbox = await startSandbox();
    visitor = new Visitor(
      (service, path, init) => fetch(sandbox.urls[service] + path, init),
      sandbox.environment,
    );
  });
  afterEach(() => sandbox.close());
  const maintained = () => sandbox.world.app(staging)?.maintenance;

  it('a reset cuts the connection before anything was done', async () => {
    await visitor.control('fault', { service: 'heroku', method: 'PATCH', kind: 'reset' });
    await expect(visitor.heroku(...put(true))).rejects.toThrow('fetch failed');
    expect(maintained()).toBe(false);
    expect((await visitor.heroku(...put(true))).status).toBe(200);
  });

  it('a lost reply cuts it after the request was carried out', async () => {
    await visitor.control('fault', { service: 'heroku', method: 'PATCH', kind: 'lost-reply' });
    await expect(visitor.heroku(...put(true))).rejects.toThrow('fetch failed');
    expect(maintained()).toBe(true);
  });

  it.each(['hang', 'held-reply'] as const)(
    '%s gives no answer until the client gives up',
    async (kind) => {
      sandbox.control.fault({ service: 'heroku', method: 'PATCH', kind });
      const stop = new AbortController();
      const answer = fetch(`${sandbox.urls.heroku}/apps/${staging}`, {
        method: 'PATCH',
        signal: stop.signal,
        body: '{"maintenance":true}',
        headers: {
          accept: 'application/vnd.heroku+json; version=3',
          authorization: `Bearer ${sandbox.environment.HEROKU_API_KEY}`,
        },
      });
      const ended = expect(answer).rejects.toThrow('aborted');
      while (sandbox.requests().length === 0) await new Promise((again) => setImmediate(again));
      stop.abort();
      await ended;
      expect(maintained()).toBe(kind === 'held-reply');
      expect((await visitor.heroku('GET', '/account')).status).toBe(200);
    },
  );

  it('a delayed request is carried out late, and answered as ever', async () => {
    sandbox.control.fault({ service: 'heroku', method: 'PATCH', kind: 'delay', delayMs: 20 });
    expect((await visitor.heroku(...put(true))).body.maintenance).toBe(true);
  });

  it('a malformed or empty answer has the status that it would have had', async () => {
    sandbox.control.fault({ service: 'heroku', kind: 'malformed' });
    const response = await fetch(`${sandbox.urls.heroku}/apps/nobody`, {
      headers: {
        accept: 'application/vnd.heroku+json; version=3',
        authorization: `Bearer ${sandbox.environment.HEROKU_API_KEY}`,
      },
    });
    expect(response.status).toBe(404);
    await expect(response.json()).rejects.toThrow(SyntaxError);
    sandbox.control.fault({ service: 'heroku', kind: 'empty' });
    const empty = await visitor.heroku('POST', '/sources');
    expect([empty.status, empty.text]).toEqual([201, '']);
  });
});
