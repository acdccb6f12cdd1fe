/** Deployments at GitHub's stand-in, of commits in a real repository. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createGitHub } from '../../../src/sandbox/github/github.ts';
import {
  commitLine,
  createRepository,
  setBranch,
  TemporaryFolder,
} from '../../effects/git/git-repository.ts';
import { Asker, shaA, standInOptions } from '../stand-in-server.ts';

const path = '/repos/acme/web/deployments';
const plain = { auto_merge: false, required_contexts: [] };

let folder: TemporaryFolder;
let first: string;
let last: string;
let ask: Asker;
beforeEach(() => {
  folder = new TemporaryFolder();
  createRepository(folder.path);
  [first = '', last = ''] = commitLine(folder.path, 2);
  setBranch(folder.path, 'main', last);
  const github = createGitHub(standInOptions('t', { repositoryPath: () => folder.path }));
  ask = new Asker(github, { authorization: 'Bearer t', 'user-agent': 'tests' });
});
afterEach(() => folder.remove());

const deploy = async (more: object = {}) =>
  (await ask.post(path, { ref: last, ...plain, ...more })).body;
const say = (id: number, state: string, more: object = {}) =>
  ask.post(`${path}/${id}/statuses`, { state, ...more });
const state = async (id: number) => (await ask.get(`${path}/${id}/statuses`)).body[0]?.state;

it('makes a deployment of a commit or a branch, with GitHub’s defaults', async () => {
  const answer = await ask.post(path, { ref: 'main' });
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({
    sha: last,
    ref: 'main',
    task: 'deploy',
    environment: 'production',
    production_environment: true,
    transient_environment: false,
    payload: {},
    description: null,
  });
  expect((await ask.get(`${path}/${answer.body.id}`)).body).toEqual(answer.body);
});

it('lists them newest first, of a commit, a ref or an environment', async () => {
  const a = await deploy({ environment: 'staging' });
  const b = await deploy({ ref: first });
  const ids = async (query: string) =>
    (await ask.get(path + query)).body.map((one: { id: number }) => one.id);
  expect(await ids('')).toEqual([b.id, a.id]);
  expect(await ids('?environment=staging')).toEqual([a.id]);
  expect(await ids(`?sha=${first}`)).toEqual([b.id]);
  expect(await ids('?ref=nothing')).toEqual([]);
});

it('keeps a deployment’s statuses, newest first', async () => {
  const { id } = await deploy();
  const log = 'https://ci.example/1';
  expect((await say(id, 'in_progress', { log_url: log })).status).toBe(201);
  await say(id, 'success');
  const { body } = await ask.get(`${path}/${id}/statuses`);
  expect(body).toMatchObject([
    { state: 'success', environment: 'production' },
    { state: 'in_progress', log_url: log, target_url: log },
  ]);
  expect((await ask.get(`${path}/${id}/statuses/${body[1].id}`)).body).toEqual(body[1]);
});

it('a success makes the earlier ones of its environment inactive, but none of production', async () => {
  const make = async (environment: string) => {
    const { id } = await deploy({ environment });
    await say(id, 'success');
    return id;
  };
  const [staging, production] = [await make('staging'), await make('production')];
  await make('staging');
  await make('production');
  expect([await state(staging), await state(production)]).toEqual(['inactive', 'success']);
  const { id } = await deploy({ environment: 'staging' });
  const before = await make('staging');
  await say(id, 'success', { auto_inactive: false });
  expect(await state(before)).toBe('success');
});

it('answers 202 where it would merge first, for a branch that lacks what the default branch has', async () => {
  setBranch(folder.path, 'old', first);
  const { status, body } = await ask.post(path, { ref: 'old' });
  expect(status).toBe(202);
  expect(body.message).toContain('Auto-merged');
  expect((await ask.get(path)).body).toEqual([]);
  expect((await ask.post(path, { ref: 'old', auto_merge: false })).status).toBe(201);
});

it('answers 409 where checks are required that no commit has here', async () => {
  const { status, body } = await ask.post(path, { ref: last, required_contexts: ['ci/test'] });
  expect(status).toBe(409);
  expect(body).toMatchObject({
    message: `Conflict: Commit status checks failed for ${last}.`,
    errors: [{ field: 'required_contexts', resource: 'Deployment', code: 'invalid' }],
  });
});

it.each([
  [{}, 'Validation Failed', { resource: 'Deployment', field: 'ref', code: 'missing_field' }],
  [{ ref: 7 }, 'Validation Failed', { field: 'ref', code: 'custom' }],
  [{ ref: shaA }, `No ref found for: ${shaA}`, null],
  [{ ref: 'main', description: 'x'.repeat(141) }, 'Validation Failed', { field: 'description' }],
])('answers 422 to %j', async (body, message, fault) => {
  const answer = await ask.post(path, body);
  expect([answer.status, answer.body.message]).toEqual([422, message]);
  if (fault !== null) expect(answer.body.errors).toMatchObject([fault]);
});

it('answers 422 to a state that there is not, and to no JSON', async () => {
  const { id } = await deploy();
  expect((await say(id, 'sideways')).body.errors).toMatchObject([
    { field: 'state', code: 'custom' },
  ]);
  expect((await ask.post(`${path}/${id}/statuses`, '{')).status).toBe(422);
  expect((await ask.post(path, '[]')).status).toBe(422);
});

it('deletes what is inactive, or alone', async () => {
  const [a, b] = [await deploy(), await deploy()];
  const remove = async (id: number) => (await ask.send('DELETE', `${path}/${id}`)).status;
  expect(await remove(a.id)).toBe(422);
  await say(a.id, 'inactive');
  expect(await remove(a.id)).toBe(204);
  expect(await remove(b.id)).toBe(204);
  expect(await remove(b.id)).toBe(404);
});

it.each(['/9', '/9/statuses', '/9/statuses/1'])('says 404 of %s', async (rest) => {
  expect((await ask.get(path + rest)).status).toBe(404);
});
