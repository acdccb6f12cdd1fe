/** A deploy job in a configuration that somebody else wrote: added where that is safe, every byte kept; else shown. */
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { insert } from '../../../src/cli/setup/insert.ts';
import { plan } from '../../../src/cli/setup/plan.ts';
import { fc } from '../../fast-check.ts';
import { answers, facts } from './repository.ts';

const circleCi = (text: string) =>
  plan(answers(), facts({ circleci: { path: '.circleci/config.yml', text } }));
const gitHub = (...texts: string[]) =>
  plan(
    answers({ ci: 'github' }),
    facts({ workflows: texts.map((text, i) => ({ path: `.github/workflows/ci${i}.yml`, text })) }),
  );

/** The lines of the one stand in the other, in their order. */
function keepsLines(before: string, after: string): boolean {
  const left = before.trimEnd().split('\n');
  for (const line of after.split('\n')) if (line === left[0]) left.shift();
  return left.length === 0;
}

const tested = `# Ours since 2019.
version: 2.1
jobs:
    lint:   # fast
        docker: [{image: "cimg/ruby:3.4"}]
        steps: [checkout]
    test: &test
        docker:
        - image: cimg/ruby:3.4
        steps:
        - checkout
        - run: |
            bundle exec rake
            echo done
workflows:
    build:
        jobs:
        - lint
        - test:
            requires: [lint]
        - nightly:
            filters: {branches: {only: nightly}}
        # the end
`;

describe('a CircleCI configuration', () => {
  it('gets the job behind what tests the branch, and keeps every line', () => {
    const { files, byHand } = circleCi(tested);
    expect(byHand).toEqual([]);
    const added = files[1]?.text ?? '';
    expect(files[1]?.action).toBe('add');
    expect(keepsLines(tested, added)).toBe(true);
    const { jobs, workflows } = parse(added);
    expect(Object.keys(jobs)).toEqual(['lint', 'test', 'deploy']);
    expect(workflows.build.jobs).toHaveLength(4);
    expect(workflows.build.jobs[3].deploy.requires).toEqual(['test']);
    expect(circleCi(added).files[1]?.action).toBe('keep');
  });

  const unsafe: Readonly<Record<string, readonly [RegExp, string]>> = {
    'a job that deploys': [/seems to deploy/, tested.replace('echo done', 'git push heroku main')],
    'a job that is called deploy': [/seems to deploy/, tested.replace('lint:   #', 'deploy:   #')],
    'two workflows': [/2 workflows/, `${tested}    nightly:\n        jobs: [test]\n`],
    'no workflow': [/0 workflows/, 'version: 2.1\njobs: { build: { steps: [checkout] } }\n'],
    'a workflow under a condition': [
      /conditions \(when\)/,
      tested.replace('    build:\n', '    build:\n        when: << pipeline.parameters.x >>\n'),
    ],
    'a schedule': [
      /conditions \(triggers\)/,
      tested.replace(
        '    build:\n',
        '    build:\n        triggers: [{schedule: {cron: "0 0 * * *"}}]\n',
      ),
    ],
    'an approval at the end': [
      /an approval/,
      tested.replace(
        '- test:\n            requires: [lint]',
        '- ok:\n            type: approval\n            requires: [lint]',
      ),
    ],
    'nothing that tests the branch': [
      /no job that tests main/,
      tested
        .replaceAll('- lint', '- lint: {filters: {branches: {ignore: /ma.*/}}}')
        .replace('requires: [lint]', 'filters: {branches: {only: [x]}}'),
    ],
    'a setup configuration': [/setup/, `setup: true\n${tested}`],
    'a list in one line': [
      /written in a way/,
      tested.replace(/jobs:\n {8}- lint[\s\S]*$/, 'jobs: [lint, test]\n'),
    ],
    'no YAML': [/cannot be read/, 'jobs: [\n'],
  };
  it.each(Object.entries(unsafe))(
    'with %s is not touched: what to add is shown, and why',
    (_, [why, text]) => {
      const { files, byHand, todo } = circleCi(text);
      expect(files.map(({ path }) => path)).not.toContain('.circleci/config.yml');
      expect(byHand[0]?.why).toMatch(why);
      expect(byHand[0]?.text).toContain('serial-group: web-deploy');
      expect(todo.join()).toContain('.circleci/config.yml');
    },
  );
});

