/** `pipeline status` over HTTP: what the target says now, what the log knew, and that it never fails because the target is away. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StatusDocument } from '../../src/cli/render/status-document.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import { switchLane } from '../../src/runtime/lock/lane-orders.ts';
import { openLog } from '../../src/store/open.ts';
import { someRun } from '../runtime/standing/standing-world.ts';
import { deployId, quietConfig, Stage } from './stage.ts';

let stage: Stage;
let commit: string;
const app = 'acme-production';

beforeAll(async () => {
  stage = await Stage.set({ within: true, config: quietConfig });
  commit = stage.commit('The first');
  expect(await stage.advance(501, commit)).toMatchObject({ exit: 0 });
}, 60_000);
afterAll(() => stage.strike());

async function status(
  args: readonly string[] = [],
  env: Record<string, string | undefined> = {},
): Promise<StatusDocument['lanes'][number] & { readonly deploys: StatusDocument['deploys'] }> {
  const ended = await stage.runHere(['status', '--json', ...args], env);
  expect(ended, ended.stderr).toMatchObject({ exit: 0, stderr: '' });
  const { version, lanes, deploys } = JSON.parse(ended.stdout) as StatusDocument;
  expect(version).toBe(1);
  const [lane] = lanes;
  if (lane === undefined) throw new Error('no lane');
  return { ...lane, deploys };
}

describe('pipeline status', { timeout: 60_000 }, () => {
  it('tells what both targets run, by which deploy', async () => {
    const { places, holds, toDo, deploys } = await status();
    const deploy = deployId(501, commit);
    const by = { source: 'target', commit, deploy, verified: true, title: 'The first' };
    expect(places).toMatchObject([
      { environment: 'production', ...by },
      { environment: 'staging', ...by },
    ]);
    expect([holds, toDo]).toEqual([[], []]);
    expect(deploys).toMatchObject([{ deploy, became: { kind: 'live' }, next: null }]);
  });

  it.each([
    ['--offline', ['--offline'], {}, null],
    ['nobody is signed in', [], { HEROKU_API_KEY: undefined }, /HEROKU_API_KEY is not set/],
    ['the token is refused', [], { HEROKU_API_KEY: 'not-a-token-of-the-sandbox' }, /401/],
  ] as const)('%s: the log’s knowledge with its age, and why', async (_, args, env, why) => {
    const {
      places: [production],
      deploys,
    } = await status(args, env);
    expect(production).toMatchObject({ source: 'log', commit, verified: true });
    expect(Date.parse(production?.knownAt ?? '')).toBeGreaterThan(0);
    if (why === null) expect(production?.untold).toBeNull();
    else expect(production?.untold).toMatch(why);
    expect(deploys).toMatchObject([{ became: { kind: 'live' } }]);
  });

  it('waits no longer than a person does for a target that hangs', async () => {
    stage.sandbox.control.fault({ service: 'heroku', kind: 'hang', times: 50 });
    const { places } = await status();
    stage.sandbox.control.clearFaults({});
    expect(places.map(({ untold }) => untold)).toEqual(
      ['acme-production', 'acme-staging'].map((name) => `${name} did not answer within 2 s`),
    );
  });

  it('goes by the log where there is no configuration, and where it is of another lane', async () => {
    const elsewhere = await stage.runHere(['status', '--json', '--config', '/nowhere.yml']);
    expect(elsewhere.exit).toBe(0);
    const [lane] = (JSON.parse(elsewhere.stdout) as StatusDocument).lanes;
    expect(lane?.places[0]).toMatchObject({ source: 'log', commit });
    expect(lane?.places[0]?.untold).toContain('nowhere.yml');
  });

  it('ends with its code where a lane is named that the log does not have', async () => {
    const ended = await stage.runHere(['status', '--json', '--lane', 'nobody']);
    expect(ended.exit).toBe(2);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: 'E_NO_LANE', exit: 2 } });
  });

  it('knows of a rollback at the target before any deploy met it', async () => {
    const second = stage.commit('The second');
    expect(await stage.advance(502, second)).toMatchObject({ exit: 0 });
    stage.sandbox.control.rollback({ app, byUser: 'bo@example.com' });
    const {
      places: [production],
      holds,
      toDo,
      deploys,
    } = await status();
    expect(production).toMatchObject({ source: 'target', commit, by: 'bo@example.com' });
    expect(production?.logKnew?.deploy).toBe(deployId(502, second));
    expect(holds).toMatchObject([{ kind: 'rollback', by: 'bo@example.com' }]);
    expect(toDo[0]?.commands).toEqual(['pipeline advance --build LABEL --reason "…"']);
    expect(deploys[0]).toMatchObject({ became: { kind: 'rolledBack' } });
    // Nothing of it is written: who looks, looks only.
    expect(
      await stage.read((log) => log.readStream(`deploy/${deployId(502, second)}`)),
    ).toHaveLength((await stage.events(502, second)).length);
  });

  it('--watch shows it again when the log has something new, and ends at Ctrl-C', async () => {
    // A process of its own: a signal within this one would reach everything that a test has imported.
    const watching = stage.start(['status', '--watch', '--offline']);
    let printed = '';
    watching.process.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const times = () => printed.split('place\tacme-web\tproduction').length - 1;
    await watching.saw('place\tacme-web\tproduction');
    await stage.read(async (log) => log.head());
    expect(times()).toBe(1);
    const log = await openLog(stage.storeUrl, { projections });
    await switchLane(log, 'acme-web', 'disabled', someRun, 'incident 4711');
    await log.close();
    await watching.saw('incident 4711');
    watching.process.kill('SIGINT');
    expect(await watching.ended).toMatchObject({ exit: 130, stderr: '' });
    expect(times()).toBe(2);
  });

  it('refuses --watch with --json, and a limit that is none', async () => {
    for (const args of [
      ['--watch', '--json'],
      ['--limit', '0'],
    ]) {
      expect((await stage.runHere(['status', ...args])).exit).toBe(2);
    }
  });
});
