/**
 * Canaries through real HTTP and real git, of a deploy that goes live through whole processes: a sample of what
 * test/cli/canaries.test.ts searches. Secrets come in with builds' output, words of vendors, their errors,
 * commits and branches, and none comes out.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Receiver, startReceiver } from '../effects/channels/hooks/receiver.ts';
import { canariesOf, canaryEnvironment, echoOf, foundIn, linesOf } from './canaries.ts';
import { EchoingProxy } from './echoing-proxy.ts';
import { defaultConfig, deployId, Stage } from './stage.ts';

let stage: Stage;
let proxy: EchoingProxy;
let receiver: Receiver;
let environment: Record<string, string>;
let canaries: string[];
const outputs: string[] = [];

beforeEach(async () => {
  outputs.splice(0);
  stage = await Stage.set();
  receiver = await startReceiver(canaryEnvironment.SIGNS);
  proxy = await EchoingProxy.start(stage.sandbox.urls);
  const sandbox = Object.entries(stage.sandbox.environment);
  environment = {
    ...Object.fromEntries(sandbox.map(([name, value]) => [name, proxy.through(value)])),
    ...canaryEnvironment,
    NO_PROXY: '127.0.0.1',
  };
  canaries = canariesOf(environment);
  proxy.echo = echoOf(canaries);
  proxy.lines = linesOf(canaries);
  const urls = proxy.urls as typeof stage.sandbox.urls;
  stage.write(
    'pipeline.yml',
    `${defaultConfig(urls, '3s').replaceAll('timeout: 20s', 'timeout: 3s')}${hooks()}store: postgres://ana:conf-canary-13@db.test/log\n`,
  );
  stage.git(
    'remote',
    'add',
    'origin',
    'https://x-access-token:remote-canary-14@127.0.0.1:9/acme/web',
  );
});
afterEach(async () => {
  await receiver.close();
  await proxy.close();
  await stage.strike();
});

/** By a URL; by one that is a secret, and that nobody is behind; by a command that repeats what it is given, and keeps it. */
function hooks(): string {
  const given = (what: string) => join(dirname(stage.logFile), `hook-${what}.txt`);
  const all = [
    { on: '*', url: receiver.url, secret: 'SIGNS' },
    { on: '*', urlFrom: 'ROOM', secret: 'SIGNS' },
    {
      on: ['deploy.*', 'production.verified'],
      run: `tee -a ${given('input')}; env | tee -a ${given('environment')}; exit 3`,
    },
  ];
  return `  hooks: ${JSON.stringify(all)}\n`;
}

/** A process of its own, or the command within this one: what a process alone may print, the first of the tests sees. */
async function run(
  args: readonly string[],
  more: Record<string, string | undefined> = {},
  isProcess = false,
) {
  const env = { ...environment, ...more };
  const ended = await (isProcess ? stage.start(args, env).ended : stage.runHere(args, env));
  outputs.push(ended.stdout, ended.stderr);
  return ended;
}

const advance = (
  build: number,
  commit: string,
  more: Record<string, string | undefined> = {},
  isProcess = false,
) =>
  run(
    [
      '--debug',
      'advance',
      '--build',
      String(build),
      '--commit',
      commit,
      '--branch',
      'master',
      '--actor',
      `ana ${canaries.slice(0, 4).join(' ')}`,
    ],
    more,
    isProcess,
  );

/** A commit whose every part that a person writes holds every secret. */
function canaryCommit(): string {
  const name = echoOf(canaries)
    .replace(/[<>\n]/g, ' ')
    .slice(0, 60_000);
  stage.git('config', 'user.name', name);
  stage.write('app.txt', `${Math.random()}\n`);
  stage.git('add', '.');
  stage.git(
    'commit',
    '--quiet',
    '--author',
    `${canaries.slice(0, 8).join(' ').replace(/[<>]/g, '')} <ana@acme.test>`,
    '-m',
    `${'t'.repeat(980)} ${proxy.echo}`,
    // An argument has no more than 128 KiB.
    ...[proxy.lines.slice(0, 60), proxy.lines.slice(60)].flatMap((lines) => [
      '-m',
      lines.join('\n'),
    ]),
  );
  return stage.git('rev-parse', 'HEAD');
}

/** Everything that left the process, by name. */
function sinks(): Record<string, string> {
  const folder = dirname(stage.storeUrl.replace(/^sqlite:/, ''));
  const files = readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile());
  return {
    ...Object.fromEntries(files.map((file) => [file, readFileSync(file, 'utf8')])),
    ...Object.fromEntries(outputs.map((text, i) => [`output ${i}`, text])),
    Slack: JSON.stringify(stage.sandbox.slackMessages()),
    hooks: JSON.stringify(receiver.requests),
    ...Object.fromEntries(
      proxy.sent.map(({ service, method, path, body }, i) => [
        `${i}: ${method} ${service}`,
        // A webhook's own address, and the commit's source, are what they have to be.
        `${service === 'slack' && !path.startsWith('/api/') ? '' : path} ${path.startsWith('/sources') ? '' : body}`,
      ]),
    ),
  };
}