const workflow = `name: CI
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4   # pinned by Renovate
      - run: bundle exec rake

  # by hand
  audit:
    needs: test
    if: github.event_name == 'schedule'
    runs-on: ubuntu-latest
    steps: []
`;

describe('a workflow of GitHub Actions', () => {
  it('gets the job behind what always tests, and keeps every line', () => {
    const text = workflow.replace('needs: test\n', 'needs: []\n');
    const { files, byHand } = gitHub(text);
    expect(byHand).toEqual([]);
    expect(files[1]).toMatchObject({ action: 'add', path: '.github/workflows/ci0.yml' });
    expect(keepsLines(text, files[1]?.text ?? '')).toBe(true);
    expect(parse(files[1]?.text ?? '').jobs.deploy.needs).toEqual(['test']);
  });

  it('that runs at no push leaves the deploy a workflow of its own', () => {
    const { files } = gitHub(workflow.replace('[push, pull_request]', 'pull_request'));
    expect(files[1]).toMatchObject({ action: 'write', path: '.github/workflows/deploy.yml' });
  });

  const always = workflow.replace('needs: test\n', 'needs: []\n');
  const unsafe: Readonly<Record<string, readonly [RegExp, readonly string[]]>> = {
    'a concurrency that cancels': [
      /would cancel a deploy/,
      [`concurrency: { group: ci, cancel-in-progress: true }\n${always}`],
    ],
    'a condition on what cancels': [
      /would cancel a deploy/,
      [`concurrency: { group: ci, cancel-in-progress: "\${{ github.ref != 'x' }}" }\n${always}`],
    ],
    paths: [
      /some paths/,
      [always.replace('[push, pull_request]', '{ push: { paths: [app/**] } }')],
    ],
    'another branch': [
      /not of main/,
      [always.replace('[push, pull_request]', '{ push: { branches: [master] } }')],
    ],
    'a job that deploys': [
      /seems to deploy/,
      [always.replace('bundle exec rake', 'kubectl apply -f .')],
    ],
    'jobs under conditions only': [/no job that always tests/, [workflow]],
    'two that run at a push': [/ci0.yml and .*ci1.yml/, [always, always]],
    'jobs in one line': [
      /written in a way/,
      ['on: push\njobs: { test: { runs-on: x, steps: [] } }\n'],
    ],
  };
  it.each(Object.entries(unsafe))(
    'with %s is not touched: what to add is shown, and why',
    (_, [why, texts]) => {
      const { files, byHand } = gitHub(...texts);
      expect(files.some(({ path }) => path.startsWith('.github'))).toBe(false);
      expect(byHand[0]?.why).toMatch(why);
      expect(byHand[0]?.text).toContain('group: web-deploy');
    },
  );
});

describe('an addition to any configuration', () => {
  const names = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
  const value = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.integer(),
    fc.constant('two\nlines\n'),
    fc.array(names, { maxLength: 3 }),
    fc.dictionary(names, names, { maxKeys: 3 }),
  );

  it('says what was there and what was added, and keeps every line', () => {
    const cases = fc.record({
      jobs: fc.dictionary(names, value, { minKeys: 1, maxKeys: 4 }),
      list: fc.array(fc.oneof(names, fc.dictionary(names, value, { minKeys: 1, maxKeys: 1 })), {
        minLength: 1,
        maxLength: 4,
      }),
      indent: fc.constantFrom(2, 3, 4),
      indentSeq: fc.boolean(),
      jobsLast: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ jobs, list, indent, indentSeq, jobsLast }) => {
        const flow = { main: { jobs: list } };
        const value = jobsLast ? { workflows: flow, jobs } : { jobs, workflows: flow };
        const text = stringify(value, { indent, indentSeq, lineWidth: 0 }).replaceAll('\n', '\n');
        const added = insert(text, [
          { path: ['jobs'], key: 'deploy-x', value: { steps: ['checkout'] }, comment: ['why'] },
          {
            path: ['workflows', 'main', 'jobs'],
            key: null,
            value: { 'deploy-x': { requires: ['a'] } },
          },
        ]);
        expect(added).not.toBeNull();
        expect(keepsLines(text, added ?? '')).toBe(true);
        expect(parse(added ?? '').jobs['deploy-x']).toEqual({ steps: ['checkout'] });
        expect(parse(added ?? '').workflows.main.jobs).toHaveLength(list.length + 1);
      }),
      { numRuns: 150 },
    );
  });
});
