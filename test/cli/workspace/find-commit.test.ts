/** What a person's word is taken for: a deploy, a commit that the log has, one that git has, or nothing, told with what is near. */
import { afterAll, describe, expect, it } from 'vitest';
import { findDeployHere, findNamed, type Places } from '../../../src/cli/workspace/find-commit.ts';
import { UsageError } from '../../../src/errors/error.ts';
import { deploysProjection } from '../../../src/runtime/audit/deploys-table.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import {
  commitTree,
  createRepository,
  setBranch,
  TemporaryFolder,
} from '../../effects/git/git-repository.ts';
import { failureOf } from '../../effects/lockstep-error.ts';

const sha = (start: string): string => start.padEnd(40, '0');
/** In git alone. */
const ofGit = sha('9abc');
/** In the log, the oldest first; two deploys of the first commit, and three commits whose ids begin alike. */
const deploys = [
  { deploy: '42-aaaa1111', commit: sha('aaaa1111') },
  { deploy: '43-bbbb1111', commit: sha('bbbb1111'), branch: 'release' },
  { deploy: '44-bbbb2222', commit: sha('bbbb2222') },
  { deploy: '45-aaaa1111', commit: sha('aaaa1111') },
  { deploy: 'cafe-ffff1111', commit: sha('ffff1111') },
];

async function withLog<T>(listed: typeof deploys, use: (log: EventLog) => Promise<T>): Promise<T> {
  const log = await openLog('sqlite::memory:', { projections: [deploysProjection] });
  try {
    for (const { deploy, commit, branch = 'master' } of listed) {
      const build = { label: deploy.split('-')[0] ?? '' };
      const data = { deploy, lane: 'acme', build, branch, commit: { sha: commit } };
      const event = { id: deploy, type: 'deploy.requested', data, metadata: {} };
      await log.append([{ stream: `deploy/${deploy}`, expected: 'none', events: [event] }]);
    }
    return await use(log);
  } finally {
    await log.close();
  }
}

/** It knows HEAD, one commit by its id, and branches that are called like a deploy and a build. */
const repository = {
  commit: async (ref: string) => {
    if (ref === 'odd') throw new UsageError('E_GIT_MISSING', 'git is gone');
    if (!['HEAD', ofGit, '43-bbbb1111', '44'].includes(ref))
      throw new UsageError('E_COMMIT_UNKNOWN', 'no such commit');
    return { sha: ofGit } as never;
  },
} satisfies Places['repository'];

interface Given {
  readonly listed?: typeof deploys;
  readonly git?: Places['repository'];
}

/** What is found, in a line, and what is told of it. */
function find(name: string, { listed = deploys, git = repository }: Given = {}): Promise<string[]> {
  return withLog(listed, async (log) => {
    const told: string[] = [];
    const places = { log, repository: git, tell: (line: string) => told.push(line) };
    const named = await findNamed(name, places);
    return [named.kind === 'deploy' ? named.row.deploy : `commit ${named.sha}`, ...told];
  });
}

describe('a name', () => {
  it.each([
    ['a deploy’s whole id', '43-bbbb1111', ['43-bbbb1111']],
    ['a build’s label', '44', ['44-bbbb2222']],
    ['a label, also where a commit begins so', 'cafe', ['cafe-ffff1111']],
    ['the start of a commit’s id', 'bbbb1', [`commit ${sha('bbbb1111')}`]],
    ['the same in capitals', 'BBBB1', [`commit ${sha('bbbb1111')}`]],
    ['a whole commit’s id, of two deploys', sha('aaaa1111'), [`commit ${sha('aaaa1111')}`]],
    ['the start of a deploy’s id', '43-b', ['43-bbbb1111']],
    ['what git alone knows', 'HEAD', [`commit ${ofGit}`]],
    ['a commit that only git knows, by its whole id', ofGit, [`commit ${ofGit}`]],
  ])('is %s', async (_, name, found) => {
    expect(await find(name)).toEqual(found);
  });

  it('is a commit of the log before it is the start of a deploy’s id', async () => {
    const listed = [
      { deploy: '1-0', commit: sha('1234a') },
      { deploy: '1234b-0', commit: sha('f') },
    ];
    expect(await find('1234', { listed })).toEqual([`commit ${sha('1234a')}`]);
    // Three characters begin no commit's id.
    expect(await find('123', { listed })).toEqual(['1234b-0']);
  });

  it('of a label of several attempts is the newest, told as such', async () => {
    const listed = [
      { deploy: '7-0', commit: sha('f') },
      { deploy: '7-0.2', commit: sha('f') },
    ];
    const told = '7 is 7-0.2, the newest attempt; before it: 7-0';
    expect(await find('7', { listed })).toEqual(['7-0.2', told]);
  });

  const give = 'Give a commit, a branch, a deploy’s id or #PULL-REQUEST';
  const newest = 'the newest deploys are cafe-ffff1111, 45-aaaa1111, 44-bbbb2222';
  const notKnown = (name: string, hint: string, where = 'this repository does not either') => ({
    ...{ code: 'E_NOT_KNOWN', message: `the log knows nothing called ${name}, and ${where}`, hint },
  });
  it.each<[string, string, object, Given?]>([
    [
      'nothing at all',
      '',
      {
        code: 'E_NO_DEPLOY',
        message: 'the name of a deploy is empty',
        hint: 'Is a variable not set? pipeline status lists them.',
      },
    ],
    [
      'the start of several commits',
      'bbbb',
      {
        code: 'E_DEPLOY_AMBIGUOUS',
        message: `bbbb may be any of ${sha('bbbb2222')}, ${sha('bbbb1111')}`,
        hint: 'Give more of its id.',
      },
    ],
    ['a commit but for a digit', 'bbbb3', notKnown('bbbb3', `${give}; the nearest is bbbb2.`)],
    [
      'a branch but for a letter',
      'relaese',
      notKnown('relaese', `${give}; the nearest is release.`),
    ],
    [
      'a deploy but for a letter',
      '43-bbbb1112',
      notKnown('43-bbbb1112', `${give}; the nearest is 43-bbbb1111.`),
    ],
    [
      'like a commit, with a letter of none',
      'bbbb222x',
      notKnown('bbbb222x', `${give}; the nearest is bbbb2222.`),
    ],
    ['nothing near', 'no-such-branch', notKnown('no-such-branch', `${give}; ${newest}.`)],
    [
      'nothing near, outside of a repository',
      'HEAD',
      notKnown(
        'HEAD',
        `${give}; ${newest}. Other commits and branches are known in a clone of the repository.`,
        'this is no repository',
      ),
      { git: null },
    ],
    ['anything, where the log has nothing', 'bbbb', notKnown('bbbb', `${give}.`), { listed: [] }],
    ['what git cannot be asked for', 'odd', { code: 'E_GIT_MISSING', message: 'git is gone' }],
  ])('that is %s is refused', async (_, name, told, given) => {
    const { code, message, hint, details } = await failureOf(find(name, given));
    expect({ code, message, hint }).toEqual(told);
    if (code === 'E_NOT_KNOWN') expect(details).toMatchObject({ name });
  });
});

