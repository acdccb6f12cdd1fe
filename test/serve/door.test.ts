/** Who is let in to the pages. */
import { describe, expect, it } from 'vitest';
import { cookieOf, namesOf, refusal } from '../../src/serve/door.ts';

const here = { names: namesOf('127.0.0.1', 4480), token: null };
const token = 'a-long-and-random-text';
const beyond = { names: namesOf('pages.acme.test', 4480), token };

const asked = (door: typeof here | typeof beyond, headers: Record<string, string>) =>
  refusal(door, new Headers(headers))?.status ?? 'in';

describe('on this machine', () => {
  it.each<[string, Record<string, string>, number | 'in']>([
    ['its address', { host: '127.0.0.1:4480' }, 'in'],
    ['its name', { host: 'localhost:4480' }, 'in'],
    ['its name in capitals', { host: 'LOCALHOST:4480' }, 'in'],
    ['its address of version 6', { host: '[::1]:4480' }, 'in'],
    ['a name that somebody points here', { host: 'evil.test:4480' }, 421],
    ['a name that begins so', { host: 'localhost.evil.test:4480' }, 421],
    ['another port', { host: 'localhost:4481' }, 421],
    ['no port', { host: 'localhost' }, 421],
    ['no name', {}, 421],
    [
      'a link on another site',
      { host: 'localhost:4480', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      'in',
    ],
    [
      'a script of another site',
      { host: 'localhost:4480', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      403,
    ],
    [
      'its own script',
      { host: 'localhost:4480', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' },
      'in',
    ],
  ])('by %s', (_, headers, expected) => {
    expect(asked(here, headers)).toBe(expected);
  });
});

describe('beyond this machine', () => {
  const host = 'pages.acme.test:4480';
  it.each<[string, Record<string, string>, number | 'in']>([
    ['nothing', { host }, 401],
    ['the token', { host, authorization: `Bearer ${token}` }, 'in'],
    ['the cookie', { host, cookie: `other=1; ${cookieOf(token).split(';')[0]}` }, 'in'],
    ['another token', { host, authorization: 'Bearer another' }, 401],
    ['the beginning of it', { host, authorization: `Bearer ${token.slice(0, -1)}` }, 401],
    ['an empty one', { host, authorization: 'Bearer ' }, 401],
    ['a cookie that is none', { host, cookie: 'lockstep_token=%' }, 401],
    ['the token by another name', { host: 'evil.test', authorization: `Bearer ${token}` }, 421],
  ])('with %s', (_, headers, expected) => {
    expect(asked(beyond, headers)).toBe(expected);
  });

  it('the cookie is for no script, and for no page of another site', () => {
    expect(cookieOf(token).split('; ').slice(1)).toEqual(['HttpOnly', 'SameSite=Strict', 'Path=/']);
  });

  it('the machine’s own names are its names where it listens everywhere', () => {
    const names = namesOf('0.0.0.0', 4480);
    expect(names).toEqual(expect.arrayContaining(['127.0.0.1:4480', 'localhost:4480']));
    expect(new Set(names.map((name) => name.split(':').at(-1)))).toEqual(new Set(['4480']));
  });
});
