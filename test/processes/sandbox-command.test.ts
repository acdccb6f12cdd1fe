/** `pipeline sandbox` as a person runs it: what it prints works, and a signal ends it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { binary, Stage } from './stage.ts';

/** For a process to begin or to end; a hang fails the test before its own timeout does. */
const patienceMs = 10_000;

let stage: Stage;
let running: ChildProcess[];
beforeEach(async () => {
  stage = await Stage.set();
  running = [];
});
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  await stage.strike();
});

interface Running {
  /** All of its standard output, once that has the text. */
  saw(text: string): Promise<string>;
  /** Sends the signal, and gives what it printed and how it ended. */
  stop(signal: NodeJS.Signals): Promise<{ exit: unknown; stdout: string; stderr: string }>;
  readonly ended: Promise<unknown>;
  stderr(): string;
}

/** Not on the stage: it prints tokens, which is what it is for, and a stage looks for them. */
function sandbox(...args: string[]): Running {
  const child = spawn(process.execPath, [binary, 'sandbox', ...args], {
    cwd: stage.folder,
    env: { PATH: process.env.PATH, HOME: stage.folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  const ended = once(child, 'close').then(([code, signal]) => signal ?? code);
  return {
    async saw(text) {
      const over = ended.then(() => expect.fail(`ended without “${text}”: ${stdout}${stderr}`));
      while (!stdout.includes(text)) await within(Promise.race([once(child.stdout, 'data'), over]));
      return stdout;
    },
    async stop(signal) {
      child.kill(signal);
      return { exit: await within(ended), stdout, stderr };
    },
    ended,
    stderr: () => stderr,
  };
}

async function within<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not in ${patienceMs} ms`)), patienceMs);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

/** What a shell makes of the lines that are no comments. */
function exportedBy(stdout: string): Record<string, string> {
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = '', value = ''] = /^export ([A-Z_]+)='([^']*)'$/.exec(line) ?? [];
      expect(name, line).not.toBe('');
      return [name, value];
    }),
  );
}

/** The pipeline.yml in its comments. */
function configIn(stdout: string): string {
  const [, after = ''] = stdout.split('# A pipeline.yml for it:\n');
  const lines = after.split('\n').filter((line) => line.startsWith('#   '));
  return `${lines.map((line) => line.slice('#   '.length)).join('\n')}\n`;
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

describe('pipeline sandbox', { timeout: 60_000 }, () => {
  it('prints an environment and a pipeline.yml with which pipeline deploys, and ends at SIGTERM', async () => {
    const one = sandbox('--repository', '.');
    const shown = await one.saw('crashNextDyno');
    const environment = exportedBy(shown);
    expect(environment.HEROKU_API_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(Object.keys(parse(configIn(shown)))).toEqual(['app', 'staging', 'production', 'notify']);

    stage.write('pipeline.yml', configIn(shown));
    const commit = stage.commit('The first');
    const deployed = await stage.advanceHere(501, commit, environment);
    expect(deployed.exit, deployed.stderr).toBe(0);
    expect((await stage.events(501, commit)).at(-1)?.type).toBe('production.verified');

    expect(await one.stop('SIGTERM')).toEqual({ exit: 0, stdout: shown, stderr: '' });
    expect(await answers(environment.HEROKU_API_URL ?? '')).toBe(false);
  });

  it('prints --json that a program can read, and ends at SIGINT', async () => {
    const one = sandbox('--json');
    const { urls, environment } = JSON.parse(await one.saw('\n}\n'));
    expect(environment).toMatchObject({ HEROKU_API_URL: urls.heroku, GITHUB_API_URL: urls.github });
    expect((await fetch(urls.control)).status).toBe(401);
    const headers = { authorization: `Bearer ${environment.SANDBOX_TOKEN}` };
    const told = await fetch(environment.SANDBOX_URL, { headers });
    expect([told.status, await told.text()]).toEqual([200, expect.stringContaining('crash')]);
    expect(await one.stop('SIGINT')).toMatchObject({ exit: 0, stderr: '' });
  });

  it('ends although a connection to it is still open', async () => {
    const one = sandbox('--json');
    const { urls } = JSON.parse(await one.saw('\n}\n'));
    // Kept alive by the client, as a browser would.
    await (await fetch(urls.control, { headers: { connection: 'keep-alive' } })).text();
    expect(await one.stop('SIGTERM')).toMatchObject({ exit: 0 });
  });

  it('says that a port is taken; exit 2', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const one = sandbox('--port', String(Math.min(port, 65_528)));
    expect(await within(one.ended)).toBe(2);
    expect(one.stderr()).toContain('error[E_PORT]');
    expect(one.stderr()).toContain('--port');
    other.close();
  });

  it.each([
    [['--port', '0'], 'E_USAGE'],
    [['--port', 'http'], 'E_USAGE'],
    [['--repository', 'no-such-folder'], 'E_NOT_A_REPOSITORY'],
  ])('refuses %j; exit 2', async (args, code) => {
    const refused = await within(stage.runHere(['sandbox', ...args]));
    expect(refused.exit).toBe(2);
    expect(refused.stderr).toContain(`error[${code}]`);
  });
});
