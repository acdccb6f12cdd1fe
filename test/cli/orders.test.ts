/** What is told of an order that was given: it names the line that undoes it, whole, so that it can be typed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { CommandHere } from './command-here.ts';

const config = `app: acme-web
staging: { heroku: { app: acme-staging } }
production: { heroku: { app: acme-production } }
`;

let folder: string;
let here: CommandHere;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-orders-'));
  const store = `sqlite:${join(folder, 'log.db')}`;
  await (await openLog(store, { projections })).close();
  writeFileSync(join(folder, 'pipeline.yml'), config);
  execFileSync('git', ['init', '-q', folder]);
  writeFileSync(join(folder, '.gitconfig'), '[user]\nname = Ada\nemail = ada@example.com\n');
  here = new CommandHere(folder, { PIPELINE_STORE: store });
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['disable', /nothing goes to production until pipeline enable --reason "…"$/m],
  ['enable', /goes on by pipeline resume DEPLOY --reason "…"/],
])('%s', async (order, told) => {
  const { exit, stdout } = await here.run([order, '--reason', 'incident 4711']);
  expect(exit).toBe(0);
  expect(stdout).toMatch(told);
});

it.each(['disable', 'enable', 'unlock', 'resume 501', 'rollback --yes', 'advance'])(
  '%s for a reason of blanks is refused',
  async (order) => {
    const { exit, stderr } = await here.run([...order.split(' '), '--reason', '  ']);
    expect(stderr).toContain('E_REASON');
    expect(exit).toBe(2);
  },
);

it('a CI gives no reason of its own, by which it would ship what a rollback holds', async () => {
  const { exit, stderr } = await here.run(['advance', '--reason', 'it is mended'], { CI: 'true' });
  expect(stderr).toContain('E_REASON');
  expect(exit).toBe(2);
});

describe('by hand, a deploy needs somebody who can be seen', () => {
  const programs = "{ command: { deploy: 'true', current: 'true', health: 'true' } }";
  const byHand = `app: acme-web
staging: ${programs}
production: ${programs.replace('deploy:', 'name: production, deploy:')}
`;
  const nobody = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  let place: string;
  beforeAll(() => {
    place = join(folder, 'by-hand');
    mkdirSync(place);
    writeFileSync(join(place, 'pipeline.yml'), byHand);
    const ana = ['-c', 'user.name=Ana', '-c', 'user.email=ana@acme.test'];
    execFileSync('git', ['init', '-q', '-b', 'master', place]);
    execFileSync('git', ['-C', place, 'add', '.']);
    execFileSync('git', ['-C', place, ...ana, 'commit', '-q', '-m', 'The first']);
  });

  it.each([
    ['with --override', ['--override']],
    ['without it', []],
  ])('%s: --actor alone is a claim, and nothing is written', async (_, more) => {
    const args = ['advance', '--build', '505', '--commit', 'HEAD', '--actor', 'ana', ...more];
    const { exit, stderr } = await here.run([...args, '--reason', 'it is mended'], nobody, place);
    expect(stderr).toContain('E_ACTOR');
    expect(exit).toBe(2);
    const log = await openLog(`sqlite:${join(folder, 'log.db')}`, { projections });
    const streams = await log.streams({ prefix: 'deploy/', limit: 1 });
    await log.close();
    expect(streams).toEqual([]);
  });
});
