/** Everything that can be wrong with what is given: one message, its exit code, JSON where it is asked for, and the process ends. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { often } from '../store/attacks/seed.ts';
import { defaultConfig, type Ended, type Job, quietConfig, Stage } from './stage.ts';

interface Case {
  readonly code: string;
  readonly what: string;
  readonly args: (at: Given) => readonly string[];
  readonly env?: Record<string, string | undefined>;
  /** pipeline.yml in place of the usual one; null: there is none. */
  readonly config?: (text: string) => string | null;
  /** The pipeline.yml is there, and in no commit. */
  readonly isUncommitted?: true;
  readonly isNoRepository?: true;
  /** What the commit has in .gitattributes. */
  readonly attributes?: string;
  readonly exit?: number;
}

interface Given {
  /** The one that is checked out. */
  readonly commit: string;
  readonly first: string;
  readonly port: number;
}

const secret = 's3cret-of-the-proxy';
const advance = ({ commit }: Given, ...more: string[]): string[] => [
  ...['advance', '--build', '900', '--commit', commit, '--branch', 'master'],
  ...more,
];
const one =
  (...args: string[]) =>
  () =>
    args;

const cases: readonly Case[] = [
  { code: 'E_USAGE', what: 'an unknown command', args: one('advnce', '--json') },
  { code: 'E_USAGE', what: 'an unknown flag', args: one('status', '--limt', '3') },
  { code: 'E_USAGE', what: 'a missing argument', args: one('log') },
  { code: 'E_USAGE', what: 'a missing flag', args: one('resume', '501') },
  { code: 'E_USAGE', what: 'a limit of none', args: one('status', '--limit', '0') },
  {
    code: 'E_USAGE',
    what: 'a limit past counting',
    args: one('status', '--limit', '9'.repeat(20)),
  },
  {
    code: 'E_USAGE',
    what: 'more pages than can be counted',
    args: one('serve', '--export', 'pages', '--limit', '1e300'),
  },
  { code: 'E_USAGE', what: 'a time that is none', args: one('export', '--since', 'soon') },
  {
    code: 'E_USAGE',
    what: 'a time after the other',
    args: one('export', '--since', '1h', '--until', '2h'),
  },
  { code: 'E_CHART', what: 'a chart that is none', args: one('whatif', '--chart', 'none.json') },
  { code: 'E_USAGE', what: 'a topic that is none', args: one('help', 'stores') },
  {
    code: 'E_SETUP',
    what: 'apps that nobody named, and nobody looks up',
    args: one('init', '--yes'),
    env: { HEROKU_API_KEY: undefined },
  },
  { code: 'E_NO_LINK', what: 'a page that no event names', args: one('open', 'run') },
  {
    code: 'E_SETUP',
    what: 'apps that nothing names',
    args: one('init', '--yes'),
    env: { HEROKU_API_KEY: undefined },
  },
  {
    code: 'E_SERVE_TOKEN',
    what: 'pages for others without a token',
    args: one('serve', '--host', '0.0.0.0'),
  },
  { code: 'E_USAGE', what: 'a port of pages that is none', args: one('serve', '--port', '70000') },
  { code: 'E_USAGE', what: 'a port that is none', args: one('sandbox', '--port', 'x') },
  { code: 'E_USAGE', what: 'a store of nothing', args: one('status', '--store', '') },
  {
    code: 'E_PORT',
    what: 'a port that is taken',
    args: ({ port }) => ['sandbox', '--port', `${port}`],
  },
  {
    code: 'E_REASON',
    what: 'an override without a reason',
    args: (at) => advance(at, '--override'),
  },
  { code: 'E_REASON', what: 'a reason for nothing', args: (at) => advance(at, '--reason', 'x') },
  {
    code: 'E_REASON',
    what: 'an empty reason to resume',
    args: one('resume', '501', '--reason', ' '),
  },
  { code: 'E_REASON', what: 'an empty reason to disable', args: one('disable', '--reason', ' ') },
  { code: 'E_ACTOR', what: 'an empty actor', args: (at) => advance(at, '--actor', ' ') },
  {
    code: 'E_BRANCH',
    what: 'another branch',
    args: ({ commit }) => ['advance', '--build', '900', '--commit', commit, '--branch', 'topic'],
  },
  {
    code: 'E_BUILD_LABEL',
    what: 'a label that cannot be one',
    args: ({ commit }) => ['advance', '--build', 'a b', '--commit', commit, '--branch', 'master'],
  },
  {
    code: 'E_MISSING_TOKEN',
    what: 'no token for Heroku',
    args: advance,
    env: { HEROKU_API_KEY: undefined },
  },
  {
    code: 'E_ENVIRONMENT',
    what: 'an address that is none',
    args: advance,
    env: { HEROKU_API_URL: 'nonsense' },
  },
  {
    code: 'E_ENVIRONMENT',
    what: 'a lease that is none',
    args: advance,
    env: { PIPELINE_LEASE: 'soon' },
  },
  {
    code: 'E_ENVIRONMENT',
    what: 'a store set to nothing',
    args: advance,
    env: { PIPELINE_STORE: '' },
  },
  ...['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].flatMap((name) =>
    ['corp-proxy:3128', `ana:${secret}@corp-proxy:3128`, 'corp-proxy', 'http://'].map((value) => ({
      code: 'E_ENVIRONMENT',
      what: `${name} that is no URL (${value.replace(secret, '…')})`,
      args: advance,
      env: { [name]: value },
    })),
  ),
  {
    code: 'E_CONFIG_MISSING',
    what: 'no pipeline.yml, and no token either',
    args: advance,
    config: () => null,
    env: { HEROKU_API_KEY: undefined },
  },
  {
    code: 'E_CONFIG_MISSING',
    what: 'no pipeline.yml to resume by',
    args: one('resume', '501', '--reason', 'x'),
    config: () => null,
    env: { HEROKU_API_KEY: undefined },
  },
  {
    code: 'E_PROGRAM_MISSING',
    what: 'a program that the repository does not have',
    args: advance,
    config: (text) =>
      text
        .replace(
          'heroku: { app: acme-production }',
          'command: { deploy: bin/deploy, current: bin/current, health: bin/health }',
        )
        .replace(/(production:[\s\S]*)dynos:/, '$1instances:'),
  },
  {
    code: 'E_CONFIG',
    what: 'a key that is unknown',
    args: advance,
    config: (text) => `${text}stackng: every\n`,
  },
  {
    code: 'E_CONFIG',
    what: 'somebody on call whom Slack does not call',
    args: advance,
    config: (text) => text.replace("'<!subteam^S0ONCALL>'", "'@here'"),
  },
  {
    code: 'E_LOCK_PROVIDER',
    what: 'CircleCI’s list without its token',
    args: advance,
    config: (text) => `${text}lock: { provider: circleci }\n`,
    env: { CIRCLE_TOKEN: undefined },
  },
  {
    code: 'E_LOCK_PROVIDER',
    what: 'GitHub’s list outside of GitHub',
    args: advance,
    config: (text) => `${text}lock: { provider: github }\n`,
  },
  {
    code: 'E_LOCK_PROVIDER',
    what: 'to resume without what the list is read with',
    args: one('resume', '501', '--reason', 'x', '--branch', 'master'),
    config: (text) => `${text}lock: { provider: circleci }\n`,
    env: { CIRCLE_TOKEN: undefined },
  },
  {
    code: 'E_STORE_NOT_KEPT',
    what: 'a log in the checkout of a CI',
    args: advance,
    env: { PIPELINE_STORE: 'sqlite:log.db' },
  },
  { code: 'E_GIT_MISSING', what: 'no git', args: advance, env: { PATH: '/nowhere' } },
  {
    code: 'E_NOT_A_REPOSITORY',
    what: 'no repository',
    args: advance,
    isNoRepository: true,
  },
  {
    code: 'E_WRONG_COMMIT',
    what: 'another commit than the one that is checked out',
    args: ({ first, port }) => advance({ commit: first, first, port }),
  },
  {
    code: 'E_PLAIN_HTTP',
    what: 'a token in the clear to another machine',
    args: advance,
    env: { HEROKU_API_URL: 'http://heroku.example' },
  },
  {
    code: 'E_SOURCE',
    what: 'a commit whose bytes are not all that is to ship',
    args: advance,
    attributes: 'app.txt export-ignore\n',
  },
  {
    code: 'E_CONFIG_NOT_COMMITTED',
    what: 'a pipeline.yml that is in no commit',
    args: advance,
    isUncommitted: true,
  },
  {
    code: 'E_REPOSITORY_NOT_TRUSTED',
    what: 'somebody else’s repository',
    args: advance,
    env: { GIT_TEST_ASSUME_DIFFERENT_OWNER: '1' },
  },
  {
    code: 'E_COMMIT_UNKNOWN',
    what: 'a commit that is not there',
    args: one('advance', '--build', '900', '--commit', 'f'.repeat(40), '--branch', 'master'),
  },
  {
    code: 'E_OUTPUT',
    what: 'a document where nothing can be written',
    args: one('docs', '--output', '/proc/x/y/z.md'),
  },
  {
    code: 'E_OUTPUT',
    what: 'an export where nothing can be written',
    args: one('export', '--output', '/proc/x/y/z.jsonl'),
  },
  { code: 'E_NO_LANE', what: 'a lane that is not there', args: one('export', '--lane', 'none') },
  { code: 'E_NO_DEPLOY', what: 'a deploy that is not there', args: one('log', 'nothing') },
  {
    code: 'E_NO_DEPLOY',
    what: 'a deploy to replay that is not there',
    args: one('replay', 'nothing'),
  },
  {
    code: 'E_NO_DEPLOY',
    what: 'a deploy to resume that is not there',
    args: one('resume', 'nothing', '--reason', 'x', '--branch', 'master'),
  },
  { code: 'E_NOT_KNOWN', what: 'a name that nothing has', args: one('explain', 'nothing') },
  {
    code: 'E_PULL_REQUEST',
    what: 'a pull request that is not there',
    args: one('explain', '#7'),
  },
  { code: 'E_DEPLOY_AMBIGUOUS', what: 'two deploys that begin so', args: one('log', '50') },
  {
    code: 'E_NOT_HELD',
    what: 'a deploy that is not held',
    args: one('resume', '501', '--reason', 'x', '--branch', 'master'),
  },
  {
    code: 'E_NOT_LOCKED',
    what: 'a lane that nobody holds',
    args: one('unlock', '--reason', 'x', '--branch', 'master'),
  },
  {
    code: 'E_NO_ROLLBACK',
    what: 'no rollback to give up',
    args: one('rollback', '--give-up', '--reason', 'x', '--branch', 'master'),
  },
  { code: 'E_IMPORT_SOURCE', what: 'no file to import', args: one('import', 'none.jsonl') },
  {
    code: 'E_IMPORT_SOURCE',
    what: 'nothing to import',
    args: one('import', '../outside/empty.jsonl'),
  },
  {
    code: 'E_IMPORT_LINE',
    what: 'a line that is no event',
    args: one('import', '../outside/wrong.jsonl'),
  },
  {
    code: 'E_STORE_URL',
    what: 'a store that is none',
    args: one('status', '--store', 'mysql://x'),
  },
  {
    code: 'E_STORE_MISSING',
    what: 'a log that is not there',
    args: one('status', '--store', 'sqlite:/nowhere/log.db'),
  },
  {
    code: 'E_STORE_CANNOT_OPEN',
    what: 'a log where none can be',
    args: advance,
    env: { PIPELINE_STORE: 'sqlite:/proc/x/log.db' },
  },
  {
    code: 'E_STORE_MISSING',
    what: 'a log in a place where none can be',
    args: one('disable', '--reason', 'x', '--branch', 'master'),
    env: { PIPELINE_STORE: 'sqlite:/proc/x/log.db' },
  },
  {
    code: 'E_STORE_IS_DIRECTORY',
    what: 'a folder as a log',
    args: advance,
    env: { PIPELINE_STORE: 'sqlite:/tmp' },
  },
  {
    code: 'E_STORE_UNREACHABLE',
    what: 'a server that is not there',
    args: advance,
    env: { PIPELINE_STORE: 'postgres://ada@127.0.0.1:9/log' },
    exit: 1,
  },
];

