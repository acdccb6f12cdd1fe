/** CircleCI's pipelines, workflows and jobs, read as a queue of builds. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCircleCi } from '../../../src/effects/ci/circleci.ts';
import { type AnsweringServer, type Reply, startAnsweringServer } from '../answering-server.ts';
import { failureOf, toldBy } from '../lockstep-error.ts';
import { createLoopbackPorts, type LoopbackPorts } from '../loopback-ports.ts';

interface Job {
  readonly name: string;
  readonly status: string;
  readonly job_number?: number;
}
interface Workflow {
  readonly status: string;
  readonly jobs: readonly Job[];
}

const token = 'circle-secret-0123456789';
let server: AnsweringServer;
let ports: LoopbackPorts;
/** By the pipeline's number; of each the workflows, oldest first. */
let world: Map<number, Workflow[]>;
let pageSize: number;
let refuse: Reply | null;
/** `pipeline` or `workflow`: the list of each of them never ends then, every page names another. */
let endless: string;

beforeEach(async () => {
  world = new Map();
  pageSize = 20;
  refuse = null;
  endless = '';
  server = await startAnsweringServer(({ path }) => refuse ?? answer(path));
  ports = createLoopbackPorts();
});
afterEach(async () => {
  await ports.close();
  await server.close();
});

const revision = (number: number): string => number.toString(16).padStart(40, '0');
const list = (items: unknown[], next: string | null = null): Reply => ({
  status: 200,
  body: JSON.stringify({ items, next_page_token: next }),
});

function answer(path: string): Reply {
  const url = new URL(path, server.url);
  const [, kind, id = ''] =
    /^\/api\/v2\/(project|pipeline|workflow)\/([^/]+)/.exec(url.pathname) ?? [];
  if (kind === 'project') {
    const from = Number(url.searchParams.get('page-token') ?? '0');
    const all = [...world.keys()].sort((a, b) => b - a);
    const page = all.slice(from, from + pageSize).map((number) => ({
      id: `p-${number}`,
      number,
      vcs: { branch: 'main', revision: revision(number) },
    }));
    return list(page, from + pageSize < all.length ? String(from + pageSize) : null);
  }
  if (kind === endless) return list([], 'more');
  const [, number = '', place = ''] = id.split('-');
  const workflows = world.get(Number(number)) ?? [];
  if (kind === 'pipeline') {
    return list(
      workflows.map(({ status }, index) => ({
        id: `w-${number}-${index}`,
        pipeline_id: id,
        status,
        created_at: `2026-01-05T09:50:0${index}Z`,
      })),
    );
  }
  const from = Number(url.searchParams.get('page-token') ?? '0');
  const jobs = workflows[Number(place)]?.jobs ?? [];
  const isMore = from + pageSize < jobs.length;
  return list(jobs.slice(from, from + pageSize), isMore ? String(from + pageSize) : null);
}

const deploy = (status: string, number?: number): Job => ({
  name: 'deploy',
  status,
  ...(number === undefined ? {} : { job_number: number }),
});
const one = (workflow: string, job: Job): Workflow[] => [{ status: workflow, jobs: [job] }];
const builds = () =>
  createCircleCi({ baseUrl: server.url, token, projectSlug: 'gh/acme/web' }).builds(
    { job: 'deploy', branch: 'main' },
    ports,
  );

