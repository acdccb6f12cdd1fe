/** A hook's POST over real HTTP: what is sent is signed as it is sent. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { post } from '../../../../src/effects/channels/hooks/post.ts';
import { signingKey } from '../../../../src/effects/channels/hooks/signature.ts';
import { systemClock } from '../../../../src/effects/clock.ts';
import { hide } from '../../../../src/redaction/gate.ts';
import { type Receiver, startReceiver } from './receiver.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const another = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const send = (body: object, secrets = [receiver.secret], variable: string | null = null) => {
  const keys = secrets.map((secret) => signingKey(secret, 'SECRET'));
  const ports = {
    http: receiver.http,
    signal: new AbortController().signal,
    clock: systemClock,
  };
  const { url } = receiver;
  return post(
    { url, keys, title: 'hook deploys', variable },
    'event-1',
    JSON.stringify(body),
    ports,
  );
};

it('signs what is sent, without its secrets', async () => {
  hide('a-secret-in-a-headline');
  await send({ headline: 'failed: a-secret-in-a-headline' });
  const [{ body = '', headers = {} } = {}] = receiver.taken;
  expect(body).toBe('{"headline":"failed: [secret]"}');
  expect(headers).toMatchObject({ 'webhook-id': 'event-1', 'content-type': 'application/json' });
});

it('signs by each secret, so that a receiver may have the old one or the new one', async () => {
  await send({}, [another, receiver.secret]);
  await send({}, [receiver.secret, another]);
  expect(receiver.taken).toHaveLength(2);
});

it('is not taken by a receiver that has another secret', async () => {
  await expect(send({}, [another])).rejects.toMatchObject({
    code: 'E_HOOK_UNKNOWN',
    fault: 'setup',
  });
  expect(receiver.taken).toEqual([]);
});

it.each([
  ['a URL of the configuration is told without its query', null, true],
  ['a URL that is a secret is not told', 'CHAT_URL', false],
])('%s', async (_, variable, isTold) => {
  receiver.answer = (_request, response) => {
    response.writeHead(400).end(`see ${receiver.url}?token=abcdef`);
    return true;
  };
  const error = await send({}, undefined, variable).catch((thrown: Error) => thrown);
  const { message } = error as Error;
  expect(message).toContain('hook deploys answered 400: see ');
  expect(message.includes('/deploys')).toBe(isTold);
  expect(message).not.toContain('abcdef');
});

it('says where it has moved to, and nothing of the address behind the host', async () => {
  receiver.answer = (_request, response) => {
    response.writeHead(308, { location: 'https://other.test/in/abcdef?token=abcdef' }).end();
    return true;
  };
  const error = await send({}).catch((thrown: Error) => thrown);
  const { message } = error as Error;
  expect(message).toBe('hook deploys answered 308: it has moved, to https://other.test');
});

it('says of an address that nobody is behind that it could not be reached', async () => {
  await receiver.close();
  await expect(send({})).rejects.toMatchObject({ code: 'E_VENDOR_UNREACHABLE' });
  receiver = await startReceiver();
});

it.each([
  [408, 'E_HOOK_LATER', 'passing'],
  [425, 'E_HOOK_LATER', 'passing'],
  [429, 'E_HOOK_LATER', 'passing'],
  [500, 'E_HOOK_LATER', 'passing'],
  [503, 'E_HOOK_LATER', 'passing'],
  [301, 'E_HOOK_MOVED', 'setup'],
  [308, 'E_HOOK_MOVED', 'setup'],
  [401, 'E_HOOK_UNKNOWN', 'setup'],
  [403, 'E_HOOK_UNKNOWN', 'setup'],
  [404, 'E_HOOK_UNKNOWN', 'setup'],
  [400, 'E_HOOK_REFUSED', 'event'],
  [410, 'E_HOOK_REFUSED', 'event'],
  [422, 'E_HOOK_REFUSED', 'event'],
])('counts the answer %i as %s: %s', async (status, code, fault) => {
  receiver.answer = (_request, response) => {
    response.writeHead(status, { 'retry-after': '0' }).end();
    return true;
  };
  await expect(send({})).rejects.toMatchObject({ code, fault });
});