const withJson = ['advance', 'resume', 'status', 'log', 'replay', 'import', 'sandbox'];
/** From the error's line to the end: a process that is still there then waits for something that nobody gives. */
const endsWithinMs = 5_000;

let stage: Stage;
let server: Server;
let given: Given;
beforeAll(async () => {
  stage = await Stage.set({ config: quietConfig });
  const commit = stage.commit('The first');
  expect(await stage.advanceHere(501, commit)).toMatchObject({ exit: 0 });
  expect(await stage.advanceHere(502, stage.commit('The second'))).toMatchObject({ exit: 0 });
  const outside = join(stage.folder, '../outside');
  mkdirSync(outside, { recursive: true });
  writeFileSync(join(outside, 'pipeline.yml'), defaultConfig(stage.sandbox.urls));
  writeFileSync(join(outside, 'empty.jsonl'), '');
  writeFileSync(join(outside, 'wrong.jsonl'), '{"position":1}\n');
  server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  given = { commit, first: commit, port: address.port };
}, 120_000);
afterAll(async () => {
  server.close();
  await stage.strike();
});

/** The first of a code is a process, which has to end (by day of every third code); the others are told within this one. */
const codesOfProcesses = [...new Set(cases.map(({ code }) => code))].filter(
  (_, at) => at % often(3, 1) === 0,
);
const rows = cases.map((row, at) => ({
  ...row,
  isProcess:
    codesOfProcesses.includes(row.code) && cases.findIndex(({ code }) => code === row.code) === at,
}));

