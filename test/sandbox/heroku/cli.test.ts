/** Heroku's own command against the stand-in: it reads what others wrote, and what it writes is seen. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningSandbox, startSandbox } from '../../../src/sandbox/server.ts';
import { production, shaA, shaB, staging } from '../visitor.ts';

/** The file to run, `node_modules/heroku/bin/run.js` of `npm install heroku`: 400 MB are no dependency. */
const command = process.env.TEST_HEROKU_CLI;
if (command === undefined) {
  process.stdout.write('skipped: the heroku command: TEST_HEROKU_CLI does not name one\n');
}

let sandbox: RunningSandbox;
let home: string;

interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

function heroku(...args: string[]): Promise<Ended> {
  const { HEROKU_API_KEY = '', HEROKU_API_URL = '' } = sandbox.environment;
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    CI: 'true',
    NO_COLOR: '1',
    DISABLE_TELEMETRY: 'true',
    HEROKU_API_KEY,
    HEROKU_HOST: HEROKU_API_URL,
    HEROKU_PARTICLEBOARD_URL: HEROKU_API_URL,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [command ?? '', ...args], { env }, (error, stdout, stderr) => {
      resolve({ exit: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe.skipIf(command === undefined)('the heroku command', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'lockstep-heroku-'));
    sandbox = await startSandbox({ timing: { promotionMs: 20, dynoBootMs: 20 } });
    sandbox.control.seed({ app: production, commit: shaA });
    sandbox.control.seed({ app: staging, commit: shaB });
  });
  afterAll(async () => {
    await sandbox?.close();
    await rm(home, { recursive: true, force: true });
  });

  const versions = async (app: string): Promise<{ version: number; description: string }[]> => {
    const { stdout, stderr } = await heroku('releases', '--json', '-a', app);
    expect(stdout, stderr).toMatch(/^\[/);
    return JSON.parse(stdout);
  };

  it('says who it is, and what an app is set to', async () => {
    const who = await heroku('auth:whoami');
    expect(who, who.stderr).toMatchObject({ exit: 0, stdout: expect.stringContaining('@') });
    expect(await heroku('config', '-a', production)).toMatchObject({ exit: 0 });
  });

  it('promotes what staging runs, waits for it, and lists it', async () => {
    const promoted = await heroku('pipelines:promote', '-a', staging);
    expect(promoted, promoted.stderr).toMatchObject({ exit: 0 });
    const [newest] = await versions(production);
    expect(newest?.description).toMatch(/^Promote acme-staging v\d+/);
    expect(sandbox.state().apps[production]?.releases.at(-1)).toMatchObject({ commit: shaB });
    expect(await heroku('releases:info', '-a', production)).toMatchObject({ exit: 0 });
    expect(await heroku('ps:wait', '-a', production)).toMatchObject({ exit: 0 });
  });

  it('rolls back to a version', async () => {
    const before = await versions(production);
    const to = before[1]?.version;
    const ended = await heroku('releases:rollback', `v${to}`, '-a', production);
    expect(ended, ended.stderr).toMatchObject({ exit: 0 });
    expect((await versions(production))[0]?.description).toBe(`Rollback to v${to}`);
    expect(sandbox.state().apps[production]?.releases.at(-1)).toMatchObject({ commit: shaA });
  });

  it('is told of an app that is not there', async () => {
    const ended = await heroku('releases', '-a', 'no-such-app');
    expect(ended.exit).toBe(2);
    expect(ended.stderr).toMatch(/Couldn.t find that app/);
  });
});