describe('a deploy', () => {
  const folder = new TemporaryFolder();
  const outside = folder.folder('outside');
  const inside = createRepository(folder.folder('inside'));
  const head = commitTree(inside, 'Not deployed');
  setBranch(inside, 'main', head);
  afterAll(() => folder.remove());

  /** What is found in a folder, and what is told of it. */
  const here = (name: string, at = inside) =>
    withLog(deploys, async (log) => {
      const before = process.cwd();
      const told: string[] = [];
      process.chdir(at);
      try {
        const { deploy } = await findDeployHere(name, log, (line) => told.push(line));
        return [deploy, ...told];
      } finally {
        process.chdir(before);
      }
    });

  it.each([
    ['by its id', '43-bbbb1111', ['43-bbbb1111']],
    ['by its only commit', 'bbbb2', ['44-bbbb2222']],
    [
      'by its commit, the newest of several',
      'aaaa1',
      ['45-aaaa1111', '45-aaaa1111 is the newest deploy of aaaa1; before it: 42-aaaa1111'],
    ],
  ])('is found %s, in a repository and outside of one', async (_, name, found) => {
    expect(await here(name)).toEqual(found);
    expect(await here(name, outside)).toEqual(found);
  });

  it('is found without git on this machine', async () => {
    const before = process.env.PATH;
    process.env.PATH = outside;
    try {
      const { code, message } = await failureOf(here('HEAD'));
      expect({ code, message }).toEqual({
        ...{ code: 'E_NO_DEPLOY', message: 'the log has no deploy HEAD' },
      });
    } finally {
      process.env.PATH = before;
    }
  });

  it.each<[string, string, object, string?]>([
    [
      'by a commit that git alone knows',
      'HEAD',
      {
        code: 'E_NO_DEPLOY',
        message: `no deploy is of commit ${head}`,
        hint: `pipeline explain ${head.slice(0, 8)} tells whether it went with another one.`,
        details: {},
      },
    ],
    [
      'by what nobody knows, told with what is near',
      '43-bbbb1112',
      {
        code: 'E_NO_DEPLOY',
        message: 'the log has no deploy 43-bbbb1112',
        hint: 'Give a commit, a branch, a deploy’s id or #PULL-REQUEST; the nearest is 43-bbbb1111.',
        details: { name: '43-bbbb1112', nearest: '43-bbbb1111' },
      },
    ],
    [
      'by what git would know, outside of a repository',
      'HEAD',
      {
        code: 'E_NO_DEPLOY',
        message: 'the log has no deploy HEAD',
        hint: 'Give a commit, a branch, a deploy’s id or #PULL-REQUEST; the newest deploys are cafe-ffff1111, 45-aaaa1111, 44-bbbb2222.',
        details: { name: 'HEAD', nearest: null },
      },
      outside,
    ],
    [
      'by what is several’s',
      'bbbb',
      {
        code: 'E_DEPLOY_AMBIGUOUS',
        message: `bbbb may be any of ${sha('bbbb2222')}, ${sha('bbbb1111')}`,
        hint: 'Give more of its id.',
        details: {},
      },
    ],
  ])('is none %s', async (_, name, told, at) => {
    const { code, message, hint, details } = await failureOf(here(name, at));
    expect({ code, message, hint, details }).toEqual(told);
  });
});
