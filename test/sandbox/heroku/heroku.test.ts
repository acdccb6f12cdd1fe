/** Heroku's transport: who may ask, what every answer carries, what is refused and how. */
import { describe, expect, it } from 'vitest';
import { production, shaA, staging, visit } from '../visitor.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('who may ask', () => {
  it('is who has the token, as bearer or as the password of Basic', async () => {
    const { sandbox, visitor } = visit();
    const token = sandbox.environment.HEROKU_API_KEY ?? '';
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    const status = async (authorization: string) =>
      (await visitor.heroku('GET', '/account', undefined, { authorization })).status;
    expect(await status(`Bearer ${token}`)).toBe(200);
    expect(await status(basic(`:${token}`))).toBe(200);
    for (const wrong of ['', 'Bearer wrong', basic(`${token}:`), `Token ${token}`]) {
      expect(await status(wrong), wrong).toBe(401);
    }
    const refused = await visitor.heroku('GET', '/account', undefined, {
      authorization: 'Bearer x',
    });
    expect(refused.body).toEqual({
      id: 'unauthorized',
      message: 'Invalid credentials provided.',
    });
  });

  it('must name a version that is known', async () => {
    const { visitor } = visit();
    const asked = (accept: string) => visitor.heroku('GET', '/account', undefined, { accept });
    for (const accept of ['*/*', 'application/json', 'application/vnd.heroku+json; version=30']) {
      const { status, body } = await asked(accept);
      expect([status, body.id], accept).toEqual([406, 'not_acceptable']);
    }
    for (const variant of ['3', '3.sdk', '3.filters']) {
      const { status } = await asked(`application/vnd.heroku+json; version=${variant}`);
      expect(status, variant).toBe(200);
    }
  });
});

describe('every answer', () => {
  it('carries a request id of its own and what is left of the pool, refusals too', async () => {
    const { visitor } = visit();
    const answers = [
      await visitor.heroku('GET', `/apps/${staging}`),
      await visitor.heroku('GET', '/apps/nobody'),
      await visitor.heroku('GET', '/nowhere'),
      await visitor.heroku('POST', `/apps/${staging}/builds`, {}),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 404, 422]);
    const ids = answers.map(({ headers }) => headers.get('request-id') ?? '');
    expect(ids.every((id) => uuid.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(4);
    expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual([
      '4499',
      '4498',
      '4497',
      '4496',
    ]);
  });

  it('is 304 without a body while nothing changed, and 200 once something did', async () => {
    const { sandbox, visitor } = visit();
    const path = `/apps/${staging}/releases`;
    const etag = (await visitor.heroku('GET', path)).headers.get('etag') ?? '';
    const again = () => visitor.heroku('GET', path, undefined, { 'if-none-match': etag });
    const same = await again();
    expect([same.status, same.text]).toEqual([304, '']);
    sandbox.control.seed({ app: staging, commit: shaA });
    expect((await again()).status).toBe(200);
  });
});

describe('the pool of requests', () => {
  it('refuses with 429 when it is empty, and fills with time; its own question is free', async () => {
    const { visitor, pass } = visit();
    const left = async () => (await visitor.heroku('GET', '/account/rate-limits')).body.remaining;
    expect(await left()).toBe(4_500);
    for (let i = 0; i < 4_500; i++) await visitor.heroku('GET', '/account');
    const { status, body } = await visitor.heroku('GET', '/account');
    expect([status, body.id]).toEqual([429, 'rate_limit']);
    expect(await left()).toBe(0);
    pass(60_000);
    expect(await left()).toBe(75);
    expect((await visitor.heroku('GET', '/account')).status).toBe(200);
  });
});

describe('what is refused', () => {
  it('is told by its kind', async () => {
    const { visitor } = visit();
    const absent = 'b4b3d1c5-0000-4000-8000-000000000000';
    const paths: [string, string][] = [
      ['/apps/nobody', 'app'],
      [`/apps/${staging}/builds/${absent}`, 'build'],
      [`/apps/${staging}/releases/99`, 'release'],
      [`/apps/${staging}/slugs/${absent}`, 'slug'],
      ['/pipelines/nobody', 'pipeline'],
      [`/pipeline-promotions/${absent}`, 'pipeline promotion'],
    ];
    for (const [path, resource] of paths) {
      const { status, body } = await visitor.heroku('GET', path);
      expect([status, body], path).toEqual([
        404,
        { id: 'not_found', message: `Couldn't find that ${resource}.`, resource },
      ]);
    }
  });

  it('is a body that is no JSON, or JSON of another shape', async () => {
    const { visitor } = visit();
    const writes: [string, string, unknown][] = [
      ['POST', `/apps/${staging}/builds`, { source_blob: { version: shaA } }],
      ['POST', `/apps/${staging}/builds`, null],
      ['POST', `/apps/${staging}/releases`, {}],
      ['POST', `/apps/${staging}/releases`, { slug: 7 }],
      ['POST', '/pipeline-promotions', []],
      ['PATCH', `/apps/${staging}`, { maintenance: 'yes' }],
      ['PATCH', `/apps/${staging}/config-vars`, { A: 1 }],
      ['PATCH', `/apps/${staging}/formation`, { updates: [{ type: 'web', quantity: -1 }] }],
      ['PATCH', `/apps/${staging}/features/preboot`, {}],
      ['POST', '/filters/apps', {}],
    ];
    for (const [method, path, body] of writes) {
      const refused = await visitor.heroku(method, path, body);
      expect([refused.status, refused.body.id], `${method} ${path}`).toEqual([
        422,
        'invalid_params',
      ]);
      const none = await visitor.heroku(method, path);
      expect([none.status, none.body.id]).toEqual([400, 'bad_request']);
    }
  });
});

it('an app goes by its name and by its id, and the filter finds it by either', async () => {
  const { visitor } = visit();
  const { body } = await visitor.heroku('GET', `/apps/${production}`);
  expect((await visitor.heroku('GET', `/apps/${body.id}`)).body).toEqual(body);
  const found = await visitor.heroku('POST', '/filters/apps', { in: { id: [body.id] } });
  expect([found.status, found.body]).toEqual([200, [body]]);
});

it('two sandboxes that are asked the same give the same ids', async () => {
  const story = async () => {
    const { visitor, sandbox, pass } = visit();
    await visitor.build(staging, shaA);
    pass(5_000);
    await visitor.promote();
    pass(5_000);
    return [sandbox.state(), await visitor.releases(production)];
  };
  expect(await story()).toEqual(await story());
});
