/** What a person is told of the canary, which a rollback of production leaves as it is. */
import { expect, it } from 'vitest';
import { canaryLines } from '../../../src/cli/render/rollback-view.ts';
import type { Ports } from '../../../src/effects/ports.ts';
import type { Target } from '../../../src/effects/targets/target.ts';
import { canaryKeeps } from '../../../src/runtime/rollback/canary-keeps.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';

const bad = 'b'.repeat(40);
/** No time passes but where somebody sleeps. */
const ports = {
  clock: { now: () => 0, ran: () => 0, sleep: async () => {} },
  signal: new AbortController().signal,
} as unknown as Ports;
const place = (commit: string | null | Error, more: Partial<Target> = {}): Target =>
  ({
    settings: { kind: 'heroku', name: 'acme-canary', settings: {} },
    hints: { goBack: (to: string | null) => `heroku rollback ${to ?? ''} -a acme-canary` },
    isReadable: true,
    observe: async () => {
      if (commit instanceof Error) throw commit;
      const running = { release: { id: 'r', version: 'v5' }, artifact: { commit } };
      return { running, before: { release: { id: 'q', version: 'v4' } } };
    },
    ...more,
  }) as unknown as Target;

it.each<[string, Target | null, string | null, RegExp | null]>([
  ['there is none', null, bad, null],
  ['it runs something else', place('a'.repeat(40)), bad, null],
  [
    'it runs that',
    place(bad),
    bad,
    /still runs bbbbbbbb \(v5\)\. To take it back to v4, .+\n {2}heroku rollback v4 -a acme-canary$/,
  ],
  ['it does not tell', place(new Error('down')), bad, /may still run bbbbbbbb\. /],
  [
    'it does not answer in time',
    place(bad, {
      observe: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    }),
    bad,
    /may still run bbbbbbbb\. /,
  ],
  [
    'nothing else ran there before',
    place(bad, {
      observe: async () =>
        ({
          running: { release: { id: 'r', version: 'v5' }, artifact: { commit: bad } },
          before: null,
        }) as never,
    }),
    bad,
    /still runs bbbbbbbb \(v5\)\. Take it back at its host, or ship another commit[^\n]*$/,
  ],
  [
    'nothing tells what it runs',
    place(bad, { isReadable: false }),
    bad,
    /may still run bbbbbbbb\. /,
  ],
  [
    'what ran in production is not known',
    place(bad),
    null,
    /may still run what production was taken back from\. /,
  ],
  [
    'its host has a way of its own',
    place(bad, { hints: { goBack: null } as Target['hints'] }),
    bad,
    /still runs bbbbbbbb \(v5\)\. Take it back at its host, or ship another commit[^\n]*$/,
  ],
])('where %s', async (_, canary, commit, says) => {
  const told = canaryLines(await canaryKeeps(canary, commit, ports)).join('\n');
  if (says === null) expect(told).toBe('');
  else expect(told).toMatch(says);
});

it('is not waited for longer than ten seconds', async () => {
  const clock = createVirtualClock();
  const hangs = place(bad, {
    observe: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  });
  expect(await canaryKeeps(hangs, bad, { ...ports, clock })).toMatchObject({ version: null });
  expect(clock.slept).toEqual([10_000]);
});
