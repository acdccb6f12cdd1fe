/** Lengths of time, as lines of output have them and as people write them. */
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration, wholeDuration } from '../../src/format/duration.ts';

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [850, '850ms'],
    [12_999, '12s'],
    [60_000, '1m'],
    [130_000, '2m10s'],
    [3_900_000, '1h05m'],
    [3_600_000, '1h'],
    [180_000_000, '2d2h'],
    [-5, '0ms'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    [' 60m ', 3_600_000],
    ['2h', 7_200_000],
  ])('%j is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '5', 'm', '1.5s', '-1s', '1d', '1h5m', '9999999999s'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});

describe('wholeDuration', () => {
  it.each([
    [0, '0ms'],
    [1_500, '1500ms'],
    [10_000, '10s'],
    [90_000, '90s'],
    [599_999, '599999ms'],
    [600_000, '10m'],
    [7_200_000, '2h'],
  ])('%d ms is %s, and is read as that', (ms, text) => {
    expect(wholeDuration(ms)).toBe(text);
    expect(parseDuration(text)).toBe(ms);
  });
});
