/** Every answer of CircleCI's stand-in against CircleCI's published schema, on a tour of every route. */
import { describe, expect, it } from 'vitest';
import { jobStatuses } from '../../../src/sandbox/circleci/builds.ts';
import { createCircleCi } from '../../../src/sandbox/circleci/circleci.ts';
import { Asker, shaA, standInOptions } from '../stand-in-server.ts';
import { findContract, missedRoutes } from '../vendor-contract.ts';

const contract = findContract('circleci-openapi-v2.used.json');
const v2 = '/project/gh/acme/web';

async function tour() {
  const circleci = createCircleCi(standInOptions('t'));
  // The schema's paths begin after the version.
  const ask = new Asker(
    {
      fetch: (request) =>
        circleci.fetch(new Request(request.url.replace('.test/', '.test/api/v2/'), request)),
    },
    { 'circle-token': 't' },
  );
  let last = circleci.control.ciBuild({
    branch: 'main',
    job: 'hold',
    commit: shaA,
    status: 'on_hold',
    approval: true,
  });
  for (const status of jobStatuses) {
    last = circleci.control.ciBuild({ branch: 'main', job: 'deploy', commit: shaA, status });
    await ask.get(`/workflow/${last.workflowId}/job`);
    // The schema wants a start of every job: what has not begun has none to show.
    if (isStarted(status)) await ask.get(`${v2}/job/${last.number}`);
  }
  for (let more = 0; more < 20; more++) {
    last = circleci.control.ciBuild({
      branch: 'main',
      job: 'deploy',
      commit: shaA,
      status: 'running',
    });
  }
  await ask.get('/me');
  const { body } = await ask.get(`${v2}/pipeline?branch=main`);
  await ask.get(`${v2}/pipeline?page-token=${body.next_page_token}`);
  await ask.get(`/pipeline/${last.pipelineId}/workflow`);
  await ask.get('/workflow/none/job');
  await ask.get(`${v2}/pipeline`, { 'circle-token': 'wrong' });
  await ask.get(`${v2}/pipeline?page-token=wrong`);
  return { stops: ask.stops, routes: circleci.routes };
}

/** The schema has no null there, and the vendor sends it of jobs that have not begun. */
const sentBeyondSchema = '/items/0/started_at must be string';

const isStarted = (status: string): boolean =>
  !['queued', 'not_running', 'on_hold', 'blocked', 'not_run'].includes(status);

describe.runIf(contract !== null)('CircleCI’s contract', () => {
  it('holds for every answer on a tour of every route', async () => {
    const held = contract?.();
    const { stops } = await tour();
    expect(stops.length).toBeGreaterThan(25);
    for (const stop of stops) {
      const faults = held?.faults(stop).filter((fault) => !fault.startsWith(sentBeyondSchema));
      expect(faults, `${stop.method} ${stop.path}: ${stop.text}`).toEqual([]);
    }
  });

  it('is toured whole: no route of the stand-in is left out', async () => {
    const { stops, routes } = await tour();
    const inV2 = routes.map(({ method, path }) => ({ method, path: path.replace('/api/v2', '') }));
    expect(inV2.length).toBeGreaterThan(3);
    expect(missedRoutes(inV2, stops)).toEqual([]);
  });

  it('finds an answer that breaks it', async () => {
    const held = contract?.();
    const { stops } = await tour();
    const stop = stops.find(({ path }) => path.endsWith('/workflow'));
    if (stop === undefined) throw new Error('the tour saw no workflow');
    const [one] = stop.body.items;
    const faultsOf = (change: object) =>
      held?.faults({ ...stop, body: { ...stop.body, items: [{ ...one, ...change }] } });
    expect(faultsOf({})).toEqual([]);
    expect(faultsOf({ status: 'queued' })).not.toEqual([]);
    expect(faultsOf({ id: 'one' })).not.toEqual([]);
    expect(held?.faults({ ...stop, path: '/nowhere' })).not.toEqual([]);
  });
});
