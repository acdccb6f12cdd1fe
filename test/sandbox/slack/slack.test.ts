/** Slack's stand-in: what it takes, what it refuses and by which name, what channels show after. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/sandbox/slack/limits.ts';
import { createSlack } from '../../../src/sandbox/slack/slack.ts';
import { Asker, standInOptions, testClock } from '../stand-in-server.ts';

const hook = '/services/T0SANDBOX/B0SANDBOX/secret';

function start() {
  const clock = testClock();
  const slack = createSlack(standInOptions(hook, { clock }));
  const ask = new Asker(slack, {
    authorization: `Bearer ${slack.botToken}`,
    'content-type': 'application/json; charset=utf-8',
  });
  const post = async (body: object) =>
    (await ask.post('/api/chat.postMessage', { channel: '#deploys', ...body })).body;
  const update = async (body: object) => (await ask.post('/api/chat.update', body)).body;
  return { clock, slack, ask, post, update };
}

const section = (length: number) => ({
  type: 'section',
  text: { type: 'mrkdwn', text: 'x'.repeat(length) },
});
const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);
const plain = (length: number) => ({ type: 'plain_text', text: 'x'.repeat(length) });

describe('the webhook', () => {
  it('answers `ok` and shows the message in its own channel', async () => {
    const { ask, slack } = start();
    const blocks = [section(10)];
    const answer = await ask.post(hook, { text: 'Deployed', blocks });
    expect([answer.status, answer.text]).toEqual([200, 'ok']);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(slack.state().messages).toMatchObject([
      { via: 'webhook', to: null, text: 'Deployed', blocks, thread_ts: null, edits: [] },
    ]);
  });

  it('takes a form with the message in `payload`', async () => {
    const { ask, slack } = start();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const form = new URLSearchParams({ payload: '{"text":"By form"}' }).toString();
    expect((await ask.post(hook, form, type)).text).toBe('ok');
    expect((await ask.post(hook, '{"text":"x"}', type)).text).toBe('invalid_payload');
    expect(slack.state().messages).toMatchObject([{ text: 'By form' }]);
  });

  it.each([
    ['{', 'invalid_payload'],
    ['', 'invalid_payload'],
    ['["text"]', 'invalid_payload'],
    [{}, 'no_text'],
    [{ text: '' }, 'no_text'],
    [{ text: 'a', blocks: {} }, 'invalid_blocks_format'],
    [{ text: 'a', blocks: [{ type: 'nonsense' }] }, 'invalid_blocks'],
    [{ text: 'a', attachments: times(101, { text: 'b' }) }, 'too_many_attachments'],
    [{ attachments: [{ color: 'good' }] }, 'missing_text_or_fallback_or_attachments'],
  ])('refuses %j with 400 %s', async (body, error) => {
    const { ask, slack } = start();
    const answer = await ask.post(hook, body);
    expect([answer.status, answer.text]).toEqual([400, error]);
    expect(slack.state().messages).toEqual([]);
  });

  it.each([
    ['/services/T0OTHER/B0SANDBOX/secret', 404, 'no_team'],
    ['/services/T0SANDBOX/B0OTHER/secret', 404, 'no_service'],
    ['/services/T0SANDBOX', 404, 'no_service'],
    ['/services/T0SANDBOX/B0SANDBOX/wrong', 403, 'invalid_token'],
    ['/services/T0SANDBOX/B0ARCHIVED/secret', 410, 'channel_is_archived'],
    ['/services/T0SANDBOX/B0NOCHANNEL/secret', 404, 'channel_not_found'],
    ['/services/T0SANDBOX/B0PROHIBITED/secret', 403, 'action_prohibited'],
    ['/services/T0SANDBOX/B0ROLLUP/secret', 500, 'rollup_error'],
  ])('answers at %s with %i %s', async (path, status, error) => {
    const answer = await start().ask.post(path, { text: 'a' });
    expect([answer.status, answer.text]).toEqual([status, error]);
  });

  it('cuts a text that is too long', async () => {
    const { ask, slack } = start();
    expect((await ask.post(hook, { text: 'x'.repeat(limits.text + 1) })).text).toBe('ok');
    expect(slack.state().messages[0]?.text).toHaveLength(limits.text);
  });
});

describe('chat.postMessage', () => {
  it('answers with the channel’s id and a ts of its own, and keeps the order', async () => {
    const { post, slack } = start();
    const [a, b] = [await post({ text: 'one' }), await post({ text: 'two' })];
    expect(a).toMatchObject({ ok: true, message: { text: 'one', type: 'message', ts: a.ts } });
    expect(a.ts).toMatch(/^\d{10}\.\d{6}$/);
    expect(b.channel).toBe(a.channel);
    expect(b.ts > a.ts).toBe(true);
    expect(slack.state().messages).toMatchObject([
      { text: 'one', to: '#deploys', channel: a.channel, ts: a.ts },
      { text: 'two', to: '#deploys', ts: b.ts },
    ]);
    expect((await post({ channel: '#others', text: 'three' })).channel).not.toBe(a.channel);
    expect((await post({ channel: a.channel, text: 'by id' })).channel).toBe(a.channel);
  });

  it('answers in a thread, and in the channel too if it is told to', async () => {
    const { post, slack } = start();
    const { ts } = await post({ text: 'parent' });
    const reply = await post({ text: 'reply', thread_ts: ts, reply_broadcast: true });
    expect(reply.message.thread_ts).toBe(ts);
    expect(slack.state().messages[1]).toMatchObject({ thread_ts: ts, broadcast: true });
    expect(await post({ text: 'lost', thread_ts: '1.000001' })).toEqual({
      ok: false,
      error: 'thread_not_found',
    });
    expect(await post({ channel: '#others', text: 'astray', thread_ts: ts })).toMatchObject({
      error: 'thread_not_found',
    });
  });

  it.each([
    ['#nowhere', 'channel_not_found'],
    ['', 'channel_not_found'],
    [7, 'channel_not_found'],
    ['#not-joined', 'not_in_channel'],
    ['archived', 'is_archived'],
    ['#read-only', 'restricted_action_read_only_channel'],
  ])('cannot post to %j: %s', async (channel, error) => {
    expect(await start().post({ channel, text: 'a' })).toEqual({ ok: false, error });
  });

  it.each([
    [{}, 'no_text'],
    [{ text: 'x'.repeat(40_001) }, 'msg_too_long'],
    [{ text: 'a', attachments: times(101, {}) }, 'too_many_attachments'],
    [{ text: 'a', attachments: {} }, 'invalid_array_arg'],
    [{ text: 'a', blocks: {} }, 'invalid_blocks_format'],
    [{ text: 'a', blocks: [...times(4, section(3_000)), section(1_201)] }, 'msg_blocks_too_long'],
  ])('refuses what is over a limit, case %#: %s', async (body, error) => {
    const { post, slack } = start();
    expect(await post(body)).toEqual({ ok: false, error });
    expect(slack.state().messages).toEqual([]);
  });

  it('takes what is just within a limit', async () => {
    const { post } = start();
    const blocks = [...times(4, section(3_000)), section(1_200)];
    const row = { type: 'table', rows: times(100, times(20, { type: 'raw_text', text: 'x' })) };
    for (const body of [
      { text: 'x'.repeat(40_000) },
      { text: 'a', blocks },
      { blocks: times(50, { type: 'divider' }) },
      { blocks: [{ type: 'header', text: plain(150) }] },
      { blocks: [{ type: 'section', fields: times(6, plain(2_000)) }] },
      { blocks: [{ type: 'context', elements: times(10, plain(1)) }] },
      { blocks: [{ type: 'actions', elements: times(25, { type: 'button', text: plain(75) }) }] },
      { blocks: [{ type: 'image', image_url: 'https://x.test/a', alt_text: 'a' }] },
      { blocks: [{ type: 'markdown', text: 'x'.repeat(12_000) }] },
      { blocks: [row] },
      { attachments: times(100, { text: 'b' }) },
    ]) {
      expect(await post(body)).toMatchObject({ ok: true });
    }
  });

  it.each([
    [times(51, { type: 'divider' }), 'no more than 50 items allowed [json-pointer:/blocks]'],
    [[section(3_001)], 'must be less than 3001 characters [json-pointer:/blocks/0/text/text]'],
    [[section(0)], 'must be more than 0 characters [json-pointer:/blocks/0/text/text]'],
    [[{ type: 'header', text: plain(151) }], 'less than 151 characters'],
    [
      [{ type: 'header', text: { type: 'mrkdwn', text: 'a' } }],
      'unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]',
    ],
    [[{ type: 'section' }], 'must provide text or fields [json-pointer:/blocks/0]'],
    [[{ type: 'section', fields: times(11, plain(1)) }], 'no more than 10 items'],
    [
      [{ type: 'divider' }, { type: 'section', fields: [plain(2_001)] }],
      'must be less than 2001 characters [json-pointer:/blocks/1/fields/0/text]',
    ],
    [[{ type: 'context', elements: times(11, plain(1)) }], 'no more than 10 items'],
    [[{ type: 'context', elements: [] }], 'no fewer than 1 items'],
    [[{ type: 'actions', elements: times(26, { type: 'button' }) }], 'no more than 25 items'],
    [
      [{ type: 'actions', elements: [{ type: 'button', text: plain(76) }] }],
      'must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]',
    ],
    [[{ type: 'image', image_url: 'https://x.test/a' }], 'must provide a string'],
    [[{ type: 'markdown', text: 'x'.repeat(12_001) }], 'less than 12001 characters'],
    [[{ type: 'table', rows: [times(21, {})] }], 'no more than 20 items'],
    [times(2, { type: 'table', rows: [[{}]] }), 'only one table is allowed'],
    [[{ type: 'divider', block_id: 'x'.repeat(256) }], 'must be less than 256 characters'],
    [times(2, { type: 'divider', block_id: 'a' }), 'block_id already exists'],
    [['text'], 'unsupported type: undefined [json-pointer:/blocks/0/type]'],
    [[{ type: 'constructor' }], 'unsupported type: constructor'],
  ])('says which block is wrong, and how, case %#', async (blocks, message) => {
    const { post, slack } = start();
    const answer = await post({ text: 'a', blocks });
    expect(answer).toMatchObject({ ok: false, error: 'invalid_blocks' });
    expect(answer.response_metadata.messages[0]).toContain(message);
    expect(answer.response_metadata.messages[0]).toMatch(/^\[ERROR\] /);
    expect((await post({ attachments: [{ blocks }] })).error).toBe('invalid_blocks');
    expect(slack.state().messages).toEqual([]);
  });
});

describe('chat.update', () => {
  it('replaces what the message shows, and keeps what it showed', async () => {
    const { post, update, slack, clock } = start();
    const { channel, ts } = await post({ text: 'Building', blocks: [section(3)] });
    clock.pass(1_000);
    expect(await update({ channel, ts, text: 'Built' })).toMatchObject({
      ok: true,
      channel,
      ts,
      text: 'Built',
      message: { text: 'Built' },
    });
    await update({ channel, ts, text: 'Live' });
    expect(slack.state().messages).toMatchObject([
      {
        ts,
        text: 'Live',
        blocks: [],
        edits: [
          { text: 'Building', blocks: [section(3)], replacedAt: clock.now() },
          { text: 'Built', blocks: [] },
        ],
      },
    ]);
  });

  it('refuses what is not there, what is not its own, and what it would not post', async () => {
    const { ask, post, update, slack } = start();
    const { channel, ts } = await post({ text: 'a' });
    await ask.post(hook, { text: 'by webhook' });
    const other = slack.state().messages[1];
    const error = async (body: object) => (await update({ text: 'b', ...body })).error;
    expect(await error({ channel, ts: '1.000001' })).toBe('message_not_found');
    expect(await error({ channel: '#deploys', ts })).toBe('channel_not_found');
    expect(await error({ channel: other?.channel, ts: other?.ts })).toBe('cant_update_message');
    expect(await error({ channel, ts, text: '' })).toBe('no_text');
    expect(await error({ channel, ts, blocks: [{ type: 'x' }] })).toBe('invalid_blocks');
    expect(slack.state().messages[0]).toMatchObject({ text: 'a', edits: [] });
  });
});

describe('the Web API', () => {
  it.each([
    [{ authorization: '' }, 'not_authed'],
    [{ authorization: 'Bearer xoxb-other' }, 'invalid_auth'],
    [{ 'content-type': '' }, 'missing_post_type'],
    [{ 'content-type': 'text/plain' }, 'invalid_post_type'],
  ])('answers 200 even to refuse: %j is %s', async (headers, error) => {
    const answer = await start().ask.post('/api/auth.test', { a: 1 }, headers);
    expect([answer.status, answer.body]).toEqual([200, { ok: false, error }]);
  });

  it.each([
    ['{', 'invalid_json'],
    ['[]', 'json_not_object'],
  ])('refuses the body %s: %s', async (body, error) => {
    const answer = await start().ask.post('/api/chat.postMessage', body);
    expect(answer.body).toEqual({ ok: false, error });
  });

  it('warns of JSON that does not name its characters', async () => {
    const body = { channel: '#deploys', text: 'a' };
    const type = { 'content-type': 'application/json' };
    const answer = await start().ask.post('/api/chat.postMessage', body, type);
    expect(answer.body).toMatchObject({
      ok: true,
      warning: 'missing_charset',
      response_metadata: { warnings: ['missing_charset'] },
    });
  });

  it('takes a form, with JSON in its fields', async () => {
    const { ask, slack } = start();
    const blocks = [section(3)];
    const form = { channel: '#deploys', text: 'true', blocks: JSON.stringify(blocks) };
    await ask.post('/api/chat.postMessage', new URLSearchParams(form).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(slack.state().messages).toMatchObject([{ text: 'true', blocks }]);
  });

  it('does not know other methods', async () => {
    const { body } = await start().ask.post('/api/chat.nonsense', {});
    expect(body).toEqual({ ok: false, error: 'unknown_method' });
  });
});

it('forgets its messages at a reset, and no ts comes twice', async () => {
  const { post, slack } = start();
  const { ts } = await post({ text: 'a' });
  slack.reset();
  expect(slack.state()).toEqual({ messages: [] });
  expect((await post({ text: 'b' })).ts).not.toBe(ts);
});
