/** Which of Heroku's services is asked where: each has an address of its own, and all take the one token. */
import { expect, it } from 'vitest';
import type { Ports } from '../../../../src/effects/ports.ts';
import { herokuKind } from '../../../../src/effects/targets/heroku/kind.ts';
import { servicesOf } from '../../../../src/effects/targets/heroku/services.ts';

const ports = { signal: new AbortController().signal } as Ports;
const token = 'HRKU-token-12345678';

it('each is asked at its own address, which is Heroku’s where nothing else is said', () => {
  const urls = herokuKind.variables.urls.map(({ name, standard }) => [name, standard]);
  const services = servicesOf({ ...Object.fromEntries(urls), HEROKU_API_KEY: token });
  const asked = Object.entries(services ?? {}).map(([name, api]) => {
    const { url, headers } = api.request('/x', ports);
    return [name, url, headers?.authorization];
  });
  expect(asked).toEqual([
    ['platform', 'https://api.heroku.com/x', `Bearer ${token}`],
    ['databases', 'https://api.data.heroku.com/x', `Bearer ${token}`],
    ['gitHub', 'https://kolkrabbi.heroku.com/x', `Bearer ${token}`],
  ]);
});

it('none is asked without a token', () => {
  expect(servicesOf({ HEROKU_API_KEY: null })).toBeNull();
});
