/** Hooks as they are opened: a URL from the environment is a secret as a whole, and an event has its links. */
import { expect, it } from 'vitest';
import type { News } from '../../../../src/effects/channels/channel.ts';
import { schema } from '../../../../src/effects/channels/hooks/config.ts';
import { envelopeOf } from '../../../../src/effects/channels/hooks/envelope.ts';
import { open } from '../../../../src/effects/channels/hooks/open.ts';
import { systemClock } from '../../../../src/effects/clock.ts';
import type { HttpRequest } from '../../../../src/effects/http/request.ts';
import { shownPath } from '../../../../src/effects/http/shown.ts';
import { samples } from '../../../../src/machine/samples.ts';
import { sample } from '../../../machine/samples.ts';

const { notes } = samples['deploy.observed'];
const observed = (compareUrl: string | null) =>
  sample('deploy.observed', { notes: { ...notes, compareUrl } });
const news = (...rest: ReturnType<typeof sample>[]): News => ({
  ...{ id: 'event-1', deploy: '502-1a5f89db', position: 7, version: rest.length + 1 },
  time: '2026-01-05T13:04:05.678Z',
  history: [{ type: 'deploy.requested', data: samples['deploy.requested'] }, ...rest],
  ...{ state: 'queued', nextTime: null },
  since: async () => ({ wentOn: false, shipped: null, follower: null }),
  head: async () => 'log head 00@1',
});

it.each([
  ['the environment', { urlFrom: 'CHAT_URL' }, '/in/…'],
  ['the configuration', { url: 'https://acme.test/in/abcdef' }, '/in/abcdef'],
])('of a URL of %s is shown what may be seen: %o', async (_, where, shown) => {
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const values = { SECRET: secret, CHAT_URL: 'https://acme.test/in/abcdef' };
  const hooks = schema.parse([{ on: '*', secret: 'SECRET', ...where }]);
  const ports = { clock: systemClock, folder: '.', env: {} };
  const [channel] = open(hooks, values, ports);
  if (channel === undefined || 'unset' in channel) throw new Error('the hook is not open');
  const asked: HttpRequest[] = [];
  const send = async (request: HttpRequest) => {
    asked.push(request);
    return { status: 204, headers: {}, body: '' };
  };
  await channel.deliver(news(), {
    ports: { http: { send }, signal: new AbortController().signal, progress: () => {} } as never,
    memory: {},
    assertHeld: async () => {},
    remember: async () => {},
    leftOut: () => {},
  });
  expect(asked.map(shownPath)).toEqual([shown]);
});

it.each([
  [['SECRET', 'NEXT'], 'NEXT'],
  [['NEXT', 'LAST'], 'NEXT and LAST'],
])('signed by each of %j it is told of nothing until all are set', (secret, unset) => {
  const hooks = schema.parse([{ on: '*', url: 'https://acme.test/in', secret }]);
  const values = { SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}` };
  const opened = open(hooks, values, { clock: systemClock, folder: '.', env: {} });
  expect(opened).toEqual([expect.objectContaining({ unset })]);
});

it('an event links what was observed last, whatever came after it', () => {
  const links = (...rest: ReturnType<typeof sample>[]) => envelopeOf(news(...rest)).links.compare;
  const [one, two] = [observed('https://a.test/1'), observed('https://a.test/2')];
  expect(links()).toBeNull();
  expect(links(one, sample('staging.submitted'))).toBe('https://a.test/1');
  expect(links(one, two, sample('staging.submitted'))).toBe('https://a.test/2');
  expect(links(one, observed(null))).toBeNull();
});
