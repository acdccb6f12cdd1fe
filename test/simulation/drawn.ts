/** What the fixed seeds of `npm test` have to draw at the least: a kind that comes no more proves nothing. */
import { drawnSoFar } from './deploys.ts';

const tenths = Array.from({ length: 10 }, (_, i) => `${i + 1}/10`);
const acts = [
  ...['rollback', 'config', 'push', 'push-old', 'release-again', 'release-again-as-promotion'],
  ...['failed-rollback', 'failed-release-again', 'settle-less', 'settle-longer'],
  ...['endpoint-removed', 'endpoint-twice', 'other-switch', 'other-lane', 'rules-at-first'],
  ...['trust', 'switch-off', 'switch-on', 'disable', 'enable', 'unlock', 'resume'],
];
const actsAtAwaits = [
  ...['rollback', 'order-rollback', 'pending', 'expire', 'disable', 'enable', 'unlock', 'resume'],
  ...['switch-off', 'switch-on', 'push'],
];
const least: Readonly<Record<string, readonly [number, readonly string[]]>> = {
  // Of 1,600 awaits: most runs are over by the first 450, and only those with a canary go on after 640.
  kills: [1, tenths.slice(0, 4)],
  pauses: [1, tenths.slice(0, 2)],
  clocks: [1, tenths.slice(0, 2)],
  faults: [1, tenths.slice(0, 3)],
  production: [5, ['artifact', 'commit']],
  stacking: [5, ['skip', 'every']],
  'release phase': [5, ['yes', 'no']],
  canary: [
    1,
    ['between', 'in-staging’s-place', 'none', 'crash', 'restart', 'rollback', 'endpoint', 'push'],
  ],
  'canary bakes': [1, ['true']],
  people: [1, acts],
  'people at an await': [1, actsAtAwaits],
  lock: [1, ['store', 'circleci', 'github']],
  'requests that meet a fault': [1, ['0/1000', '10/1000', '60/1000']],
  'odd answers': [1, ['0/1000', '3/1000', '20/1000']],
  'runs that came there': [1, tenths],
  breaks: [1, ['build', 'dyno', 'endpoint', 'promotion', 'partial-promotion', 'stale-reads']],
  builds: [5, ['merge', 'rerun', 'old-commit', 'force-push', 'same-commit']],
  watched: [1, ['crash', 'restart', 'rollback', 'config']],
};

/** What of it did not come yet: each kind with how often it did. */
export function notDrawn(): string[] {
  return Object.entries(least).flatMap(([what, [times, kinds]]) =>
    kinds
      .map((kind) => ({ kind, drawn: drawnSoFar.of(what).get(kind) ?? 0 }))
      .filter(({ drawn }) => drawn < times)
      .map(({ kind, drawn }) => `${what}: ${kind}: ${drawn}`),
  );
}
