/** Who may speak to a sandbox over its ports: programs on this machine that were told its tokens, and no page in a browser. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verbs } from '../../src/sandbox/control.ts';
import { createSandbox, type RunningSandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type Service, services } from '../../src/sandbox/service.ts';
import { shaA, staging } from './visitor.ts';

let sandbox: RunningSandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ repositoryPath: process.cwd() });
  sandbox.control.seed({ app: staging, commit: shaA });
});
afterAll(() => sandbox.close());

type Headers = Record<string, string | undefined>;

/** A request with just these headers, `Host` included, which `fetch` lets nobody choose. */
function ask(
  service: Service,
  headers: Headers,
  { method = 'GET', path = '/', body = '' } = {},
): Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }> {
  const { port } = new URL(sandbox.urls[service]);
  const given = Object.entries(headers).filter(([, value]) => value !== undefined);
  return new Promise((done, failed) => {
    request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: Object.fromEntries(given) as Record<string, string>,
        setHost: false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('end', () =>
          done({ status: response.statusCode ?? 0, text, headers: response.headers }),
        );
      },
    )
      .on('error', failed)
      .end(body);
  });
}

/** What a client that knows every token sends to a service. */
function credentials(service: Service): Headers {
  const { environment } = sandbox;
  const bearer = (token: string | undefined): Headers => ({ authorization: `Bearer ${token}` });
  const of: Partial<Record<Service, Headers>> = {
    heroku: {
      ...bearer(environment.HEROKU_API_KEY),
      accept: 'application/vnd.heroku+json; version=3',
    },
    circleci: { 'circle-token': environment.CIRCLE_TOKEN },
    github: { ...bearer(environment.GITHUB_TOKEN), 'user-agent': 'test' },
    slack: bearer(sandbox.slackBotToken),
    control: bearer(environment.SANDBOX_TOKEN),
  };
  return of[service] ?? {};
}

/** A path that each service answers with 200 to whoever has the token. */
const paths: Readonly<Record<Service, string>> = {
  heroku: `/apps/${staging}`,
  sources: '/heroku.com/no-such-place',
  circleci: '/api/v2/me',
  github: '/rate_limit',
  slack: '/api/auth.test',
  staging: '/',
  production: '/',
  control: '/state',
  canary: '/',
};

const hostOf = (service: Service): string => new URL(sandbox.urls[service]).host;
const portOf = (service: Service): string => new URL(sandbox.urls[service]).port;

describe.each(services)('%s', (service) => {
  const path = paths[service];
  const answered = async (headers: Headers) => {
    const got = await ask(service, { ...credentials(service), ...headers }, { path });
    return { ...got, isRefused: got.status === 403 && got.text.includes('this is ') };
  };

  it('answers under each name of this machine, and to its own pages', async () => {
    const port = portOf(service);
    for (const host of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `LOCALHOST:${port}`,
      `[::1]:${port}`,
    ]) {
      expect((await answered({ host })).isRefused, host).toBe(false);
    }
    const origin = `http://127.0.0.1:${port}`;
    expect((await answered({ host: hostOf(service), origin })).isRefused).toBe(false);
  });

  it('refuses a Host that is another’s, whoever has the token', async () => {
    const port = portOf(service);
    for (const host of [
      `evil.test:${port}`,
      `127.0.0.1.evil.test:${port}`,
      `localhost.evil.test:${port}`,
      'localhost',
      '127.0.0.1',
      '127.0.0.1:1',
      `127.0.0.2:${port}`,
      `[::1]:${port}1`,
      `me@127.0.0.1:${port}`,
      '',
    ]) {
      const { status } = await answered({ host });
      expect([host, status >= 400 && status < 500]).toEqual([host, true]);
      const posted = await ask(
        service,
        { ...credentials(service), host },
        { method: 'POST', path },
      );
      expect([host, posted.status >= 400 && posted.status < 500]).toEqual([host, true]);
    }
    const none = await answered({});
    expect(none.status >= 400 && none.status < 500).toBe(true);
  });

  it('refuses an Origin that is not its own, whoever has the token', async () => {
    const host = hostOf(service);
    for (const origin of [
      'http://evil.test',
      `http://evil.test:${portOf(service)}`,
      'null',
      `https://${host}`,
      'http://127.0.0.1:1',
      `http://${host}, http://evil.test`,
    ]) {
      expect([origin, (await answered({ host, origin })).status]).toEqual([origin, 403]);
      const posted = await ask(
        service,
        { ...credentials(service), host, origin },
        { method: 'POST' },
      );
      expect([origin, posted.status]).toEqual([origin, 403]);
    }
  });

  it('grants no page of another site to read it', async () => {
    const host = hostOf(service);
    for (const origin of ['http://evil.test', sandbox.urls[service]]) {
      const { headers } = await answered({ host, origin });
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      const asked = { host, origin, 'access-control-request-method': 'POST' };
      const preflight = await ask(service, asked, { method: 'OPTIONS', path });
      expect(Object.keys(preflight.headers).filter((n) => n.startsWith('access-control'))).toEqual(
        [],
      );
    }
  });
});

describe('the control service', () => {
  const tell = (verb: string, headers: Headers, body = '{}') =>
    ask(
      'control',
      { host: hostOf('control'), ...headers },
      { method: 'POST', path: `/${verb}`, body },
    );
  const json = { 'content-type': 'application/json' };

  it.each([
    ...['', 'state', 'requests'].map((path) => ['GET', path] as const),
    ...Object.keys(verbs).map((verb) => ['POST', verb] as const),
  ])('answers 401 to %s /%s without its token', async (method, path) => {
    for (const authorization of [undefined, 'Bearer', 'Bearer guess', 'Basic Og==']) {
      const headers = { host: hostOf('control'), authorization, ...json };
      const { status } = await ask('control', headers, {
        method,
        path: `/${path}`,
        body: method === 'GET' ? '' : '{}',
      });
      expect([authorization, status]).toEqual([authorization, 401]);
    }
  });

  it.each([
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/jsonp',
  ])('answers 415 to an input of type %s, and does nothing', async (type) => {
    const headers = { ...credentials('control'), 'content-type': type };
    const body = JSON.stringify({ app: staging, enabled: true });
    expect((await tell('setMaintenance', headers, body)).status).toBe(415);
    expect(sandbox.world.app(staging)?.maintenance).toBe(false);
  });

  it('does as it is told by JSON with the token', async () => {
    const headers = {
      ...credentials('control'),
      'content-type': 'application/json; charset=utf-8',
    };
    expect((await tell('clearFaults', headers)).status).toBe(200);
  });
});

it('makes other tokens whenever it starts', () => {
  const [one, two] = [createSandbox(), createSandbox()];
  const secrets = Object.entries(one.environment).filter(([name]) =>
    /KEY|TOKEN|WEBHOOK/.test(name),
  );
  expect(secrets.length).toBe(5);
  for (const [name, secret] of secrets) {
    expect(two.environment[name], name).not.toBe(secret);
    expect(secret, name).toMatch(/[0-9a-f]{32}$/);
  }
  expect(two.slackBotToken).not.toBe(one.slackBotToken);
});
