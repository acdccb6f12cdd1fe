/** What came after a deploy, found by indexes, against a fold by hand over whatever may happen in a lane. */
import { expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import { type Aftermath, readAftermaths } from '../../../src/runtime/audit/aftermath.ts';
import { readDeployStories } from '../../../src/runtime/audit/deploys.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { searchDeploys } from '../../../src/runtime/audit/search-deploys.ts';
import { deployStream } from '../../../src/runtime/log/streams.ts';
import { openLog } from '../../../src/store/open.ts';
import { fc } from '../../fast-check.ts';
import { sample } from '../../machine/samples.ts';
import { usePostgres } from '../../postgres/use-postgres.ts';
import { sqliteStore } from '../../store/events.ts';
import { deployEvents, wayToGates, wayToLive, writeDeploy, writeLane } from './written.ts';

/** What happens next in the lane, or in another one whose app has the same versions. */
type Step =
  | 'live'
  | 'live again'
  | 'live by that name'
  | 'released by hand'
  | 'fails'
  | 'ordered back'
  | 'order fails'
  | 'met back'
  | 'live elsewhere'
  | 'met back elsewhere';

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.constant<Step>('live') },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Step>(
        'live again',
        'live by that name',
        'released by hand',
        'fails',
        'ordered back',
        'order fails',
        'met back',
        'live elsewhere',
        'met back elsewhere',
      ),
    },
  ),
  { maxLength: 30, size: 'max' },
);

const person = { actor: 'mia', observed: 'mia on ws-7', reason: 'errors' };

interface Lane {
  readonly name: string;
  /** What runs there, as the log can tell; `deploy`: where it was released by one. */
  runs: { version: string; deploy: string | null };
}

const postgres = usePostgres();

it.each([
  { engine: 'SQLite', store: sqliteStore, numRuns: 40 },
  { engine: 'PostgreSQL', store: postgres.store, numRuns: 5 },
])(
  'is what happened: who was live next, who carried it, and how production was taken back ($engine)',
  async ({ store, numRuns }) => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const { url, remove } = await store();
        const log = await openLog(url, { projections });
        const ours: Lane = { name: 'acme-web', runs: { version: 'v0', deploy: null } };
        const wanted = new Map<string, { -readonly [K in keyof Aftermath]: Aftermath[K] }>();
        const lives: string[] = [];
        /** What the last one released. */
        let named = 'v0';
        let made = 0;
        const write = async (
          upTo: 'live' | 'found' | 'fails' | 'met back',
          lane: Lane,
          version: string,
        ) => {
          made += 1;
          const commit = `${made}`.padStart(8, '0').padEnd(40, 'c');
          const rollback = {
            ...samples['production.held'].rollback,
            ...{
              kind: 'rollback' as const,
              before: lane.runs.version,
              by: 'bo',
              at: `day ${made}`,
            },
          };
          const ways = {
            live: wayToLive(commit, null, version),
            found: [
              sample('lock.acquired'),
              sample('production.found', { release: { id: `release-${version}`, version } }),
              sample('production.instancesUp'),
              sample('production.verified', { release: { id: `release-${version}`, version } }),
            ],
            fails: [sample('lock.acquired'), sample('deploy.failed', { step: 'observe' as const })],
            'met back': [
              ...wayToGates(commit, null, version),
              sample('production.held', { step: 'readGates', rollback }),
            ],
          };
          const deploy = await writeDeploy(
            log,
            { label: `${made}`, commit, lane: lane.name },
            ways[upTo],
          );
          return { deploy, at: rollback.at };
        };
        for (const [i, step] of all.entries()) {
          const version = `v${i + 1}`;
          // What runs may be found there by the next deploy of the commit, as its own; and a program may call what it releases as before.
          const released =
            { 'live again': ours.runs.version, 'live by that name': named }[step as string] ??
            version;
          const left = wanted.get(ours.runs.deploy ?? '');
          const back = {
            release: { id: `release-${version}`, version },
            to: { id: 'x', version: 'v0' },
          };
          const order = { rollback: `back-${i}`, target: 'app', commit: null, ...person };
          const from = { id: `release-${ours.runs.version}`, version: ours.runs.version };
          const begin = () =>
            writeLane(log, { type: 'rollback.begun', data: { ...order, from, to: back.to } });
          const { commit: _, ...failing } = { ...order, to: back.to, code: 'E_X', message: 'no' };
          switch (step) {
            case 'live elsewhere':
            case 'met back elsewhere': {
              const way = step === 'live elsewhere' ? 'live' : 'met back';
              await write(way, { ...ours, name: 'other' }, version);
              break;
            }
            case 'order fails':
              await begin();
              await writeLane(log, { type: 'rollback.failed', data: { ...failing, made: null } });
              break;
            case 'ordered back': {
              await begin();
              await writeLane(log, { type: 'rollback.done', data: { ...order, ...back } });
              if (left !== undefined) left.back ??= { by: 'mia', at: expect.any(String), to: 'v0' };
              ours.runs = { version, deploy: null };
              break;
            }
            case 'met back': {
              const { deploy, at } = await write('met back', ours, version);
              wanted.set(deploy, { next: null, carrier: null, back: null });
              if (left !== undefined) left.back ??= { by: 'bo', at, to: null };
              ours.runs = { version: `${version} by hand`, deploy: null };
              break;
            }
            case 'fails':
              wanted.set((await write('fails', ours, version)).deploy, {
                ...{ next: null, carrier: null, back: null },
              });
              break;
            case 'released by hand':
              ours.runs = { version: `${version} by hand`, deploy: null };
              break;
            case 'live again':
            case 'live by that name':
            case 'live': {
              const way = step === 'live again' ? 'found' : 'live';
              const { deploy } = await write(way, ours, released);
              named = released;
              const last = wanted.get(lives.at(-1) ?? '');
              if (last !== undefined) last.next = { deploy, at: expect.any(String) };
              for (const one of wanted.values()) one.carrier ??= deploy;
              wanted.set(deploy, { next: null, carrier: null, back: null });
              lives.push(deploy);
              ours.runs = { version: released, deploy };
            }
          }
        }
        const deploys = [...wanted.keys()];
        const found = await readAftermaths(log, deploys);
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
        const left = deploys.filter((deploy) => wanted.get(deploy)?.back != null);
        const search = { lane: 'acme-web', isRolledBack: true, limit: 100 };
        const { stories } = await searchDeploys(log, search);
        const sought = stories.map(({ row }) => row.deploy);
        expect(sought).toEqual(expect.arrayContaining(left));
        // More than those, but nothing that was never live, and nothing where nobody went back.
        expect(lives).toEqual(expect.arrayContaining(sought));
        const isBack = all.some((step) => step === 'ordered back' || step === 'met back');
        if (!isBack) expect(sought).toEqual([]);
        // Each row is what its own events say.
        await readDeployStories(log, { limit: 100 });
        await log.close();
        await remove();
      }),
      {
        numRuns,
        // What another lane did between two steps of ours is none of ours.
        examples: [
          [['live', 'met back elsewhere']],
          [['live', 'live elsewhere', 'ordered back', 'live']],
        ],
      },
    );
  },
);

