/** `pipeline whatif` on a log in a file: what it tells as text, Markdown and JSON, what it refuses, and that it writes nothing. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chart } from '../../src/machine/chart.ts';
import { definitionOf } from '../../src/machine/definition.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { gatesFirst } from '../machine/gates-first.ts';
import { sample } from '../machine/samples.ts';
import { wayToGates, wayToLive, writeDeploy } from '../runtime/audit/written.ts';
import { CommandHere } from './command-here.ts';

let folder: string;
let here: CommandHere;
const commits = ['b', 'c', 'd', 'e'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
  string,
];
const write = (name: string, value: unknown): string => {
  writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  return name;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-whatif-'));
  const store = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(store, { projections });
  const [first, second, third, fourth] = commits;
  await writeDeploy(log, { label: '501', commit: first }, wayToLive(first, null, 'v1'));
  await writeDeploy(log, { label: '502', commit: second }, [
    ...wayToGates(second, first, 'v2').slice(0, -1),
    sample('deploy.failed', { step: 'checkStagingHealth' }),
  ]);
  const stuck = { release: { id: 'r', version: 'v1' }, first: true };
  await writeDeploy(log, { label: '503', commit: third }, [
    sample('lock.acquired'),
    {
      type: 'deploy.superseded',
      data: {
        ...{ cause: 'diverged', step: 'observe', verified: false, stuck },
        production: { version: 'v1', commit: first },
      },
    },
  ]);
  await writeDeploy(
    log,
    { label: '9', commit: fourth, lane: 'other' },
    wayToLive(fourth, null, 'v1'),
  );
  await log.close();
  here = new CommandHere(folder, { PIPELINE_STORE: store });
});
afterAll(() => rmSync(folder, { recursive: true }));

const whatif = (...args: readonly string[]) => here.run(['whatif', ...args]);

it('tells which deploys go another way, where and by what, of which nothing is known, and how many', async () => {
  const before = readFileSync(join(folder, 'log.db'));
  const told = await whatif('--set', 'gates.stuckExit=0', '--lane', 'acme-web');
  expect(told).toMatchObject({ exit: 0, stderr: '' });
  expect(told.stdout).toMatch(
    /^With gates\.stuckExit=0, of 3 deploys: 2 go the same way, 1 another, and of 0 \(0 %\) it is not known\.$/m,
  );
  expect(told.stdout).toMatch(
    /^ {2}503-dddddddd .*Z +superseded \(exit 1\) → superseded \(exit 0\) +in locked, by deploy\.superseded \(event 3\)$/m,
  );
  expect(readFileSync(join(folder, 'log.db')).equals(before)).toBe(true);
});

it('takes each setting that is given, whichever comes last', async () => {
  const settings = ['gates.stuckExit=0', 'lock.timeout=10m'].flatMap((one) => ['--set', one]);
  for (const given of [settings, [...settings.slice(2), ...settings.slice(0, 2)]]) {
    const { stdout } = await whatif(...given, '--json');
    const { change, deploys } = JSON.parse(stdout);
    expect(change.set).toEqual(given.filter((one) => one !== '--set'));
    expect(deploys[2]).toMatchObject({ deploy: '503-dddddddd', verdict: 'other' });
  }
});

it('takes a chart as JSON, that begins with the one it prints, and as a module', async () => {
  const printed = JSON.parse((await whatif('--print-chart')).stdout);
  expect(printed).toEqual(definitionOf(chart));
  const same = await whatif('--chart', write('same.json', printed));
  expect(same.stdout).toContain('Nothing would go another way.');
  const moved = await whatif('--chart', write('moved.json', gatesFirst(printed)));
  expect(moved.stdout).toMatch(/of 4 deploys: 3 go the same way, 0 another, and of 1 \(25 %\)/);
  expect(moved.stdout).not.toContain('Nothing would go another way.');
  expect(moved.stdout).toMatch(/1 × reading production’s gates was not asked .*: 502-cccccccc/);
  const module = `export { chart } from ${JSON.stringify(join(import.meta.dirname, '../../src/machine/chart.ts'))};`;
  const own = await whatif('--chart', write('own.mjs', module));
  expect(own.stdout).toContain('Nothing would go another way.');
});

it('is a table in Markdown, in which nothing of the log is markup, and one document in JSON', async () => {
  const markdown = await whatif('--set', 'gates.stuckExit=0', '--format', 'markdown');
  expect(markdown.stdout).toMatch(/^### What if\n\nWith gates\\\.stuckExit\\=0\\, of 4 deploys/);
  expect(markdown.stdout).toContain('| 503\\-dddddddd |');
  const json = await whatif('--set', 'gates.stuckExit=0', '--since', '2001-01-01', '--json');
  const { version, change, deploys } = JSON.parse(json.stdout);
  expect({ version, change }).toEqual({
    version: 1,
    change: { chart: null, set: ['gates.stuckExit=0'] },
  });
  expect(deploys).toHaveLength(4);
  expect(deploys[2]).toMatchObject({
    ...{ deploy: '503-dddddddd', lane: 'acme-web', verdict: 'other', at: 'locked' },
    recorded: { state: 'superseded', exit: 1 },
    changed: { state: 'superseded', exit: 0 },
  });
});

it.each([
  ['nothing is changed', [], /takes what is changed/],
  [
    'the setting is none',
    ['--set', 'gates.stuckExist=0'],
    /no setting gates\.stuckExist[\s\S]*gates\.stuckExit/,
  ],
  // What every object has besides, and every list.
  ...[
    ...['constructor', '__proto__', 'toString', 'constructor.name', '__proto__.x'],
    ...['gates.hasOwnProperty', 'staging.__proto__.bake', 'staging.endpoints.length'],
  ].map((path): [string, string[], RegExp] => [
    `the setting is ${path}`,
    ['--set', `${path}=1`],
    new RegExp(`a deploy has no setting ${path}\\n`),
  ]),
  ['the setting has no value', ['--set', 'gates'], /a setting and its value/],
  ['the value is none', ['--set', 'gates.stuckExit=many'], /--set gates\.stuckExit: /],
  ['the value of a duration is none', ['--set', 'lock.timeout=soon'], /--set lock\.timeoutMs: /],
  ['the chart is not there', ['--chart', 'nowhere.json'], /ENOENT[\s\S]*--print-chart/],
  ['the chart is no JSON', ['--chart', 'broken.json'], /broken\.json is no chart/],
  ['the chart is another thing', ['--chart', 'thing.json'], /thing\.json is no chart.*version/],
  ['the chart names what is not there', ['--chart', 'odd.json'], /guard isWeekend/],
  ['the module has no machine', ['--chart', 'none.mjs'], /neither its default export/],
  ['the format is none', ['--set', 'lock.timeout=1m', '--format', 'pdf'], /text or markdown/],
  ['the time is none', ['--set', 'lock.timeout=1m', '--since', 'then'], /--since takes a time/],
])('exits 2 where %s', async (_, args, message) => {
  write('broken.json', '{');
  write('thing.json', { states: [] });
  write('none.mjs', 'export const chart = 7;');
  const { transitions, ...rest } = definitionOf(chart);
  const [first, ...others] = transitions;
  write('odd.json', { ...rest, transitions: [{ ...first, guard: 'isWeekend' }, ...others] });
  const { exit, stderr, stdout } = await whatif(...args);
  expect([exit, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});
