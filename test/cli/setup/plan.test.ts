import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../../src/cli/config/config.ts';
import type { Answers } from '../../../src/cli/setup/answers.ts';
import type { RepositoryFacts } from '../../../src/cli/setup/facts.ts';
import { plan } from '../../../src/cli/setup/plan.ts';
import { type Faults, faultsOfCircleci, faultsOfWorkflow } from '../../vendor-schemas.ts';
import { answers, facts } from './repository.ts';

/** Those that are there. */
const schemas: Readonly<Record<string, Faults | null>> = {
  '.circleci/config.yml': faultsOfCircleci(),
  '.github/workflows/deploy.yml': faultsOfWorkflow(),
};

const programs = {
  settings: { deploy: 'bin/deploy', waive: ['order', 'rollback'] },
  url: null,
  endpoint: null,
  tellsInstances: false,
};

const lanes: Readonly<Record<string, Partial<Answers>>> = {
  'two apps': {},
  'told in Slack': {
    channel: { key: 'slack', settings: { channel: '#deploys' }, token: 'SLACK_BOT_TOKEN' },
    app: 'shop.web_2',
  },
  'no remote': { repository: null },
  'a branch with a slash': { branch: '#release/2026' },
  'an address that YAML would take for more': {
    staging: {
      ...programs,
      settings: { app: 'acme-staging' },
      endpoint: 'https://x.test/a?b=[1]#c',
      tellsInstances: true,
    },
  },
  'programs of its own': {
    kind: 'command',
    instances: 'instances',
    staging: programs,
    production: { ...programs, endpoint: 'https://acme.test/' },
    tokens: [],
  },
};
const repositories: Readonly<Record<string, Partial<RepositoryFacts>>> = {
  rails: {},
  node: { language: 'node', installed: 'package', hasPackageJson: true },
  empty: { language: null, installed: null },
};
const table = Object.entries(lanes).flatMap(([lane, given]) =>
  Object.entries(repositories).flatMap(([kind, repository]) =>
    (['circleci', 'github', null] as const).map((ci) => ({ lane, kind, ci, given, repository })),
  ),
);

describe('what is written for a new lane', () => {
  it.each(table)('$lane, $kind, $ci: is right by our check and by the CI’s schema', async (row) => {
    const given = answers({ ...row.given, ci: row.ci });
    const { files, byHand } = plan(given, facts(row.repository));
    expect(byHand).toEqual([]);
    expect(files.every(({ action }) => action === 'write')).toBe(true);
    const config = await parseConfig(Buffer.from(files[0]?.text ?? ''), 'pipeline.yml');
    expect(config).toMatchObject({ app: given.app, branch: given.branch });
    expect(config.store).toBe('sqlite:.pipeline/log.db');
    const ciFile = files.find(({ path }) => path in schemas);
    expect(ciFile === undefined).toBe(row.ci === null);
    if (ciFile !== undefined) expect(schemas[ciFile.path]?.(parse(ciFile.text)) ?? null).toBeNull();
  });

  it('names no log that a CI throws away, and says which variable to set', () => {
    for (const ci of ['circleci', 'github', null] as const) {
      const { files, todo } = plan(answers({ ci }), facts());
      expect(files.map(({ text }) => text).join()).not.toMatch(/sqlite:|^store:/m);
      expect(todo.join()).toContain('PIPELINE_STORE=postgres://');
    }
  });

  it('on CircleCI: after the tests, on the branch only, one at a time, and a signal arrives', () => {
    const { files } = plan(answers(), facts());
    const { jobs, workflows } = parse(files[1]?.text ?? '');
    expect(workflows.main.jobs[1].deploy).toMatchObject({
      requires: ['test'],
      context: ['lockstep'],
      filters: { branches: { only: 'main' } },
      'serial-group': 'web-deploy',
    });
    expect(JSON.stringify(jobs.deploy)).toContain(
      'exec .lockstep/node_modules/.bin/lockstep advance',
    );
  });

  it('on GitHub: after the tests, a push of the branch only, never cancelled, with history', () => {
    const { files } = plan(answers({ ci: 'github' }), facts({ installed: 'package' }));
    const { deploy } = parse(files[1]?.text ?? '').jobs;
    expect(deploy).toMatchObject({
      needs: ['test'],
      if: "github.event_name == 'push' && github.ref == 'refs/heads/main'",
      environment: { name: 'production', deployment: false },
      concurrency: { group: 'web-deploy', 'cancel-in-progress': false },
      permissions: { contents: 'read', actions: 'read', deployments: 'write' },
    });
    expect(deploy.steps[0].with).toEqual({ 'fetch-depth': 0 });
    expect(deploy.steps.at(-1).run).toBe('exec npx --no lockstep advance');
    expect(deploy.steps.at(-1).env).toMatchObject({
      PIPELINE_STORE: expect.stringContaining('secrets.PIPELINE_STORE'),
    });
  });
});

describe('what is there already', () => {
  it('a pipeline.yml that says something else is kept for a person to decide', () => {
    const [file] = plan(answers(), facts({ pipelineFile: 'app: other\n' })).files;
    expect(file).toMatchObject({ action: 'differs', before: 'app: other\n' });
    const { files } = plan(answers(), facts());
    const again = plan(answers(), facts({ pipelineFile: files[0]?.text ?? null })).files[0];
    expect(again?.action).toBe('keep');
  });

  it('a .gitignore is added to, and only with what it lacks', () => {
    const of = (gitignore: string | null) =>
      plan(answers({ ci: null }), facts({ gitignore })).files.filter(
        ({ path }) => path === '.gitignore',
      );
    expect(of('log/')).toMatchObject([
      { action: 'add', text: 'log/\n.pipeline/\n.lockstep/node_modules/\n' },
    ]);
    expect(of('/.pipeline\nnode_modules\n')).toEqual([]);
    expect(of(null)).toMatchObject([{ action: 'write' }]);
  });

  it('a CI that runs Lockstep is left as it is', () => {
    const text = 'jobs: { ship: { steps: [{ run: npx --no lockstep advance }] } }\n';
    const circleci = { path: '.circleci/config.yml', text };
    expect(plan(answers(), facts({ circleci })).files[1]).toMatchObject({ action: 'keep', text });
    const orb = 'orbs: { x: acme/lockstep@1 }\nworkflows:\n  main:\n    jobs:\n      - x/deploy\n';
    const byOrb = facts({ circleci: { path: '.circleci/config.yml', text: orb } });
    expect(plan(answers(), byOrb).files[1]).toMatchObject({ action: 'keep', text: orb });
    const workflows = [{ path: '.github/workflows/x.yml', text }];
    expect(plan(answers({ ci: 'github' }), facts({ workflows })).files[1]?.action).toBe('keep');
  });
});
