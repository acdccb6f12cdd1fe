/** Which commit a build deploys: at a shell any that is named, in a CI the one that is checked out, or none. */
import { expect, it } from 'vitest';
import { commitToDeploy } from '../../../src/cli/ci/commit-to-deploy.ts';
import type { Repository } from '../../../src/effects/git/repository.ts';
import { UsageError } from '../../../src/errors/error.ts';
import { failureOf } from '../../effects/lockstep-error.ts';

const ids: Readonly<Record<string, string>> = {
  old: 'a'.repeat(40),
  aaaaaaa: 'a'.repeat(40),
  new: 'b'.repeat(40),
};

/** @param head what is checked out; null: nothing is */
const repository = (head: string | null) => {
  const shaOf = (name: string): string => {
    const sha = ids[name] ?? Object.values(ids).find((one) => one === name);
    if (sha === undefined) throw new UsageError('E_COMMIT_UNKNOWN', `there is no commit ${name}`);
    return sha;
  };
  return {
    head: async () => {
      if (head === null) throw new UsageError('E_COMMIT_UNKNOWN', 'nothing is checked out');
      return shaOf(head);
    },
    commit: async (name: string) => ({ sha: shaOf(name) }),
  } as unknown as Repository;
};

const deploy = (isCi: boolean, head: string | null, flag?: string, ci?: string) =>
  commitToDeploy(
    {
      isCi,
      commits: [
        ...(flag === undefined ? [] : [{ by: '--commit', name: flag }]),
        ...(ci === undefined ? [] : [{ by: 'the CI', name: ci }]),
      ],
    },
    repository(head),
  ).then(({ sha }) => sha);

it.each([
  ['what is checked out at a shell', false, 'old', undefined, undefined, ids.old],
  ['any that a person names', false, 'old', 'new', undefined, ids.new],
  ['any that a person names where nothing is checked out', false, null, 'new', undefined, ids.new],
  ['what a CI checked out and does not name', true, 'old', undefined, undefined, ids.old],
  ['what a CI checked out and names', true, 'old', undefined, 'old', ids.old],
  ['what both name, each in its own way', true, 'old', 'aaaaaaa', ids.old, ids.old],
])('is %s', async (_, isCi, head, flag, ci, sha) => {
  expect(await deploy(isCi, head, flag, ci)).toBe(sha);
});

const wrong = (by: string, named = ids.new, head = ids.old) => ({
  code: 'E_WRONG_COMMIT',
  message: `${by} names commit ${named}, and commit ${head} is checked out`,
  hint: 'A job deploys the commit that it checked out and tested. Check out the commit that the build is of; in a workflow_run that is github.event.workflow_run.head_sha.',
});
const unknown = (message: string) => ({ code: 'E_COMMIT_UNKNOWN', message, hint: undefined });

it.each([
  ['another that the flag names', 'old', 'new', undefined, wrong('--commit')],
  ['another that the CI names', 'old', undefined, 'new', wrong('the CI')],
  ['one of which the CI alone is right', 'old', 'new', 'old', wrong('--commit')],
  ['one of which the flag alone is right', 'old', 'old', 'new', wrong('the CI')],
  ['what nobody knows', 'old', 'odd', undefined, unknown('there is no commit odd')],
  [
    'what nobody knows, nor is any there',
    null,
    'odd',
    undefined,
    unknown('there is no commit odd'),
  ],
  ['one that is not checked out', null, 'old', undefined, unknown('nothing is checked out')],
  ['none at all', null, undefined, undefined, unknown('nothing is checked out')],
])('a CI deploys not %s', async (_, head, flag, ci, told) => {
  const { code, message, hint } = await failureOf(deploy(true, head, flag, ci));
  expect({ code, message, hint }).toEqual(told);
});
