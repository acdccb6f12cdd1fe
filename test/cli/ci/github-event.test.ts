/** What GitHub’s event says of the commit that a run is about: a table of payloads, and of what is wrong with one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testedCommit } from '../../../src/cli/ci/github-event.ts';

const sha = '1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-event-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @param payload text is written as it is */
function tested(event: string, payload: unknown) {
  const file = join(folder, 'event.json');
  writeFileSync(file, typeof payload === 'string' ? payload : JSON.stringify(payload));
  return testedCommit({ GITHUB_EVENT_NAME: event, GITHUB_EVENT_PATH: file });
}

const of = { head_sha: sha, head_branch: 'main', conclusion: 'success' };
const here = { full_name: 'acme/web' };
const run = (more: object = {}) => ({
  repository: here,
  workflow_run: { ...of, event: 'push', head_repository: here, ...more },
});
const suite = (more: object = {}) => ({ check_suite: { ...of, ...more } });
const check = (more: object = {}, itsSuite: object = {}) => ({
  check_run: {
    ...{ head_sha: sha, conclusion: 'success', ...more },
    check_suite: { ...of, conclusion: null, ...itsSuite },
  },
});
const status = (state: string, ...branches: string[]) => ({
  ...{ sha, state, branches: branches.map((name) => ({ name })) },
});
const branch = { kind: 'branch', name: 'main' };
const untested = (what: string, how: string) => ({
  kind: 'untested',
  why: `${what} that it follows ended with ${how}, not with success`,
});
const ofNoBranch = 'the status is of a commit that is the tip of no branch, or of several';

describe('the commit that was tested', () => {
  it.each<[string, string, unknown, object]>([
    ...['push', 'workflow_dispatch', 'repository_dispatch', 'schedule'].map(
      (event): [string, string, unknown, object] => [
        `a workflow run by ${event}`,
        'workflow_run',
        run({ event }),
        branch,
      ],
    ),
    ...['pull_request', 'pull_request_target'].map((event): [string, string, unknown, object] => [
      `a workflow run by ${event}`,
      'workflow_run',
      run({ event }),
      { kind: 'pull request', shown: `the workflow run was started by ${event}` },
    ]),
    [
      'a workflow run of a fork’s branch of that name',
      'workflow_run',
      run({ head_repository: { full_name: 'mallory/web' } }),
      { kind: 'pull request', shown: 'the workflow run was of mallory/web' },
    ],
    [
      'a workflow run by a merge queue',
      'workflow_run',
      run({ event: 'merge_group' }),
      { kind: 'merge queue', shown: 'the workflow run was started by merge_group' },
    ],
    [
      'a workflow run by a release',
      'workflow_run',
      run({ event: 'release' }),
      { kind: 'tag', shown: 'the workflow run was started by release' },
    ],
    [
      'a workflow run by another one',
      'workflow_run',
      run({ event: 'workflow_run' }),
      {
        kind: 'unclear',
        why: 'the workflow run was started by workflow_run, and such a run does not say which commit it tested',
      },
    ],
    [
      'a workflow run that failed',
      'workflow_run',
      run({ conclusion: 'failure' }),
      untested('the workflow run', 'failure'),
    ],
    [
      'a workflow run that is not over',
      'workflow_run',
      run({ conclusion: null }),
      untested('the workflow run', 'nothing yet'),
    ],
    [
      'a workflow run of a merge queue’s branch',
      'workflow_run',
      run({ head_branch: 'gh-readonly-queue/main/pr-1-a' }),
      { kind: 'merge queue', shown: 'gh-readonly-queue/main/pr-1-a' },
    ],
    ...['neutral', 'skipped', 'timed_out', 'action_required', 'stale', 'startup_failure'].flatMap(
      (conclusion): [string, string, unknown, object][] => [
        [
          `a workflow run that ended with ${conclusion}`,
          'workflow_run',
          run({ conclusion }),
          untested('the workflow run', conclusion),
        ],
        [
          `a check that ended with ${conclusion}`,
          'check_run',
          check({ conclusion }),
          untested('the check', conclusion),
        ],
      ],
    ),
    ['a check suite', 'check_suite', suite(), branch],
    [
      'a check suite that was cancelled',
      'check_suite',
      suite({ conclusion: 'cancelled' }),
      untested('the check suite', 'cancelled'),
    ],
    ['a check, of its suite’s branch', 'check_run', check(), branch],
    [
      'a check that failed, whatever its suite',
      'check_run',
      check({ conclusion: 'failure' }, { conclusion: 'success' }),
      untested('the check', 'failure'),
    ],
    ['a status', 'status', status('success', 'main'), branch],
    [
      'a status that is pending',
      'status',
      status('pending', 'main'),
      untested('the status', 'pending'),
    ],
    ['a status of no branch', 'status', status('success'), { kind: 'unclear', why: ofNoBranch }],
    [
      'a status of two branches',
      'status',
      status('success', 'main', 'topic'),
      { kind: 'unclear', why: ofNoBranch },
    ],
  ])('is that of %s', (_, event, payload, ref) => {
    expect(tested(event, payload)).toEqual({ commit: sha, ref });
  });

  it.each([
    ['a push', 'push', { deleted: false }],
    ['a push that says nothing', 'push', '{}'],
    ['an event that is about its own commit', 'workflow_dispatch', run()],
    ['a word that every object has', 'constructor', run()],
    ['no event', '', run()],
  ])('is the one that GitHub names, of %s', (_, event, payload) => {
    expect(tested(event, payload)).toBeNull();
  });

  it('is none of a branch that was deleted', () => {
    const ref = { kind: 'unclear', why: 'the push deleted its branch' };
    expect(tested('push', { deleted: true })).toEqual({ commit: null, ref });
  });
});

