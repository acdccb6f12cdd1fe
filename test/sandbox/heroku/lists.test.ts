/** Lists by `Range`: parts, what comes next, orders, and ranges that cannot be given. */
import { describe, expect, it } from 'vitest';
import { type Reply, shaA, staging, type Visitor, visit } from '../visitor.ts';

const list = (visitor: Visitor, what: string, range?: string): Promise<Reply> =>
  visitor.heroku(
    'GET',
    `/apps/${staging}/${what}`,
    undefined,
    range === undefined ? {} : { range },
  );

/** Every page, by echoing `Next-Range`. */
async function follow(visitor: Visitor, what: string, first: string): Promise<Reply[]> {
  const pages: Reply[] = [];
  for (let range: string | null = first; range !== null; ) {
    const page = await list(visitor, what, range);
    pages.push(page);
    range = page.status === 206 ? page.headers.get('next-range') : null;
  }
  return pages;
}

describe('a list', () => {
  it('comes in parts, each item once, newest first when asked for', async () => {
    const { sandbox, visitor } = visit();
    for (let i = 0; i < 4; i++) sandbox.control.seed({ app: staging, commit: shaA });
    const pages = await follow(visitor, 'releases', 'version ..; max=3, order=desc');
    expect(pages.map(({ status, body }) => [status, body.map(versionOf)])).toEqual([
      [206, [7, 6, 5]],
      [206, [4, 3, 2]],
      [200, [1]],
    ]);
    expect(pages[0]?.headers.get('next-range')).toBe('version ]5..; max=3, order=desc');
    expect(pages[0]?.headers.get('content-range')).toBe('version 7..5; max=3, order=desc');
    expect(pages[2]?.headers.get('next-range')).toBeNull();
  });

  it('of builds can be followed by the time they were started', async () => {
    const { visitor, pass } = visit();
    const made: string[] = [];
    for (let i = 0; i < 3; i++) {
      made.push((await visitor.build(staging, shaA)).id);
      if (i > 0) pass(60_000);
    }
    const pages = await follow(visitor, 'builds', 'started_at ..; max=1, order=desc');
    const ids = pages.flatMap(({ body }) => body.map(({ id }: { id: string }) => id));
    expect(ids).toEqual(made.toReversed());
  });

  it('is ascending by its first key when nothing is asked, and says by what it can be ordered', async () => {
    const { visitor } = visit();
    const { status, body, headers } = await list(visitor, 'releases');
    expect([status, body.map(versionOf)]).toEqual([200, [1, 2, 3]]);
    expect(headers.get('accept-ranges')).toBe('id, version');
  });

  it('keeps within bounds that are given', async () => {
    const { visitor } = visit();
    const asked = async (range: string) =>
      (await list(visitor, 'releases', range)).body.map(versionOf);
    expect(await asked('version 2..3')).toEqual([2, 3]);
    expect(await asked('version ]1..2; max=1000;')).toEqual([2]);
    expect(await asked('version ]3..')).toEqual([]);
  });

  it('shows nothing new, and as current what was so, while its reads are stale', async () => {
    const { sandbox, visitor, pass } = visit();
    sandbox.control.seed({ app: staging, commit: shaA });
    // In the same instant: what there was is shown all the same.
    sandbox.control.staleReads({ app: staging, forMs: 5_000 });
    sandbox.control.seed({ app: staging, commit: shaA });
    const newest = async () => {
      const [first] = await visitor.releases(staging);
      return [first.version, first.current];
    };
    expect(await newest()).toEqual([4, true]);
    expect((await visitor.heroku('GET', `/apps/${staging}/releases/5`)).status).toBe(200);
    pass(5_000);
    expect(await newest()).toEqual([5, true]);
  });
});

it('a range that cannot be read or given is refused in Heroku’s words', async () => {
  const { visitor } = visit();
  const asked = async (range: string) => {
    const { status, body } = await list(visitor, 'releases', range);
    return [status, body.id];
  };
  expect(await asked('version ..; max=10; order=desc')).toEqual([400, 'bad_request']);
  expect(await asked('shoe-size ..')).toEqual([400, 'bad_request']);
  expect(await asked('version .., order=desc')).toEqual([416, 'requested_range_not_satisfiable']);
});

const versionOf = ({ version }: { version: number }): number => version;
