/** `pipeline explain` on a log in a file, of which there is no clone: of whom it tells, and what it says of what it does not know. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainView } from '../../src/cli/render/explain-view.ts';
import type { Terminal } from '../../src/cli/render/terminal.ts';
import { samples } from '../../src/machine/samples.ts';
import type { Explanation } from '../../src/runtime/audit/explanation.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { sample } from '../machine/samples.ts';
import { wayToGates, wayToLive, writeDeploy, writeLane } from '../runtime/audit/written.ts';
import { CommandHere } from './command-here.ts';

let folder: string;
let here: CommandHere;
/** Of both lanes; of the one alone, in two deploys; of the other alone; of the one, in two that failed. */
const [both, twice, other, failed] = ['b', 'c', 'd', 'e'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
  string,
];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-explain-'));
  const store = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(store, { projections });
  await writeDeploy(log, { label: '501', commit: both }, wayToLive(both, null, 'v1'));
  await writeDeploy(log, { label: '502', commit: twice, title: 'The second' }, [
    ...wayToGates(twice, both, 'v2').slice(0, -1),
    sample('deploy.failed', { step: 'checkStagingHealth' }),
  ]);
  await writeDeploy(log, { label: '503', commit: twice, title: 'The second' }, [
    ...wayToGates(twice, both, 'v2'),
    sample('production.held'),
  ]);
  for (const label of ['504', '505']) {
    await writeDeploy(log, { label, commit: failed }, [
      ...wayToGates(failed, both, 'v2').slice(0, -1),
      sample('deploy.failed', { step: 'checkStagingHealth' }),
    ]);
  }
  const api = { lane: 'acme-api' };
  await writeDeploy(log, { label: '6', commit: both, ...api }, wayToLive(both, null, 'v1'));
  await writeDeploy(log, { label: '7', commit: other, ...api }, wayToLive(other, both, 'v2'));
  const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'not yet' };
  await writeLane(log, { type: 'lane.disabled', data: person }, 'acme-docs');
  await log.close();
  here = new CommandHere(folder, { PIPELINE_STORE: store });
});
afterAll(() => rmSync(folder, { recursive: true }));

async function explained(...args: readonly string[]) {
  const { exit, stdout, stderr } = await here.run(['explain', ...args, '--json']);
  expect(exit, stderr).toBe(0);
  const { commit, deploy, lanes } = JSON.parse(stdout) as {
    commit: { sha: string; title: string };
    deploy: string | null;
    lanes: Explanation[];
  };
  const told = lanes.map(({ lane, verdict, deploy: by }) => [lane, verdict, by]).sort();
  return { commit, deploy, told, lanes };
}

describe('is asked about', () => {
  it.each([
    [
      'a deploy that failed, and not another of its commit',
      ['504'],
      [['acme-web', 'failed', '504']],
    ],
    ['a commit, of which two failed', [failed], [['acme-web', 'failed', '505']]],
    ['a deploy that is held, likewise', ['503'], [['acme-web', 'held', '503']]],
    ['a deploy, and no other lane’s of its commit', ['6'], [['acme-api', 'live', '6']]],
    ['a commit, in its newest deploy', [twice], [['acme-web', 'held', '503']]],
    [
      'a commit, in each lane that deployed it',
      [both],
      [
        ['acme-api', 'live', '6'],
        ['acme-web', 'live', '501'],
      ],
    ],
    [
      'a commit, in the lane that is named',
      [both, '--lane', 'acme-web'],
      [['acme-web', 'live', '501']],
    ],
    [
      'a commit, in a lane that nobody deployed it in',
      [twice, '--lane', 'acme-api'],
      [['acme-api', 'unknown', null]],
    ],
    [
      'a commit, in a lane without a deploy',
      [both, '--lane', 'acme-docs'],
      [['acme-docs', 'unknown', null]],
    ],
  ])('%s', async (_, args, told) => {
    const found = await explained(...args);
    const named = found.told.map(([lane, verdict, by]) => [
      lane,
      verdict,
      by?.split('-')[0] ?? null,
    ]);
    expect(named).toEqual(told);
  });

  it('a deploy in a lane that it is not of: that is refused, and whose it is is said', async () => {
    const { exit, stdout, stderr } = await here.run(['explain', '502', '--lane', 'acme-api']);
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toContain('502-cccccccc is a deploy of lane acme-web, not of acme-api');
    expect((await explained('502', '--lane', 'acme-web')).deploy).toBe('502-cccccccc');
  });

  it('by its id, which it says; and is called as its deploys have it', async () => {
    const { deploy, commit } = await explained('502');
    expect(deploy).toBe('502-cccccccc');
    expect(commit).toEqual({ sha: twice, title: 'The second' });
    expect((await explained(both)).deploy).toBeNull();
    expect((await explained(both)).commit.title).toBe(samples['deploy.requested'].commit.title);
  });

  it('without a clone: what only git would tell is not known, neither one way nor the other', async () => {
    const { lanes } = await explained(twice, '--lane', 'acme-api');
    expect(lanes[0]?.lacks).toContain('no clone');
    expect(lanes[0]?.production).toMatchObject({ commit: other, has: null });
    const { stdout } = await here.run(['explain', twice, '--lane', 'acme-api']);
    expect(stdout).toContain('whether it has this commit is not known');
    expect(stdout).toContain('Not certain, for this is no clone');
    expect(stdout).toContain('Next: In a clone of the repository, ask again.');
  });
});

