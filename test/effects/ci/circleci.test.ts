/** CircleCI's pipelines, workflows and jobs, read as a queue of builds: the sandbox's, as a test makes them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createCircleCi } from '../../../src/effects/ci/circleci.ts';
import { circleCiApi } from '../../../src/effects/ci/circleci-vendor.ts';
import type { JobStatus } from '../../../src/sandbox/circleci/builds.ts';
import { AskingSandbox } from '../asking-sandbox.ts';
import { toldBy, toldFailureOf } from '../lockstep-error.ts';

interface Job {
  readonly name: string;
  readonly status: JobStatus;
  /** What the job knows itself as; one that waits has none yet, unless it is said. */
  readonly number?: number;
  /** People have to approve it. */
  readonly approval?: true;
}

let world: AskingSandbox;
/** A second later with each job. */
let now = Date.parse('2026-01-05T09:50:00Z');
const newWorld = () => new AskingSandbox({ now: () => now });
beforeEach(() => {
  world = newWorld();
});

const branch = 'main';
const revision = (number: number): string => number.toString(16).padStart(40, '0');

/**
 * A pipeline of that number, with the jobs of each of its workflows, oldest first.
 *
 * @param told what CircleCI says of its workflows, where it is not what their jobs come to
 */
function put(number: number, workflows: readonly (readonly Job[])[], told?: string): void {
  for (const [place, jobs] of workflows.entries()) {
    for (const [at, { name, status, number: own, approval }] of jobs.entries()) {
      now += 1_000;
      const { pipelineId } = world.sandbox.control.ciBuild({
        ...{ branch, job: name, status, commit: revision(number), pipeline: number },
        ...(own === undefined ? {} : { number: own, startedAt: now }),
        ...(approval === undefined ? {} : { approval }),
        ...(place > 0 && at === 0 ? { rerun: true } : {}),
      });
      if (told === undefined) continue;
      world.lies.set(`/pipeline/${pipelineId}/workflow`, (page: { items: object[] }) => ({
        ...page,
        items: page.items.map((workflow) => ({ ...workflow, status: told })),
      }));
    }
  }
}

const deploy = (status: JobStatus, number?: number): Job => ({
  name: 'deploy',
  status,
  ...(number === undefined ? {} : { number }),
});
/** A person has to approve what comes behind it. */
const hold: Job = { name: 'hold', status: 'on_hold', approval: true };

const builds = (token = world.env.CIRCLE_TOKEN ?? '') =>
  createCircleCi({
    baseUrl: world.env.CIRCLE_API_URL ?? '',
    token,
    projectSlug: 'gh/acme/web',
  }).builds({ job: 'deploy', branch }, world.ports());
const asked = (part: string) => world.sandbox.requests().filter(({ path }) => path.includes(part));

