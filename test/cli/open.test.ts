/** `pipeline open`: the page of the deploy that is named, of the newest where none is; and of no other where it has none. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { writeDeploy } from '../runtime/audit/written.ts';
import { CommandHere } from './command-here.ts';

let folder: string;
let here: CommandHere;
const [first, second] = ['b', 'c'].map((digit) => digit.repeat(40)) as [string, string];
const pageOf = (commit: string): string => `https://github.com/acme/web/commit/${commit}\n`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-open-'));
  const store = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(store, { projections });
  for (const [label, commit] of [
    ['501', first],
    ['502', second],
  ] as const) {
    await writeDeploy(log, { label, commit }, []);
  }
  await log.close();
  here = new CommandHere(folder, { PIPELINE_STORE: store });
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['the newest', [], second],
  ['one by its label', ['501'], first],
  ['one by the start of its id', ['502-c'], second],
])('of %s', async (_, name, commit) => {
  expect(await here.run(['open', 'commit', ...name])).toMatchObject({
    ...{ exit: 0, stdout: pageOf(commit) },
  });
});

it('of what is not there: nothing is printed', async () => {
  for (const [args, code] of [
    [['comparison', '501'], 'E_NO_LINK'],
    [['commit', '9'], 'E_NO_DEPLOY'],
  ] as const) {
    const { exit, stdout, stderr } = await here.run(['open', ...args]);
    expect([exit, stdout, stderr]).toEqual([2, '', expect.stringContaining(code)]);
  }
});
