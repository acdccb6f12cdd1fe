/** What is told of many deploys, by the command itself, on a log in a file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { sample } from '../machine/samples.ts';
import { wayToGates, wayToLive, writeDeploy } from '../runtime/audit/written.ts';
import { CommandHere } from './command-here.ts';

let folder: string;
let here: CommandHere;
const [first, second] = ['b', 'c'].map((digit) => digit.repeat(40)) as [string, string];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-accounts-'));
  const store = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(store, { projections });
  await writeDeploy(log, { label: '501', commit: first }, wayToLive(first, null, 'v1'));
  await writeDeploy(log, { label: '502', commit: second }, [
    ...wayToGates(second, first, 'v2'),
    sample('production.held'),
  ]);
  await writeDeploy(log, { label: '7', commit: first, lane: 'acme-api' }, []);
  await log.close();
  here = new CommandHere(folder, { PIPELINE_STORE: store }, { modules: 'shared' });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('metrics', () => {
  it('tells each lane’s figures, the window and how they are made', async () => {
    const { exit, stdout } = await here.run(['metrics', '--until', '2999-01-01', '--since', '1h']);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^from .* until 2999-01-01 00:00:00Z$/m);
    expect(stdout).toMatch(/^acme-api\n[\s\S]*^acme-web\n {2}deployment frequency +1 deploy,/m);
    expect(stdout).toMatch(/^ {2}change fail rate +0.0% \(0 of 1\)$/m);
    expect(stdout).toMatch(/^ {2}lead time for changes +none; of 1 more commit git says no time$/m);
    expect(stdout).toContain('How they are made (docs/metrics.md):');
  });

  it('as a document, of one lane', async () => {
    const { stdout } = await here.run(['metrics', '--lane', 'acme-web', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      lanes: [{ lane: 'acme-web', deployments: { count: 1 }, rework: { count: 0, of: 1 } }],
    });
  });

  it.each([
    [['--lane', 'nothing'], 'E_NO_LANE'],
    [['--since', 'soon'], 'E_USAGE'],
    [['--since', '2026-01-02', '--until', '2026-01-01'], 'E_USAGE'],
    [['--since', '2999-01-01'], 'E_USAGE'],
  ])('%j is refused: %s', async (flags, code) => {
    const { exit, stdout } = await here.run(['metrics', '--json', ...flags]);
    expect([exit, JSON.parse(stdout).error.code]).toEqual([2, code]);
  });
});
