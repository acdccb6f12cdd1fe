/** The package as those who build on it find it: the names that it exports, and files that are there. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import * as lockstep from '../src/index.ts';

it('exports the log, its events, the replay, the chart and the errors', () => {
  expect(Object.keys(lockstep).sort()).toEqual([
    'EventIdReused',
    'FencedOff',
    'ImportRefused',
    'LockstepError',
    'LogFault',
    'Statement',
    'StoreReplaced',
    'StoreUnavailable',
    'StoreUnusable',
    'UnreadableLog',
    'UsageError',
    'VersionConflict',
    'chart',
    'deployStream',
    'deploysProjection',
    'domainEvent',
    'laneStream',
    'openLog',
    'parseEvent',
    'readDeploy',
    'readDeploys',
    'replay',
    'tell',
  ]);
});

it('points only at files that a build has', () => {
  const root = resolve(import.meta.dirname, '..');
  const { exports, bin } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));
  const { '.': main, ...others } = exports;
  for (const file of [main.types, main.default, ...Object.values(others), ...Object.values(bin)]) {
    expect(existsSync(resolve(root, String(file))), String(file)).toBe(true);
  }
});
