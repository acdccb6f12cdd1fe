/** The deploy job in a CI's configuration: each fault is found, alone, in what `init` writes. */
import { describe, expect, it } from 'vitest';
import type { WantedJob } from '../../../src/cli/doctor/ci-jobs.ts';
import { circleCiFindings } from '../../../src/cli/doctor/circleci-checks.ts';
import { gitHubFindings } from '../../../src/cli/doctor/github-checks.ts';
import { plan } from '../../../src/cli/setup/plan.ts';
import { answers, facts } from '../setup/repository.ts';

const wanted: WantedJob = {
  branch: 'main',
  variables: ['PIPELINE_STORE', 'HEROKU_API_KEY'],
  killSwitch: 'PRODUCTION_CD_ENABLED',
  lock: 'store',
  showsDeployments: true,
  hasGitHubToken: false,
};
const written = (ci: 'circleci' | 'github') => plan(answers({ ci }), facts()).files[1]?.text ?? '';
const shown = (findings: ReturnType<typeof circleCiFindings>) =>
  findings?.map(({ verdict, found }) => `${verdict} ${found}`) ?? null;

type Row = readonly [name: string, found: RegExp | null, from: string | RegExp, to: string];

function spoilt(text: string, from: string | RegExp, to: string): string {
  expect(text).toMatch(from);
  return text.replace(from, to);
}

describe('a job of CircleCI', () => {
  const rows: readonly Row[] = [
    ['no job that deploys', null, ' advance', ' status'],
    ['another branch', /^error .*does not run on main/, 'only: main', 'only: master'],
    ['every branch', /^warning .*every branch/, / +filters:\n +branches:\n +only: main\n/, ''],
    ['beside the tests', /^error .*no job that tests/, / +requires:\n +- test\n/, ''],
    [
      'after what there is not',
      /^error .*specs/,
      /requires:\n( +)- test\n/,
      'requires:\n$1- specs\n',
    ],
    ['no serial-group', /^warning .*serial-group/, /\n +serial-group: \S+/, ''],
    ['in no workflow', /^error no workflow/, / {6}# The context[\s\S]*$/, ''],
    ['parallelism', /^error .*2 times/, '  deploy:\n', '  deploy:\n    parallelism: 2\n'],
    [
      'a rerun',
      /^warning .*again by itself/,
      'name: Deploy\n',
      'name: Deploy\n          max_auto_reruns: 2\n',
    ],
    ['a signal that is lost', /^warning the signal/, 'command: exec ', 'command: '],
  ];

  it('as init writes it is right', () => {
    expect(shown(circleCiFindings(written('circleci'), wanted))).toEqual([
      'ok the job deploy runs advance as it should',
    ]);
  });

  it.each(rows)('%s', (_, found, from, to) => {
    const text = spoilt(written('circleci'), from, to);
    const findings = shown(circleCiFindings(text, wanted));
    expect(findings).toEqual(found === null ? null : [expect.stringMatching(found)]);
  });

  it('of the orb is looked at by its place in the workflow', () => {
    const orb = `orbs: { ship: acme/lockstep@0.1.0 }
workflows: { main: { jobs: [test, { ship/deploy: { requires: [test], serial-group: x, filters: { branches: { only: main } } } }] } }`;
    expect(shown(circleCiFindings(orb, wanted))).toEqual([
      'ok the job ship/deploy runs advance as it should',
    ]);
    const beside = orb.replace('requires: [test], ', '');
    expect(shown(circleCiFindings(beside, wanted))).toEqual([
      expect.stringMatching(/^error .*no job that tests/),
    ]);
    expect(circleCiFindings(orb.replace('acme/lockstep', 'acme/other'), wanted)).toBeNull();
  });

  it('in what is no YAML is an error, not an “ok”', () => {
    expect(circleCiFindings('jobs: [', wanted)?.[0]?.verdict).toBe('error');
  });
});

describe('a job of GitHub Actions', () => {
  const rows: readonly Row[] = [
    ['no job that deploys', null, ' advance', ' status'],
    ['a push of another branch', /^error .*push of main/, '- main\n', '- "release/**"\n'],
    ['no push', /^error .*at a push/, /push:\n +branches:\n +- main\n +/, ''],
    ['beside the tests', /^error .*no job that tests/, / +needs:\n +- test\n/, ''],
    ['a newer run that cancels', /^error a newer run/, 'in-progress: false', 'in-progress: true'],
    [
      'one that cancels the workflow',
      /^error a newer run/,
      'name: Deploy\n',
      'name: Deploy\nconcurrency: { group: x, cancel-in-progress: true }\n',
    ],
    ['one commit, with a token', /^warning .*clones one/, 'fetch-depth: 0', 'fetch-depth: 1'],
    [
      'one commit, without',
      /^error .*clones one/,
      /fetch-depth: 0([\s\S]*)\n +GITHUB_TOKEN: .*/,
      'fetch-depth: 1$1',
    ],
    [
      'no right to read',
      /^error .*may not read the rep/,
      / contents: read\n( +)actions/,
      ' checks: read\n$1actions',
    ],
    ['no right to show', /^warning .*deployments/, 'deployments: write', 'issues: read'],
    ['a secret that is not handed on', /^error .*PIPELINE_STORE/, / +PIPELINE_STORE: .*\n/, ''],
    [
      'a switch that is not handed on',
      /^error .*PRODUCTION_CD/,
      / +PRODUCTION_CD_ENABLED: .*\n/,
      '',
    ],
    ['a signal that is lost', /^warning the signal/, 'run: exec ', 'run: '],
  ];
  const of = (text: string, job = wanted) =>
    shown(gitHubFindings([{ path: '.github/workflows/deploy.yml', text }], job));

  it('as init writes it is right, whatever the branch’s pattern', () => {
    expect(of(written('github'))).toEqual([
      'ok the job deploy in deploy.yml runs advance as it should',
    ]);
    for (const pattern of ['"**"', '"m*"', 'main']) {
      expect(of(written('github').replace('- main\n', `- ${pattern}\n`))?.[0]).toMatch(/^ok/);
    }
  });

  it.each(rows)('%s', (_, found, from, to) => {
    const findings = of(spoilt(written('github'), from, to));
    expect(findings).toEqual(found === null ? null : [expect.stringMatching(found)]);
  });

  it('may be a step by the action', () => {
    const text = spoilt(written('github'), /run: exec .*/, 'uses: acme/lockstep@0123456');
    expect(of(text)).toEqual(['ok the job deploy in deploy.yml runs advance as it should']);
    expect(of(text.replace(/ +PIPELINE_STORE: .*\n/, ''))?.[0]).toMatch(/^error .*PIPELINE_STORE/);
  });

  it('needs actions: read where its runs are the lock', () => {
    const text = spoilt(written('github'), 'actions: read', 'issues: read');
    expect(of(text)?.[0]).toMatch(/^ok/);
    expect(of(text, { ...wanted, lock: 'github' })?.[0]).toMatch(/^error .*lane’s lock/);
  });
});
