/** The search for a person, and for a title or a name, against a filter by hand over what deploys tell of themselves. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readDeployStories } from '../../../src/runtime/audit/deploys.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { searchDeploys } from '../../../src/runtime/audit/search-deploys.ts';
import type { EventLog, Json, NewEvent } from '../../../src/store/log.ts';
import { actorCalled } from '../../actor.ts';
import { codePoint, fc } from '../../fast-check.ts';
import { usePostgres } from '../../postgres/use-postgres.ts';
import { sqliteStore } from '../../store/events.ts';
import { storeFixture } from '../../store/fixture.ts';

const names = fc.oneof(
  fc.constantFrom(
    'ana',
    'bo',
    'Ana Lima <ana@acme.test>',
    'Élodie',
    'ÉLODIE',
    'ΟΔΟΣ',
    'οδοσα',
    'İ',
    'ß',
    'e\u0301',
  ),
  fc.constantFrom('a%b', 'a_b', 'a\\b', "o'neil", '"bo"', '$&', '\\n', '%', '_', '\\', ''),
  fc.constantFrom('ana\nbo', '\n', '\nana\n', '\r\n', 'a\0b', '\ud800', '\u2028'),
  fc.string({ unit: codePoint, maxLength: 5 }),
);

/** An event of one of a few deploys; a deploy's first asks for it, and has an author. */
const acts = fc.array(
  fc.record({
    deploy: fc.nat(5),
    lane: fc.constantFrom('acme-web', 'acme-web', 'other'),
    author: fc.option(names),
    /** Null: the event names nobody. */
    actor: fc.option(names, { freq: 8 }),
    /** Written in one append with the one before. */
    isTogether: fc.boolean(),
    /** By a program that keeps no table: it is taken in later, with all that came meanwhile. */
    isBeside: fc.boolean(),
  }),
  { minLength: 1, maxLength: 25, size: 'max' },
);

const wantedOf = (all: readonly string[]) =>
  fc.oneof(
    names,
    fc
      .tuple(fc.constantFrom('', ...all), fc.nat(8), fc.nat(8), fc.nat(2))
      .map(([name, from, length, letters]) => {
        const part = name.slice(from, from + length);
        return [part, part.toUpperCase(), part.toLowerCase()][letters] ?? '';
      }),
  );

function eventBy(actor: string | null, type: string, data: NewEvent['data'], to: string): NewEvent {
  const named = (actor === null ? 'ada' : actorCalled(actor)) as unknown as Json;
  const transition = { from: '', to, settled: false, reason: null };
  return { id: randomUUID(), type, data, metadata: { actor: named, transition } };
}

const asked = (deploy: string, lane: string, author: string | null, actor: string | null) =>
  eventBy(
    actor,
    'deploy.requested',
    {
      ...{ deploy, lane, branch: 'main', build: { label: deploy } },
      commit: { sha: 'c'.repeat(40), title: deploy, ...(author !== null && { author }) },
    },
    'queued',
  );

/** What is compared: no engine takes the one or the other, and a line break is between people. */
const byHand = (name: string): string =>
  name.toWellFormed().replaceAll('\0', '\u{FFFD}').normalize().toUpperCase().replaceAll('\n', ' ');

async function idsFound(log: EventLog, person: string, text = ''): Promise<string[]> {
  const ids: string[] = [];
  for (let after: number | undefined; ; ) {
    const search = { lane: 'acme-web', person, text, limit: 2 };
    const { stories, faults, next } = await searchDeploys(log, { ...search, after });
    expect(faults).toEqual([]);
    ids.push(...stories.map(({ row }) => row.deploy));
    if (next === null) return ids;
    expect(stories).toHaveLength(2);
    after = next;
  }
}

const postgres = usePostgres();