function expectNone(): void {
  const all = sinks();
  for (const [sink, text] of Object.entries(all)) {
    expect({ sink, found: foundIn(text, canaries) }).toEqual({ sink, found: [] });
  }
  // The search finds what is there.
  expect(foundIn(proxy.echo, canaries).length).toBeGreaterThan(canaries.length);
  expect(JSON.stringify(all)).toContain('[secret]');
}

describe('canaries', { timeout: 120_000 }, () => {
  it('of a deploy that goes live, with Slack by a bot', async () => {
    const more = { SLACK_BOT_TOKEN: stage.sandbox.slackBotToken };
    const commit = canaryCommit();
    canaries.push(...Object.values(more));
    expect((await advance(501, commit, more, true)).stdout).toContain('production.live');
    expect(receiver.taken.length).toBeGreaterThan(5);
    const status = await run(['status'], {}, true);
    for (const told of ['hook ROOM: deploy.requested', 'left out for good'])
      expect(status.stdout).toContain(told);
    expectNone();
    expect(await run(['replay', deployId(501, commit)])).toMatchObject({ exit: 0 });
    const exported = await run(['export'], {}, true);
    expect(exported.exit).toBe(0);
    expect(foundIn(exported.stdout, canaries)).toEqual([]);
  });

  it('of a build, a release and dynos that fail', async () => {
    stage.sandbox.control.failNextBuild({ app: 'acme-staging' });
    await advance(501, canaryCommit());
    stage.sandbox.control.setReleasePhase({ app: 'acme-staging', command: `x ${proxy.echo}` });
    stage.sandbox.control.failNextReleasePhase({ app: 'acme-staging' });
    await advance(502, canaryCommit());
    proxy.inDynoNames = true;
    stage.sandbox.control.crashNextDyno({ app: 'acme-staging' });
    await advance(503, canaryCommit());
    expectNone();
  });

  it('of vendors that refuse and repeat what they were sent', async () => {
    proxy.refuse('heroku', /./, 403);
    await advance(501, canaryCommit());
    proxy.refuse('slack', /./, 500, 50);
    proxy.refuse('staging', /./, 500);
    proxy.refuse('heroku', /builds|sources|promotions/, 422);
    await advance(502, canaryCommit());
    expectNone();
  });

  it.each([
    [
      'circleci',
      {
        CIRCLECI: 'true',
        CIRCLE_BRANCH: 'master',
        CIRCLE_BUILD_NUM: '501',
        CIRCLE_JOB: 'deploy',
        CIRCLE_PROJECT_USERNAME: 'acme',
        CIRCLE_PROJECT_REPONAME: 'web',
      },
    ],
    [
      'github',
      {
        GITHUB_ACTIONS: 'true',
        GITHUB_EVENT_NAME: 'push',
        GITHUB_REF: 'refs/heads/master',
        GITHUB_REF_NAME: 'master',
        GITHUB_REPOSITORY: 'acme/web',
        GITHUB_RUN_ID: '9000501',
        GITHUB_RUN_NUMBER: '501',
        GITHUB_WORKFLOW_REF: 'acme/web/.github/workflows/deploy.yml@refs/heads/master',
      },
    ],
  ])('of %s, whose list is the lock, when it refuses', async (service, ci) => {
    const lock = `lock: { provider: ${service}, timeout: 3s }\n`;
    stage.write(
      'pipeline.yml',
      `${readFileSync(join(stage.folder, 'pipeline.yml'), 'utf8')}${lock}`,
    );
    canaryCommit();
    proxy.refuse(service, /./, 404);
    expect((await run(['--debug', 'advance', '--json'], ci)).exit).not.toBe(0);
    expect(proxy.sent.filter((one) => one.service === service)).not.toEqual([]);
    expectNone();
  });

  it('of branches, and of git’s own complaints', async () => {
    const commit = canaryCommit();
    await stage.makeLog();
    const [first = '', second = ''] = canaries;
    await run(['advance', '--build', '501', '--commit', commit, '--branch', first]);
    const ci = { CIRCLECI: 'true', CIRCLE_BUILD_NUM: '501', CIRCLE_JOB: 'deploy' };
    await run(['advance', '--json'], { ...ci, CIRCLE_BRANCH: second });
    stage.git('config', 'core.abbrev', first);
    const ended = await run(['--debug', 'advance', '--build', '502', '--branch', 'master']);
    expect(ended.stderr).toContain('git');
    expectNone();
  });
});