it.each([
  { engine: 'SQLite', store: sqliteStore },
  { engine: 'PostgreSQL', store: postgres.store },
])('is told of more deploys than a query takes values ($engine)', async ({ store }) => {
  const { url, remove } = await store();
  const log = await openLog(url, { projections });
  const commit = 'c'.repeat(40);
  const deploy = await writeDeploy(log, { label: '1', commit }, wayToLive(commit, null, 'v1'));
  const many = Array.from({ length: 70_000 }, (_, n) => `none-${n}`);
  expect([...(await readAftermaths(log, [...many, deploy])).keys()]).toEqual([deploy]);
  await log.close();
  await remove();
});

it('a deploy that was asked for before carries nothing of what came after it, and counts by what it meets', async () => {
  const log = await openLog('sqlite::memory:', { projections });
  const commitOf = (n: number): string => `${n}`.repeat(8).padEnd(40, 'c');
  /** Its last event comes once something else happened. */
  const around = async (n: number, events: DomainEvent[], meanwhile: () => Promise<string>) => {
    const made = deployEvents({ label: `${n}`, commit: commitOf(n) }, events);
    const stream = deployStream(`${n}-${commitOf(n).slice(0, 8)}`);
    await log.append([{ stream, expected: 'none', events: made.slice(0, -1) }]);
    const found = await meanwhile();
    await log.append([{ stream, expected: 'any', events: made.slice(-1) }]);
    return found;
  };
  const live = (n: number) => wayToLive(commitOf(n), null, `v${n}`);
  const { rollback } = samples['production.held'];
  const met = { ...rollback, kind: 'rollback' as const, before: 'v2', by: 'bo', at: 'day 1' };
  const second = await around(
    1,
    [...wayToGates(commitOf(1), null, 'v1'), sample('production.held', { rollback: met })],
    () => writeDeploy(log, { label: '2', commit: commitOf(2) }, live(2)),
  );
  const failed = await around(3, live(3), () =>
    writeDeploy(log, { label: '4', commit: commitOf(4) }, [
      sample('lock.acquired'),
      sample('deploy.failed', { step: 'observe' as const }),
    ]),
  );
  const third = `3-${commitOf(3).slice(0, 8)}`;
  expect(Object.fromEntries(await readAftermaths(log, [second, failed]))).toEqual({
    [second]: {
      ...{ next: { deploy: third, at: expect.any(String) }, carrier: third },
      back: { by: 'bo', at: 'day 1', to: null },
    },
    [failed]: { next: null, carrier: null, back: null },
  });
  await log.close();
});
