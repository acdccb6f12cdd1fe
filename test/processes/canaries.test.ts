/**
 * Canaries: every secret in every form comes in at every door (output of builds, words of vendors,
 * their errors, commits, endpoints, git), and none comes out of any: the log, exports, Slack, each
 * command as text and as JSON, errors, `--debug`. The commands are those that the program has.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { canariesOf, canaryEnvironment, echoOf, foundIn, linesOf } from './canaries.ts';
import { EchoingProxy } from './echoing-proxy.ts';
import { defaultConfig, deployId, Stage } from './stage.ts';

let stage: Stage;
let proxy: EchoingProxy;
let environment: Record<string, string>;
let canaries: string[];
const outputs: string[] = [];

beforeEach(async () => {
  outputs.splice(0);
  stage = await Stage.set();
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
    `${defaultConfig(urls)}store: postgres://ana:conf-canary-13@db.test/log\n`,
  );
  stage.git(
    'remote',
    'add',
    'origin',
    'https://x-access-token:remote-canary-14@127.0.0.1:9/acme/web',
  );
});
afterEach(async () => {
  await proxy.close();
  await stage.strike();
});

async function run(args: readonly string[], more: Record<string, string | undefined> = {}) {
  const ended = await stage.run(args, { ...environment, ...more });
  outputs.push(ended.stdout, ended.stderr);
  return ended;
}

const advance = (build: number, commit: string, more: Record<string, string | undefined> = {}) =>
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
    '-m',
    proxy.lines.join('\n'),
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
  it.each<[string, () => Record<string, string>]>([
    ['a webhook', () => ({})],
    ['a bot', () => ({ SLACK_BOT_TOKEN: stage.sandbox.slackBotToken })],
  ])('of a deploy that goes live, with Slack by %s', async (_, more) => {
    const commit = canaryCommit();
    canaries.push(...Object.values(more()));
    expect((await advance(501, commit, more())).stdout).toContain('production.live');
    expectNone();
    expect(await run(['replay', deployId(501, commit)])).toMatchObject({ exit: 0 });
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

  it.each([401, 403, 404, 422, 409, 400, 500, 503])(
    'of vendors that refuse with %i and repeat what they were sent',
    async (status) => {
      proxy.refuse('heroku', /./, status);
      await advance(501, canaryCommit());
      proxy.refuse('slack', /./, status, 50);
      proxy.refuse('staging', /./, status);
      proxy.refuse('heroku', /builds|sources|promotions/, status);
      await advance(502, canaryCommit());
      expectNone();
    },
  );

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
    for (const status of [401, 403, 404, 422, 500, 503]) {
      proxy.refuse(service, /./, status, 2);
      const ended = await run(['--debug', 'advance', '--json'], {
        ...ci,
        [service === 'github' ? 'GITHUB_RUN_NUMBER' : 'CIRCLE_BUILD_NUM']: String(status),
      });
      expect(ended.exit).not.toBe(0);
    }
    expect(proxy.sent.filter((one) => one.service === service).length).toBeGreaterThan(5);
    expectNone();
  });

  it('of branches, and of git’s own complaints', async () => {
    const commit = canaryCommit();
    await stage.makeLog();
    for (const canary of canaries)
      await run(['advance', '--build', '501', '--commit', commit, '--branch', canary]);
    const ci = { CIRCLECI: 'true', CIRCLE_BUILD_NUM: '501', CIRCLE_JOB: 'deploy' };
    for (const canary of canaries.slice(0, 4))
      await run(['advance', '--json'], { ...ci, CIRCLE_BRANCH: canary });
    stage.git('config', 'core.abbrev', canaries[0] ?? '');
    const ended = await run(['--debug', 'advance', '--build', '502', '--branch', 'master']);
    expect(ended.stderr).toContain('git');
    expectNone();
  });

  it('of every command, as text and as JSON', async () => {
    const commit = canaryCommit();
    await advance(501, commit, { PRODUCTION_CD_ENABLED: `no ${canaries[0]}` });
    const deploy = deployId(501, commit);
    const reason = ['--reason', proxy.echo.slice(0, 60_000)];
    const exported = join(stage.folder, 'log.jsonl');
    const argumentsOf: Record<string, readonly string[]> = {
      advance: [
        '--build',
        '502',
        '--commit',
        commit,
        '--branch',
        'master',
        '--override',
        ...reason,
      ],
      resume: [deploy, ...reason],
      disable: reason,
      enable: reason,
      unlock: reason,
      status: [],
      log: [deploy],
      replay: [deploy],
      export: ['--output', exported],
      import: [exported],
      docs: ['--output', join(stage.folder, `${canaries[2]}.md`)],
      sandbox: [],
    };
    const commands = program().commands.map((command) => command.name());
    expect(Object.keys(argumentsOf).sort()).toEqual([...commands].sort());
    for (const command of program().commands) {
      const args = argumentsOf[command.name()] ?? [];
      if (command.name() === 'sandbox') continue; // It prints its own tokens, to be copied: see its test.
      await run(['--debug', command.name(), ...args]);
      if (takesJson(command)) await run([command.name(), ...args, '--json']);
      // What is given wrongly is repeated in the complaint.
      await run([command.name(), `--${canaries[1]}`, canaries[0] ?? '']);
      await run([
        '--debug',
        '--store',
        `sqlite:${stage.folder}/${canaries[0]}.db`,
        command.name(),
        ...args,
        canaries[0] ?? '',
      ]);
    }
    await run(['export']);
    await run(['log', canaries[0] ?? '']);
    expectNone();
    const lines = readFileSync(exported, 'utf8');
    expect(foundIn(lines, canaries)).toEqual([]);
  });
});

const takesJson = (command: Command): boolean =>
  command.options.some(({ long }) => long === '--json');

function program(): Command {
  const terminal = { out: () => {}, err: () => {} } as unknown as Terminal;
  return createProgram({ version: '0', terminal, exit: () => {} });
}