describe('builds', () => {
  it('gives each pipeline’s build of the job, with the label that the job itself knows', async () => {
    const test: Job = { name: 'test', status: 'success' };
    put(106, [[deploy('success', 498)]]);
    put(107, [[{ ...test, number: 501 }, deploy('running', 502)]]);
    put(108, [[test]]);
    expect(await builds()).toEqual([
      { order: 107, id: '502', label: '502', commit: revision(107), state: 'running' },
      { order: 106, id: '498', label: '498', commit: revision(106), state: 'over' },
    ]);
  });

  it.each([
    ['https://circleci.com', 'https://circleci.com/api/v2'],
    ['https://circleci.com//', 'https://circleci.com/api/v2'],
    ['https://circleci.com/api/v2', 'https://circleci.com/api/v2'],
    ['https://proxy.acme.test/circle/', 'https://proxy.acme.test/circle'],
  ])('are of the second version where the address has no path of its own: %s', (given, asked) => {
    expect(circleCiApi(given)).toBe(asked);
  });

  it('asks for those of its branch alone', async () => {
    const commit = revision(105);
    world.sandbox.control.ciBuild({ branch: 'next', job: 'deploy', status: 'running', commit });
    put(106, [[deploy('running', 498)]]);
    expect((await builds()).map(({ order }) => order)).toEqual([106]);
    expect(asked('/project/').map(({ path }) => path)).toEqual([
      '/api/v2/project/gh/acme/web/pipeline',
    ]);
  });

  it.each([
    ['running', 'running'],
    ['queued', 'pending'],
    ['blocked', 'pending'],
    ['not_running', 'pending'],
    ['on_hold', 'held'],
    ['success', 'over'],
    ['not_run', 'over'],
    ['canceled', 'over'],
    ['failed', 'over'],
    ['retried', 'over'],
    ['infrastructure_fail', 'over'],
    ['timedout', 'over'],
    ['terminated-unknown', 'over'],
    ['unauthorized', 'over'],
  ] as const)('calls a job that is %s %s', async (status, state) => {
    put(1, [[deploy(status, 9)]], 'running');
    expect((await builds())[0]?.state).toBe(state);
  });

  it('calls a job of which something is said that nobody knows running', async () => {
    put(1, [[deploy('running', 9)]]);
    world.lies.set('/job', (page: { items: object[] }) => ({
      ...page,
      items: page.items.map((job) => ({ ...job, status: 'a status of tomorrow' })),
    }));
    expect((await builds())[0]?.state).toBe('running');
  });

  it.each([
    ...['success', 'not_run', 'failed', 'error', 'canceled', 'unauthorized'].map((one) => [
      one,
      'over',
    ]),
    ...['running', 'failing', 'on_hold', 'one of tomorrow'].map((one) => [one, 'running']),
  ])('of a workflow that is %s a job that still says it runs is %s', async (workflow, state) => {
    put(1, [[deploy('running', 9)]], workflow);
    expect((await builds())[0]?.state).toBe(state);
  });

  it('takes the newest workflow of a pipeline that was re-run', async () => {
    put(1, [[deploy('failed', 9)], [deploy('running', 12)]]);
    expect(await builds()).toMatchObject([{ order: 1, label: '12', state: 'running' }]);
  });

  it('takes an older workflow of it with the newest while its job goes on', async () => {
    put(1, [[deploy('failed', 8)], [deploy('running', 9)], [deploy('queued', 12)]]);
    expect(await builds()).toMatchObject([
      { order: 1, label: '12', state: 'pending' },
      { order: 1, label: '9', state: 'running' },
    ]);
  });

  it('follows the pages while builds are under way, up to five of them', async () => {
    for (let number = 1; number <= 100; number++) put(number, [[deploy('running')]]);
    const orders = (await builds()).map(({ order }) => order);
    expect(orders).toEqual(Array.from({ length: 100 }, (_, place) => 100 - place));
  });

  it('fails where builds are under way on the fifth page and there is a sixth: who is before them is unknown', async () => {
    for (let number = 1; number <= 101; number++) put(number, [[deploy('running')]]);
    const error = await toldFailureOf(builds());
    expect(error.code).toBe('E_VENDOR_TOO_LARGE');
    expect(error.message).toContain('more than 5 pages');
  });

  it.each(['pipeline', 'workflow'])(
    'fails where a %s’s own list goes on after five pages',
    async (kind) => {
      put(107, [[deploy('running', 502)]]);
      const body = JSON.stringify({ items: [], next_page_token: 'more' });
      const lists = kind === 'pipeline' ? '/workflow' : '/job';
      world.instead.set(lists, async () => ({ status: 200, headers: {}, body }));
      expect((await toldFailureOf(builds())).code).toBe('E_VENDOR_TOO_LARGE');
    },
  );

  it('asks for no more pages past one whose builds are all over', async () => {
    for (let number = 1; number < 60; number++) put(number, [[deploy('success')]]);
    put(60, [[deploy('running')]]);
    const orders = (await builds()).map(({ order }) => order);
    expect(orders).toEqual(Array.from({ length: 40 }, (_, place) => 60 - place));
  });

  it('calls a job that is blocked in a workflow on hold held: a person has to approve it first', async () => {
    put(1, [[hold, deploy('blocked')]]);
    put(2, [[hold, deploy('queued', 9)]], 'on_hold');
    put(3, [[hold, deploy('running', 12)]], 'on_hold');
    expect((await builds()).map(({ state }) => state)).toEqual(['running', 'pending', 'held']);
  });

  const left = [hold, deploy('blocked')];
  const test: Job = { name: 'test', status: 'running' };
  it.each<[string, readonly Job[] | null, string?]>([
    ['nothing else', null],
    ['a build that runs in a workflow on hold', [hold, deploy('running')], 'on_hold'],
    ['a build that runs', [deploy('running')]],
    ['a build that will run by itself', [deploy('queued')]],
    ['a build blocked by a job that runs', [test, deploy('blocked')]],
    ['a build queued in a workflow on hold', [hold, deploy('queued')], 'on_hold'],
  ])(
    'of 200 pipelines, one on every page on hold for ever, and %s on each',
    async (_, also, told) => {
      const fill = (count: number) => {
        world = newWorld();
        for (let number = 1; number < count; number++) {
          if (number % 20 === 10) put(number, [left]);
          else if (number % 20 === 11 && also !== null) put(number, [also], told);
          else put(number, [[deploy('success')]]);
        }
        put(count, [[deploy('running')]]);
      };
      fill(100);
      expect(await builds()).toHaveLength(also === null ? 40 : 100);
      fill(200);
      if (also === null) expect(await builds()).toHaveLength(40);
      else expect((await toldFailureOf(builds())).code).toBe('E_VENDOR_TOO_LARGE');
    },
  );

  it.each([
    [1, true],
    [5, true],
    [6, false],
  ])(
    'of seven pages of jobs with the named one on page %i: is it known, %s',
    async (page, isKnown) => {
      const jobs = Array.from({ length: 140 }, (_, place): Job => {
        return { name: `test-${place}`, status: 'success' };
      });
      jobs[page * 20 - 1] = deploy('running', 502);
      put(107, [jobs]);
      if (isKnown) expect(await builds()).toMatchObject([{ id: '502', state: 'running' }]);
      else expect((await toldFailureOf(builds())).code).toBe('E_VENDOR_TOO_LARGE');
      expect(asked('/workflow/')).toHaveLength(Math.min(page, 5));
    },
  );

  it('takes a job without a number for nobody’s, though its pipeline’s number is another job’s', async () => {
    put(107, [[deploy('queued')]]);
    expect((await builds())[0]).toMatchObject({ id: null, state: 'pending' });
  });

  it('fails on a refused token without telling it', async () => {
    const token = 'circle-secret-0123456789';
    // CircleCI does not repeat it; should it ever, nobody is told.
    const body = JSON.stringify({ message: `You must log in first. ${token}` });
    for (const isRepeated of [false, true]) {
      const answer = async () => ({ status: 401, headers: {}, body });
      if (isRepeated) world.instead.set('/pipeline', answer);
      const error = await toldFailureOf(builds(token));
      expect(error.code).toBe('E_VENDOR_AUTH');
      expect(toldBy(error)).not.toContain(token);
    }
  });
});