describe('builds', () => {
  it('gives each pipeline’s build of the job, with the label that the job itself knows', async () => {
    const test = { name: 'test', status: 'success', job_number: 501 };
    world.set(106, one('success', deploy('success', 498)));
    world.set(107, [{ status: 'running', jobs: [test, deploy('running', 502)] }]);
    world.set(108, one('running', test));
    expect(await builds()).toEqual([
      { order: 107, id: '502', label: '502', commit: revision(107), state: 'running' },
      { order: 106, id: '498', label: '498', commit: revision(106), state: 'over' },
    ]);
    expect(server.asked[0]?.path).toBe('/api/v2/project/gh/acme/web/pipeline?branch=main');
    expect(server.asked[0]?.headers['circle-token']).toBe(token);
  });

  it.each([
    ['running', 'running'],
    ['queued', 'pending'],
    ['blocked', 'pending'],
    ['on_hold', 'held'],
    ['canceled', 'over'],
    ['failed', 'over'],
    ['timedout', 'over'],
    ['a status of tomorrow', 'running'],
  ])('calls a job that is %s %s', async (status, state) => {
    world.set(1, one('running', deploy(status, 9)));
    expect((await builds())[0]?.state).toBe(state);
  });

  it('counts a build of a cancelled workflow as over, whatever its job still says', async () => {
    world.set(1, one('canceled', deploy('running', 9)));
    expect((await builds())[0]?.state).toBe('over');
  });

  it('takes the newest workflow of a pipeline that was re-run', async () => {
    world.set(1, [...one('failed', deploy('failed', 9)), ...one('running', deploy('running', 12))]);
    expect(await builds()).toMatchObject([{ order: 1, label: '12', state: 'running' }]);
  });

  it('takes an older workflow of it with the newest while its job goes on', async () => {
    world.set(1, [
      ...one('failed', deploy('failed', 8)),
      ...one('running', deploy('running', 9)),
      ...one('running', deploy('queued', 12)),
    ]);
    expect(await builds()).toMatchObject([
      { order: 1, label: '12', state: 'pending' },
      { order: 1, label: '9', state: 'running' },
    ]);
  });

  it('follows the pages while builds are under way, up to five of them', async () => {
    pageSize = 1;
    for (let number = 1; number <= 5; number++) {
      world.set(number, one('running', deploy('running', 100 + number)));
    }
    expect((await builds()).map(({ order }) => order)).toEqual([5, 4, 3, 2, 1]);
  });

  it('fails where builds are under way on the fifth page and there is a sixth: who is before them is unknown', async () => {
    pageSize = 1;
    for (let number = 1; number <= 6; number++) {
      world.set(number, one('running', deploy('running', 100 + number)));
    }
    const error = await failureOf(builds());
    expect(error.code).toBe('E_VENDOR_TOO_LARGE');
    expect(error.message).toContain('more than 5 pages');
  });

  it.each(['pipeline', 'workflow'])(
    'fails where a %s’s own list goes on after five pages',
    async (kind) => {
      world.set(107, one('running', deploy('running', 502)));
      endless = kind;
      expect((await failureOf(builds())).code).toBe('E_VENDOR_TOO_LARGE');
    },
  );

  it('asks for no more pages past one whose builds are all over', async () => {
    pageSize = 1;
    world.set(3, one('running', deploy('running', 103)));
    world.set(2, one('success', deploy('success', 102)));
    world.set(1, one('success', deploy('success', 101)));
    expect((await builds()).map(({ order }) => order)).toEqual([3, 2]);
  });

  it('calls a job that is blocked in a workflow on hold held: a person has to approve it first', async () => {
    world.set(1, one('on_hold', deploy('blocked')));
    world.set(2, one('on_hold', deploy('queued', 9)));
    world.set(3, one('on_hold', deploy('running', 10)));
    expect((await builds()).map(({ state }) => state)).toEqual(['running', 'pending', 'held']);
  });

  const mine = one('running', deploy('running', 9000));
  const left = one('on_hold', deploy('blocked'));
  it.each<[string, Workflow[] | null]>([
    ['nothing else', null],
    ['a build that runs in a workflow on hold', one('on_hold', deploy('running', 5))],
    ['a build that runs', one('running', deploy('running', 5))],
    ['a build that will run by itself', one('running', deploy('queued', 5))],
    ['a build blocked by a job that runs', one('running', deploy('blocked'))],
    ['a build queued in a workflow on hold', one('on_hold', deploy('queued', 5))],
  ])('of 200 pipelines, one on every page on hold for ever, and %s on each', async (_, also) => {
    const fill = (count: number) => {
      for (let number = 1; number <= count; number++) {
        world.set(number, one('success', deploy('success', number)));
        if (number % 20 === 10) world.set(number, left);
        if (number % 20 === 11 && also !== null) world.set(number, also);
      }
      world.set(count, mine);
    };
    fill(100);
    expect(await builds()).toHaveLength(also === null ? 40 : 100);
    fill(200);
    if (also === null) expect(await builds()).toHaveLength(40);
    else expect((await failureOf(builds())).code).toBe('E_VENDOR_TOO_LARGE');
  });

  it.each([
    [1, true],
    [5, true],
    [6, false],
  ])(
    'of seven pages of jobs with the named one on page %i: is it known, %s',
    async (page, isKnown) => {
      const jobs = Array.from({ length: 140 }, (_, place) => ({
        name: `test-${place}`,
        status: 'success',
      }));
      jobs[page * 20 - 1] = deploy('running', 502) as (typeof jobs)[number];
      world.set(107, [{ status: 'running', jobs }]);
      if (isKnown) expect(await builds()).toMatchObject([{ id: '502', state: 'running' }]);
      else expect((await failureOf(builds())).code).toBe('E_VENDOR_TOO_LARGE');
      const lists = server.asked.filter(({ path }) => path.includes('/workflow/'));
      expect(lists).toHaveLength(Math.min(page, 5));
    },
  );

  it('takes a job without a number for nobody’s, though its pipeline’s number is another job’s', async () => {
    world.set(107, one('running', { name: 'deploy', status: 'queued' }));
    expect((await builds())[0]).toMatchObject({ id: null, state: 'pending' });
  });

  it('fails on a refused token without telling it', async () => {
    refuse = { status: 401, body: JSON.stringify({ message: `You must log in first. ${token}` }) };
    const error = await failureOf(builds());
    expect(error.code).toBe('E_VENDOR_AUTH');
    expect(toldBy(error)).not.toContain(token);
  });
});