/** The commit of the row before: a row with the same files has none of its own. */
let next = { tree: '', commit: '' };

/** What is told by a process that ends then. */
async function endOf(job: Job, code: string): Promise<Ended | null> {
  await job.saw(`error[${code}]`);
  const late = AbortSignal.timeout(endsWithinMs);
  const isLate = new Promise<null>((done) => late.addEventListener('abort', () => done(null)));
  return Promise.race([job.ended, isLate]);
}

describe.each(rows)(
  '$code: $what',
  ({
    code,
    args,
    env,
    config,
    isUncommitted,
    isNoRepository,
    attributes = '',
    exit = 2,
    ...row
  }) => {
    it('is told once, in words and as JSON, and the process ends', {
      timeout: 60_000,
    }, async () => {
      const usual = defaultConfig(stage.sandbox.urls);
      const text = config === undefined ? usual : config(usual);
      if (text === null || isUncommitted)
        rmSync(join(stage.folder, 'pipeline.yml'), { force: true });
      else stage.write('pipeline.yml', text);
      stage.write('.gitattributes', attributes);
      const tree = JSON.stringify([isUncommitted ? null : text, attributes]);
      if (tree !== next.tree) next = { tree, commit: stage.commit('The next') };
      const { commit } = next;
      if (isUncommitted) stage.write('pipeline.yml', usual);
      const git = join(stage.folder, '.git');
      if (isNoRepository) renameSync(git, `${git}-away`);
      const before = await stage.read((log) => log.head());
      const line = args({ ...given, commit });
      const isJson = withJson.includes(line[0] ?? '') || line.includes('--json');
      const command = isJson && !line.includes('--json') ? [...line, '--json'] : line;
      const ended = row.isProcess
        ? await endOf(stage.start(command, env), code)
        : await stage.runHere(command, env);
      if (isNoRepository) renameSync(`${git}-away`, git);
      expect(ended, 'it is still there').not.toBeNull();
      if (ended === null) return;
      expect(ended.stderr).toContain(`error[${code}]`);
      expect(ended.exit, ended.stderr).toBe(exit);
      expect(ended.stderr.match(/error\[/g)).toHaveLength(1);
      expect(ended.stderr).not.toMatch(/\n\s+at /);
      // One stop at the end of a sentence.
      expect(ended.stderr).not.toMatch(/[.,:;!?]\.(\s|$)/);
      expect(ended.stdout + ended.stderr).not.toContain(secret);
      for (const name of Object.keys(env ?? {})) {
        if (/PROXY/i.test(name)) expect(ended.stderr).toContain(name);
      }
      if (isJson) {
        const { error } = JSON.parse(ended.stdout) as { error: Record<string, unknown> };
        expect(error).toMatchObject({ code, exit, message: expect.any(String) });
        expect(Object.keys(error)).toEqual(['code', 'message', 'hint', 'details', 'exit']);
      }
      expect(await stage.read((log) => log.head())).toBe(before);
    });
  },
);

const src = resolve(import.meta.dirname, '../../src');
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('sandbox'))
  .map((name) => ({ name, text: readFileSync(join(src, name), 'utf8') }));

