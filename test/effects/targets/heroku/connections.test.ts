/** Room for the connections of old and new dynos: the calculation, line by line. */
import { describe, expect, it } from 'vitest';
import { type Connecting, judge } from '../../../../src/effects/targets/heroku/connections.ts';

const web = (quantity: number, command = 'bundle exec puma') => ({
  type: 'web',
  quantity,
  command,
});
const worker = { type: 'worker', quantity: 1, command: 'bundle exec sidekiq' };
const rails = { RAILS_MAX_THREADS: '5', WEB_CONCURRENCY: '2' };

const base: Connecting = {
  formation: [web(2)],
  vars: rails,
  isPooled: false,
  preboot: true,
  plan: 'standard-0',
  most: { count: 120, by: 'the database says so' },
};

describe('connections during a release', () => {
  it.each<[string, Partial<Connecting>, string, RegExp]>([
    ['fit: 2 × 2 × 5, twice, and the release phase', {}, 'ok', /45 of 120/],
    ['without preboot, once', { preboot: false }, 'ok', /25 of 120/],
    ['exactly as many as there are', { most: { count: 45, by: 'x' } }, 'ok', /45 of 45/],
    ['one too many', { most: { count: 44, by: 'x' } }, 'error', /45 connections .* allows 44/],
    ['too many only because of preboot', { most: { count: 40, by: 'x' } }, 'error', /45 .* 40/],
    [
      'too many by figures that are assumed',
      { vars: {}, most: { count: 20, by: 'x' } },
      'warning',
      /45/,
    ],
    ['workers are not prebooted', { formation: [web(2), worker] }, 'ok', /50 of 120/],
    [
      'DB_POOL goes before threads',
      { vars: { ...rails, DB_POOL: '20' } },
      'error',
      /180 connections/,
    ],
    [
      'PgBouncer in the command: two a dyno',
      { formation: [web(20, 'bin/start-pgbouncer puma')] },
      'ok',
      /85 of 120/,
    ],
    [
      'PgBouncer’s own pool',
      { formation: [web(20)], vars: { ...rails, PGBOUNCER_DEFAULT_POOL_SIZE: '5' } },
      'error',
      /245 connections/,
    ],
    [
      'Heroku’s pool',
      {
        isPooled: true,
        formation: [web(99)],
        vars: { ...rails, DATABASE_CONNECTION_POOL_URL: 'x' },
      },
      'ok',
      /own connection pool/,
    ],
    [
      'Heroku’s pool, which the app has no address of',
      { isPooled: true, formation: [web(99)] },
      'error',
      /1985 connections/,
    ],
    ['a plan that is not known', { most: null }, 'unknown', /is not known; a release takes 45/],
    ['dynos that are none', { formation: [{ type: 'web', quantity: 0 }] }, 'ok', /5 of 120/],
    [
      'a variable that is no number',
      { vars: { ...rails, WEB_CONCURRENCY: 'auto' } },
      'ok',
      /45 of 120/,
    ],
  ])('%s', (_, given, verdict, found) => {
    const judged = judge('acme-production', { ...base, ...given });
    expect(judged).toMatchObject({ verdict, found: expect.stringMatching(found) });
  });

  it('is shown so that it can be checked', () => {
    expect(judge('acme-production', { ...base, formation: [web(2), worker] }).sums).toEqual([
      '2 web dynos × 2 processes (WEB_CONCURRENCY) × 5 connections (RAILS_MAX_THREADS) × 2 (preboot: old and new) = 40',
      '1 worker dyno × 5 connections (RAILS_MAX_THREADS) = 5',
      'release phase × 5 connections (RAILS_MAX_THREADS) = 5',
      'together: 50',
      'standard-0 allows 120 (the database says so)',
    ]);
  });
});
