/** The deployed apps: which commit answers, and when only Heroku’s error page does. */
import { expect, it } from 'vitest';
import { production, shaA, staging, visit } from '../visitor.ts';

it('tells the commit that answers in a header, and at /revision in the body', async () => {
  const { sandbox, visitor, pass } = visit();
  sandbox.control.seed({ app: staging, commit: shaA });
  pass(5_000);
  for (const [path, text] of [
    ['/', 'ok\n'],
    ['/health', 'ok\n'],
    ['/revision', `${shaA}\n`],
  ] as const) {
    const answer = await visitor.get('staging', path);
    expect([answer.status, answer.text]).toEqual([200, text]);
    expect(answer.headers.get('x-revision')).toBe(shaA);
  }
});

it('is an error page without code, before a dyno is up, when all crashed, and in maintenance', async () => {
  const { sandbox, visitor, pass } = visit({ timing: { dynoBootMs: 1_000 } });
  const status = async () => (await visitor.get('production', '/')).status;
  expect(await status()).toBe(503);
  sandbox.control.setFormation({ app: production, type: 'web', quantity: 1 });
  sandbox.control.seed({ app: production, commit: shaA });
  expect(await status()).toBe(503);
  pass(1_000);
  expect(await status()).toBe(200);
  sandbox.control.setMaintenance({ app: production, enabled: true });
  const page = await visitor.get('production', '/');
  expect([page.status, page.text]).toEqual([503, expect.stringContaining('Application Error')]);
  sandbox.control.setMaintenance({ app: production, enabled: false });
  sandbox.control.crashNextDyno({ app: production });
  sandbox.control.seed({ app: production, commit: shaA });
  pass(1_000);
  expect(await status()).toBe(503);
});

it('is down for as long as it is told, with the status it is told', async () => {
  const { sandbox, visitor, pass } = visit();
  sandbox.control.seed({ app: staging, commit: shaA });
  pass(5_000);
  const status = async () => (await visitor.get('staging', '/')).status;
  sandbox.control.endpointDown({ app: staging, status: 502, forMs: 1_000 });
  pass(999);
  expect(await status()).toBe(502);
  pass(1);
  expect(await status()).toBe(200);
  sandbox.control.endpointDown({ app: staging, forever: true });
  pass(1_000_000_000);
  expect(await status()).toBe(503);
  sandbox.control.endpointUp({ app: staging });
  expect(await status()).toBe(200);
});
