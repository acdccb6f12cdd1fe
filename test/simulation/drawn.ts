/** What the fixed seeds of `npm test` have to draw at the least: a kind that comes no more proves nothing. */
import { expect } from 'vitest';
import { drawnSoFar } from './deploys.ts';

const tenths = Array.from({ length: 10 }, (_, i) => `${i + 1}/10`);
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
  people: [1, ['rollback', 'config', 'push', 'unlock', 'disable', 'switch-off', 'resume', 'trust']],
  breaks: [1, ['build', 'dyno', 'endpoint', 'promotion', 'partial-promotion', 'stale-reads']],
  builds: [5, ['merge', 'rerun', 'old-commit', 'force-push', 'same-commit']],
  watched: [1, ['crash', 'restart', 'rollback', 'config']],
};

export function expectDrawn(): void {
  for (const [what, [times, kinds]] of Object.entries(least)) {
    for (const kind of kinds) {
      const drawn = drawnSoFar.of(what).get(kind) ?? 0;
      expect(drawn, `${what}: ${kind}`).toBeGreaterThanOrEqual(times);
    }
  }
}
