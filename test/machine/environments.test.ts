/** Where people see an environment, as far as the settings tell. */
import { expect, it } from 'vitest';
import { siteOf } from '../../src/machine/environments.ts';
import { samples } from '../../src/machine/samples.ts';

const { settings } = samples['deploy.requested'];

it('the site of an environment is the origin of the first endpoint that is asked there', () => {
  expect(siteOf({ settings }, 'staging')).toBe('https://staging.acme.test/');
});

it.each([
  ['there is no such environment', null],
  ['no endpoint of it is asked', []],
  ['its first endpoint is no URL', ['/health', 'https://staging.acme.test/']],
] as const)('there is none where %s', (_, urls) => {
  const { staging } = settings;
  if (staging === null) throw new Error('the sample has a staging');
  const endpoints = urls?.map((url) => ({ ...staging.verify.endpoints[0], url }));
  const other = endpoints && { ...staging, verify: { ...staging.verify, endpoints } };
  expect(siteOf({ settings: { ...settings, staging: other } } as never, 'staging')).toBeNull();
});