describe.each([
  { engine: 'SQLite', store: sqliteStore, numRuns: 60 },
  { engine: 'PostgreSQL', store: postgres.store, numRuns: 8 },
])('a search for a person on $engine', ({ store, numRuns }) => {
  const fixture = storeFixture(store);

  it('finds whoever wrote the commit or carried the deploy on, and nobody else', async () => {
    const given = acts.chain((all) => {
      const called = all.flatMap(({ author, actor }) => [author ?? '', actor ?? '']);
      return fc.tuple(fc.constant(all), fc.array(wantedOf(called), { minLength: 8, maxLength: 8 }));
    });
    const kept = await fixture.open({ projections });
    const plain = await fixture.open();
    await fc.assert(
      fc.asyncProperty(given, async ([all, wanted]) => {
        const lanes = new Map<string, string>();
        const people = new Map<string, string[]>();
        const order: string[] = [];
        const run = randomUUID().slice(0, 8);
        let together = new Map<string, NewEvent[]>();
        const written = async (log: EventLog) => {
          const appends = [...together].map(([deploy, events]) => ({
            ...{ stream: `deploy/${deploy}`, expected: 'any' as const, events },
          }));
          together = new Map();
          await log.append(appends);
        };
        for (const [n, { lane, author, actor, isTogether, isBeside, ...of }] of all.entries()) {
          const deploy = `${run}-${of.deploy}`;
          const isFirst = !lanes.has(deploy);
          if (isFirst) {
            lanes.set(deploy, lane);
            order.unshift(deploy);
          }
          const event = isFirst
            ? asked(deploy, lane, author, actor)
            : eventBy(actor, 'thing.happened', {}, `s${n}`);
          together.set(deploy, [...(together.get(deploy) ?? []), event]);
          const acted = [...(isFirst ? [author] : []), actor].filter((name) => name !== null);
          people.set(deploy, [...(people.get(deploy) ?? []), ...acted]);
          if (!isTogether) await written(isBeside ? plain : kept);
        }
        await written(kept);
        for (const person of wanted) {
          const has = (deploy: string) =>
            people.get(deploy)?.some((name) => byHand(name).includes(byHand(person)));
          const ours = order.filter((deploy) => lanes.get(deploy) === 'acme-web');
          expect(await idsFound(kept, person, run)).toEqual(
            person === '' ? ours : ours.filter(has),
          );
        }
        // Each row is what its own events say, whichever were taken in together.
        await readDeployStories(kept, { limit: 100 });
      }),
      { numRuns },
    );
  });

  it('finds a text in a title, and as the beginning of what a deploy is called', async () => {
    const log = await fixture.open({ projections });
    const called = fc.record({ title: names, build: names, sha: fc.constantFrom('abc', 'c0ffee') });
    const given = fc.array(called, { minLength: 1, maxLength: 8 }).chain((all) => {
      const words = all.flatMap(({ title, build, sha }) => [title, build, sha]);
      return fc.tuple(fc.constant(all), fc.array(wantedOf(words), { minLength: 8, maxLength: 8 }));
    });
    await fc.assert(
      fc.asyncProperty(given, async ([all, wanted]) => {
        const lane = randomUUID();
        const deploys = all.map((one, n) => ({ ...one, deploy: `${n}-${lane}-é` }));
        const appends = deploys.map(({ deploy, title, build, sha }) => ({
          ...{ stream: `deploy/${deploy}`, expected: 0 },
          events: [
            eventBy(
              'ana',
              'deploy.requested',
              { deploy, lane, branch: 'main', build: { label: build }, commit: { sha, title } },
              'queued',
            ),
          ],
        }));
        await log.append(appends);
        for (const text of [...wanted, `0-${lane}-É`, '-é']) {
          const found = await searchDeploys(log, { lane, text, limit: 50 });
          const isMeant = ({ deploy, title, build, sha }: (typeof deploys)[number]) =>
            byHand(title).includes(byHand(text)) ||
            [deploy, build, sha].some((name) => byHand(name).startsWith(byHand(text)));
          const meant = deploys.filter(isMeant).map(({ deploy }) => deploy);
          expect(found.stories.map(({ row }) => row.deploy)).toEqual(meant.toReversed());
        }
      }),
      { numRuns },
    );
  });

  it('finds what is the person’s at once, however far back', async () => {
    const log = await fixture.open({ projections });
    const streams = Array.from({ length: 600 }, (_, n) => ({
      ...{ stream: `deploy/${n}`, expected: 0 },
      events: [asked(`${n}`, 'acme-web', n === 0 ? 'Zoe' : null, 'ana')],
    }));
    await log.append(streams);
    const found = await searchDeploys(log, { lane: 'acme-web', person: 'zoe', limit: 50 });
    expect(found.stories.map(({ row }) => row.deploy)).toEqual(['0']);
    expect(found.next).toBeNull();
  });

  it('finds what was asked for from one time on and before another; the last page may be full', async () => {
    const log = await fixture.open({ projections });
    for (const n of ['1', '2', '3']) {
      await log.append([
        { stream: `deploy/${n}`, expected: 0, events: [asked(n, 'acme-web', null, 'ana')] },
      ]);
      // Of each its own millisecond.
      const { time = '' } = (await log.readStream(`deploy/${n}`))[0] ?? {};
      while (new Date().toISOString() <= time);
    }
    const [, second, third] = await log.readAll({ after: 0, limit: 3, streamPrefix: 'deploy/' });
    const found = async (more: { since?: string; until?: string }, limit: number) => {
      const { stories, next } = await searchDeploys(log, { lane: 'acme-web', limit, ...more });
      return [stories.map(({ row }) => row.deploy), next];
    };
    expect(await found({ until: third?.time ?? '' }, 2)).toEqual([['2', '1'], null]);
    expect(await found({ since: second?.time ?? '' }, 2)).toEqual([['3', '2'], null]);
    expect(await found({}, 2)).toEqual([['3', '2'], second?.position]);
  });

  it('finds a name of any length', async () => {
    const log = await fixture.open({ projections });
    const name = 'Ana '.repeat(20_000);
    await log.append([
      { stream: 'deploy/1', expected: 0, events: [asked('1', 'acme-web', null, name)] },
    ]);
    expect(await idsFound(log, name)).toEqual(['1']);
    expect(await idsFound(log, `${name}x`)).toEqual([]);
  });

  it('takes in more people of one deploy at once than a statement has room for', async () => {
    const plain = await fixture.open();
    const events = Array.from({ length: 1_100 }, (_, n) =>
      n === 0 ? asked('1', 'acme-web', null, 'p0.') : eventBy(`p${n}.`, 'thing.happened', {}, 's'),
    );
    await plain.append([{ stream: 'deploy/1', expected: 0, events }]);
    const log = await fixture.open({ projections });
    for (const person of ['p0.', 'p999.', 'P1099.']) {
      expect(await idsFound(log, person)).toEqual(['1']);
    }
    expect(await idsFound(log, 'p1100.')).toEqual([]);
  });
});
