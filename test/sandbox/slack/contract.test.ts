/** Every answer of Slack's Web API stand-in against Slack's published schema, as far as that old schema goes. */
import { describe, expect, it } from 'vitest';
import { createSlack } from '../../../src/sandbox/slack/slack.ts';
import { Asker, standInOptions } from '../stand-in-server.ts';
import { findContract, missedRoutes } from '../vendor-contract.ts';

const contract = findContract('slack-web-openapi-v2.used.json');
const hook = '/services/T0SANDBOX/B0SANDBOX/secret';

/** What Slack says today and its schema of 2021 does not know. */
const newerErrors: readonly string[] = ['invalid_blocks', 'thread_not_found', 'missing_scope'];
/** The schema knows no other shapes of these two than its own examples of them. */
const strictNames: readonly string[] = ['/message/attachments/0', '/message/blocks'];

async function tour() {
  const slack = createSlack(standInOptions(hook));
  const ask = new Asker(
    // The schema's paths begin after `/api`.
    {
      fetch: (request) =>
        slack.fetch(new Request(request.url.replace('.test/', '.test/api/'), request)),
    },
    {
      authorization: `Bearer ${slack.botToken}`,
      'content-type': 'application/json; charset=utf-8',
    },
  );
  const blocks = [
    { type: 'section', block_id: 'a', text: { type: 'mrkdwn', text: 'a' } },
    { type: 'divider' },
  ];
  const post = (body: object) => ask.post('/chat.postMessage', { channel: '#deploys', ...body });
  await ask.get('/auth.test', { 'content-type': '' });
  await ask.get('/conversations.list?types=public_channel', { 'content-type': '' });
  await ask.get('/usergroups.list', { 'content-type': '' });
  await ask.get('/auth.test', { authorization: '' });
  await ask.get('/auth.test', { authorization: 'Bearer wrong' });
  const { body } = await post({ text: 'a' });
  const { channel, ts } = body;
  await post({ text: 'a', blocks });
  await post({ text: 'a', attachments: [{ fallback: 'a' }] });
  await post({ text: 'a', thread_ts: ts });
  await post({ text: 'a', thread_ts: '1767600000.999999' });
  await post({});
  await post({ channel: '#nowhere', text: 'a' });
  await post({ channel: '#archived', text: 'a' });
  await post({ channel: '#not-joined', text: 'a' });
  await post({ text: 'x'.repeat(40_001) });
  await post({ text: 'a', blocks: [{ type: 'nonsense' }] });
  await post({ attachments: Array.from({ length: 101 }, () => ({ text: 'a' })) });
  await ask.post('/chat.update', { channel, ts, text: 'b' });
  await ask.post('/chat.update', { channel, ts, text: '' });
  await ask.post('/chat.update', { channel, ts: '1767600000.999999', text: 'b' });
  await ask.post('/chat.update', { channel: '#deploys', ts, text: 'b' });
  await ask.post('/chat.update', '{');
  slack.control.slackUser({ email: 'ana@acme.test', id: 'U0ANA1234' });
  const plain = { 'content-type': '' };
  await ask.get('/users.lookupByEmail?email=ana%40acme.test', plain);
  await ask.get('/users.lookupByEmail?email=bo%40acme.test', plain);
  slack.control.slackScopes({ 'users:read.email': false });
  await ask.get('/users.lookupByEmail?email=ana%40acme.test', plain);
  return { stops: ask.stops, routes: slack.routes };
}

describe.runIf(contract !== null)('Slack’s contract', () => {
  it('holds for every answer on a tour of every method', async () => {
    const held = contract?.();
    for (const stop of (await tour()).stops) {
      if (newerErrors.includes(stop.body.error)) continue;
      // Slack answers 200 to refuse, too: the schema has refusals under `default`.
      const status = stop.body.ok === true ? 200 : 0;
      const faults = held
        ?.faults({ ...stop, status })
        .filter((fault) => !strictNames.some((name) => fault.startsWith(name)));
      expect(stop.status).toBe(200);
      expect(faults, `${stop.method} ${stop.path}: ${stop.text}`).toEqual([]);
    }
  });

  it('is toured whole: no method of the stand-in is left out', async () => {
    const { stops, routes } = await tour();
    const methods = routes
      .filter(({ path }) => path.startsWith('/api/'))
      .map(({ method, path }) => ({ method, path: path.replace('/api', '') }));
    expect(methods.length).toBeGreaterThan(3);
    // The schema has these only to be read.
    expect(missedRoutes(methods, stops)).toEqual(['POST /auth.test', 'POST /users.lookupByEmail']);
  });

  it('finds an answer that breaks it', async () => {
    const held = contract?.();
    const stop = (await tour()).stops.find(
      ({ path, body }) => path === '/chat.postMessage' && body.ok,
    );
    if (stop === undefined) throw new Error('the tour saw no message');
    expect(held?.faults(stop)).toEqual([]);
    expect(held?.faults({ ...stop, body: { ...stop.body, ts: 1_767_600_000 } })).not.toEqual([]);
    expect(held?.faults({ ...stop, body: { ...stop.body, colour: 'blue' } })).not.toEqual([]);
    const refusal = { ok: false, error: 'nonsense' };
    expect(held?.faults({ ...stop, status: 0, body: refusal })).not.toEqual([]);
  });
});