describe('says', () => {
  const same = (text: string): string => text;
  const color: Terminal['color'] = {
    ...{ bold: same, dim: same, red: same, green: same, yellow: same, cyan: same },
  };
  const seen = {
    ...{ deploy: '504-dddddddd', isTakenBack: false, at: '2026-01-05T13:00:00.000Z' },
    ...{ version: 'v43', commit: other, has: null },
  };
  const plain: Explanation = {
    ...{ lane: 'acme-web', verdict: 'held', deploy: '503-cccccccc', carrier: null },
    ...{
      headline: 'held: by bo',
      chain: [],
      production: null,
      echo: null,
      next: null,
      lacks: null,
    },
  };
  const lines = (change: Partial<Explanation>) =>
    explainView(
      { commit: { sha: twice, title: null }, lanes: [{ ...plain, ...change }] },
      { color },
    );
  const said = (change: Partial<Explanation>) => lines(change).slice(4);
  const echo = { sha: both, title: 'Back', deploy: '501-bbbbbbbb' };

  it.each<[string, Partial<Explanation>, RegExp]>([
    ['that production has it', { production: { ...seen, has: true } }, /: it has this commit\.$/],
    ['that it does not', { production: { ...seen, has: false } }, /: it does not have it\.$/],
    [
      'that this is not known',
      { production: seen },
      /: whether it has this commit is not known\.$/,
    ],
    [
      'that it was undone',
      { echo: { ...echo, kind: 'revert' } as Explanation['echo'] },
      /^Undone by b{8} “Back”, shipped with 501-bbbbbbbb\.$/,
    ],
    [
      'that its change is there by another commit',
      { echo: { ...echo, kind: 'pick', deploy: null } as Explanation['echo'] },
      /^The same change: b{8} “Back”\.$/,
    ],
    ['of what it is not certain', { lacks: 'the clone is shallow' }, /^Not certain, for the clone/],
  ])('%s', (_, change, words) => {
    expect(said(change)).toEqual([expect.stringMatching(words)]);
  });

  it.each<Explanation['verdict']>([
    ...(['live', 'carried', 'contained', 'underWay', 'waitTimedOut', 'held'] as const),
    ...(['disabled', 'failed', 'diverged', 'notAsked', 'unknown'] as const),
  ])('what would let it go on, a command a line, whatever its verdict is: %s', (verdict) => {
    const next = 'pipeline enable\npipeline resume 503';
    expect(said({ verdict, next })).toEqual([
      ...['Next: pipeline enable', 'Next: pipeline resume 503'],
    ]);
  });

  it('the decisions that led there, in order', () => {
    const link = { deploy: '503-cccccccc', time: '2026-01-05T13:00:00.000Z', words: 'asked for' };
    const chain = [link, { ...link, words: 'held' }] as unknown as Explanation['chain'];
    expect(said({ chain }).filter((line) => line !== '')).toEqual([
      expect.stringMatching(/2026-01-05 13:00:00Z {2}503-cccccccc {2}asked for$/),
      expect.stringMatching(/503-cccccccc {2}held$/),
    ]);
  });

  it('that there is no deploy at all', () => {
    const none = explainView({ commit: { sha: twice, title: 'A' }, lanes: [] }, { color });
    expect(none).toEqual(['cccccccc “A”', '', 'The log has no deploy yet.']);
  });
});