describe('a list that is not of what was asked', () => {
  const pipelinesAre = (over: (pipeline: { vcs: object }) => object) =>
    world.lies.set('/pipeline', (page: { items: { vcs: object }[] }) => ({
      ...page,
      items: page.items.map((one) => ({ ...one, ...over(one) })),
    }));

  it('of another branch is not believed', async () => {
    put(107, [[deploy('running', 502)]]);
    pipelinesAre(({ vcs }) => ({ vcs: { ...vcs, branch: 'other' } }));
    const error = await toldFailureOf(builds());
    expect(error.code).toBe('E_VENDOR_MALFORMED');
    expect(error.message).toContain('pipeline 107 is of other');
  });

  it.each<[string, (pipeline: { vcs: object }) => object, string]>([
    ['no branch', ({ vcs }) => ({ vcs: { ...vcs, branch: undefined } }), revision(107)],
    ['nothing of git', () => ({ vcs: undefined }), ''],
  ])('that tells %s counts: at worst it is waited for', async (_, over, commit) => {
    put(107, [[deploy('running', 502)]]);
    pipelinesAre(over);
    expect(await builds()).toEqual([
      { order: 107, id: '502', label: '502', commit, state: 'running' },
    ]);
  });

  it('of another pipeline’s workflows is not believed', async () => {
    put(107, [[deploy('running', 502)]]);
    world.lies.set('/workflow', (page: { items: object[] }) => ({
      ...page,
      items: page.items.map((one) => ({ ...one, pipeline_id: 'another' })),
    }));
    const error = await toldFailureOf(builds());
    expect(error.message).toContain('it is of pipeline another');
  });

  it('of an older workflow that is not over counts, and one that is does not', async () => {
    put(107, [[deploy('success', 501)], [deploy('running', 502)]]);
    expect((await builds()).map(({ id }) => id)).toEqual(['502']);
    world = newWorld();
    put(107, [[deploy('running', 501)], [deploy('success', 502)]]);
    expect((await builds()).map(({ id }) => id)).toEqual(['502', '501']);
    world = newWorld();
    const beside: Job = { name: 'report', status: 'running', number: 600 };
    put(107, [[deploy('success', 501), beside], [deploy('running', 502)]]);
    expect((await builds()).map(({ id }) => id)).toEqual(['502']);
  });
});