describe('a payload that says too little', () => {
  const events = ['workflow_run', 'check_suite', 'check_run', 'status'];
  const unreadable = (event: string) => ({
    commit: null,
    ref: {
      kind: 'unclear',
      why: `the payload of ${event} (GITHUB_EVENT_PATH) is not there or says too little`,
    },
  });

  it.each(events)('of %s: nothing, no JSON, another event’s, a short id', (event) => {
    const short = JSON.stringify([run(), suite(), check(), status('success', 'main')]).replaceAll(
      sha,
      'abc1234',
    );
    const [ofRun, ofSuite, ofCheck, ofStatus] = JSON.parse(short) as object[];
    for (const payload of ['', 'no JSON', '{}', 'null', { ...ofRun, ...ofSuite }]) {
      expect(tested(event, payload)).toEqual(unreadable(event));
    }
    expect(tested(event, { ...ofCheck, ...ofStatus })).toEqual(unreadable(event));
  });

  it.each(events)('of %s: no file, or none that is named', (event) => {
    for (const path of [undefined, '', join(folder, 'not-there'), folder]) {
      expect(testedCommit({ GITHUB_EVENT_NAME: event, GITHUB_EVENT_PATH: path })).toEqual(
        unreadable(event),
      );
    }
  });

  it('is also one that is larger than 32 MiB, which is not read', () => {
    const bytes = 32 * 1024 * 1024;
    const text = JSON.stringify(suite());
    expect(tested('check_suite', text.padEnd(bytes))?.commit).toBe(sha);
    expect(tested('check_suite', text.padEnd(bytes + 1))).toEqual(unreadable('check_suite'));
  });

  it('is one in which a branch has no name', () => {
    expect(tested('check_suite', suite({ head_branch: '' }))).toEqual(unreadable('check_suite'));
  });

  it.each([`${sha}a`, `a${sha}`, sha.toUpperCase()])('is one of commit %s', (head_sha) => {
    expect(tested('check_suite', suite({ head_sha }))).toEqual(unreadable('check_suite'));
  });
});