/** What takes more than a command line to reach, and the test that does. */
const elsewhere: Readonly<Record<string, string>> = {
  E_UNDER_WAY: 'interrupted.test.ts',
  E_TARGET_KIND: '../cli/workspace/targets.test.ts',
  E_NO_RELEASE: '../runtime/rollback/choose.test.ts',
  E_ROLLED_BACK: 'rollback.test.ts',
  E_RUNS_ALREADY: '../runtime/rollback/choose.test.ts',
};

it('has a case for every code of a usage error that the source has', () => {
  const codes = sources.flatMap(({ text }) =>
    [...text.matchAll(/new UsageError\(\s*'(E_[A-Z_]+)'/g)].map(([, code]) => code ?? ''),
  );
  expect(codes.length).toBeGreaterThan(30);
  const reached = new Set([...cases.map(({ code }) => code), ...Object.keys(elsewhere)]);
  for (const [code, test] of Object.entries(elsewhere)) {
    expect(readFileSync(join(import.meta.dirname, test), 'utf8')).toContain(code);
  }
  expect([...new Set(codes)].filter((code) => !reached.has(code))).toEqual([]);
});

it('no message and no hint of the source ends with two stops', () => {
  // In quotes: a message, a hint, or a part of one.
  const literals = /'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g;
  const doubled = sources.flatMap(({ name, text }) =>
    [...text.matchAll(literals)]
      .filter(([literal]) => /[A-Za-z’)][.,:;!?]\.(\s|['`]|$)/.test(literal))
      .map(([literal]) => `${name}: ${literal}`),
  );
  expect(doubled).toEqual([]);
});
