/** Staging and production are two apps: one for both would verify what already serves people. */
import { describe, expect, it } from 'vitest';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { leastConfig, loadText } from './config-text.ts';

const same = leastConfig.replace('acme-production', 'acme-staging');

async function mistakesIn(text: string): Promise<string> {
  const error = await toldFailureOf(loadText(text));
  expect(error.code).toBe('E_CONFIG');
  return error.message;
}

describe('one Heroku app for staging and production', () => {
  it('is refused where production names it, with what would be right', async () => {
    expect(await mistakesIn(same)).toBe(
      [
        'pipeline.yml:5:18 production.heroku.app: has to be another app than staging’s, not "acme-staging"',
        '      heroku: { app: acme-staging }',
        `    ${' '.repeat(17)}^`,
      ].join('\n'),
    );
  });

  it('is refused through an alias, where that stands', async () => {
    const text = leastConfig
      .replace('{ app: acme-staging }', '&heroku { app: acme-both }')
      .replace('{ app: acme-production }', '*heroku');
    const [first] = (await mistakesIn(text)).split('\n');
    expect(first).toBe(
      'pipeline.yml:5:11 production.heroku.app: has to be another app than staging’s, not "acme-both"',
    );
  });

  it('is told beside other mistakes', async () => {
    const places = (await mistakesIn(`${same}stacking: both\nstakcing: skip\n`))
      .split('\n')
      .filter((line) => line.startsWith('pipeline.yml:'))
      .map((line) => line.split(' ')[0]);
    expect(new Set(places)).toEqual(
      new Set(['pipeline.yml:5:18', 'pipeline.yml:6:11', 'pipeline.yml:7:1']),
    );
  });

  it.each([
    ['neither is there', 'app: acme-web\nstaging: 3\nproduction: {}\n'],
    ['neither has a name', leastConfig.replaceAll(/app: acme-(staging|production)/g, 'app: 7')],
  ])('is not said where %s', async (_, text) => {
    expect(await mistakesIn(text)).not.toContain('another app');
  });
});
