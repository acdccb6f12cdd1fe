/** GitHub's answers about deployments and comments: which of them is ours, and what is not believed. */
import { describe, expect, it } from 'vitest';
import { createGitHubApi } from '../../../../src/effects/channels/github/api.ts';
import type { HttpRequest } from '../../../../src/effects/http/request.ts';

const asked: string[] = [];
const api = createGitHubApi({
  baseUrl: 'https://api.github.test',
  token: 'ghs-token',
  of: { owner: 'acme', name: 'web' },
});
/** Ports by which GitHub answers these one after the other, the last one for ever. */
function answering(...bodies: readonly unknown[]) {
  asked.splice(0);
  const send = async ({ method, url }: HttpRequest) => {
    asked.push(`${method} ${url.replace('https://api.github.test/repos/acme/web', '')}`);
    const body = bodies[Math.min(asked.length, bodies.length) - 1];
    return { status: 200, headers: {}, body: JSON.stringify(body) };
  };
  const { signal } = new AbortController();
  return { http: { send, vendorClock: () => null, assertHeld: async () => {} }, signal } as never;
}

describe('a deployment', () => {
  const wanted = {
    sha: 'a'.repeat(40),
    environment: 'production',
    task: 'deploy',
    description: '',
    payload: { deploy: '502-1a5f89db', lane: 'acme-web' },
    isProduction: true,
  };
  const { payload } = wanted;

  it.each<[string, unknown, boolean]>([
    ['an object', payload, true],
    ['the text of one', JSON.stringify(payload), true],
    ['one with more in it', { ...payload, more: 1 }, true],
    ['of another deploy', { ...payload, deploy: '503-1a5f89db' }, false],
    ['of no lane', { deploy: payload.deploy }, false],
    ['a text that is no JSON', '{', false],
    ['the text of a number', '7', false],
    ['the text of null', 'null', false],
    ['null', null, false],
    ['empty', '', false],
  ])('is ours by its payload: %s', async (_, given, isOurs) => {
    const found = await api.findDeployment(
      wanted,
      answering([
        { id: 1, payload: { deploy: 'other' } },
        { id: 2, payload: given },
      ]),
    );
    expect(found).toBe(isOurs ? 2 : null);
    // Its payload alone is also a part of those of the pull requests that it carries.
    expect(asked).toEqual([
      `GET /deployments?sha=${wanted.sha}&environment=production&task=deploy&per_page=100`,
    ]);
  });

  it.each<[string, object[], object | null]>([
    ['none', [], null],
    ['one', [{ state: 'success', description: 'live' }], { state: 'success', description: 'live' }],
    [
      'one without words',
      [{ state: 'failure', description: null }],
      { state: 'failure', description: '' },
    ],
  ])('has the newest status: %s', async (_, body, status) => {
    expect(await api.statusOf(7, answering(body))).toEqual(status);
    expect(asked).toEqual(['GET /deployments/7/statuses?per_page=1']);
  });
});

describe('a comment', () => {
  const page = (count: number, body: string | null = 'hello') =>
    Array.from({ length: count }, () => ({ body }));

  it.each<[string, readonly unknown[][], boolean, number]>([
    ['on no page', [page(3)], false, 1],
    ['among bodies that are none', [[{ body: null }, {}, { body: 'our mark here' }]], true, 1],
    ['on the second page', [page(100), page(2, 'our mark')], true, 2],
    ['after a full page that is the last', [page(100), []], false, 2],
    ['that may be beyond what is looked at', [page(100)], true, 10],
  ])('is looked for: %s', async (_, pages, isThere, requests) => {
    expect(await api.hasComment(7, 'our mark', answering(...pages))).toBe(isThere);
    expect(asked).toHaveLength(requests);
    expect(asked.at(-1)).toBe(`GET /issues/7/comments?per_page=100&page=${requests}`);
  });
});

it('only pull requests that were merged brought a commit in', async () => {
  const head = { sha: 'b'.repeat(40) };
  const pulls = [
    { number: 7, merged_at: null, head },
    { number: 8, merged_at: '2026-01-05T10:00:00Z', head },
  ];
  expect(await api.mergedPulls('a', answering(pulls))).toEqual([{ number: 8, sha: head.sha }]);
});
