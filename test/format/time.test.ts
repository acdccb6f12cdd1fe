/** Points in time: as people write them, and as lines of output show them. */
import { describe, expect, it } from 'vitest';
import { clockTime, dateAndTime, parseTime } from '../../src/format/time.ts';

const now = Date.parse('2026-01-05T13:00:00.000Z');

describe('a point in time', () => {
  it.each([
    ['2026-01-05', '2026-01-05T00:00:00.000Z'],
    ['2026-01-05T13:04', '2026-01-05T13:04:00.000Z'],
    ['2026-01-05T13:04Z', '2026-01-05T13:04:00.000Z'],
    ['2026-01-05 13:04:05Z', '2026-01-05T13:04:05.000Z'],
    ['2026-01-05t13:04:05.678z', '2026-01-05T13:04:05.678Z'],
    ['2026-01-05T13:04:05+02:00', '2026-01-05T11:04:05.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['90m', '2026-01-05T11:30:00.000Z'],
    ['24h', '2026-01-04T13:00:00.000Z'],
  ])('%s is %s', (text, time) => {
    expect(parseTime(text, now)).toBe(time);
  });

  it.each([
    '',
    'soon',
    'yesterday',
    '5',
    '2026',
    '2026-1-5',
    '2026-02-30',
    '2026-13-01',
    '2026-01-05T25:00',
    '2026-01-05T13',
    '2026-01-05T13:04 CET',
    '9999999999999h',
    '999999999h',
  ])('%j is none', (text) => {
    expect(parseTime(text, now)).toBeNull();
  });
});

it('is shown to the second, in UTC', () => {
  expect(clockTime('2026-01-05T13:04:05.678Z')).toBe('13:04:05Z');
  expect(dateAndTime('2026-01-05T13:04:05.678Z')).toBe('2026-01-05 13:04:05Z');
});
