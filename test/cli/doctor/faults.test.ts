/** Each fault that is seeded is found, alone; where there is none, nothing is found. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { isBroken } from '../../../src/cli/doctor/examine.ts';
import { configText, DoctorWorld, wrong } from './world.ts';

let world: DoctorWorld | null = null;
afterEach(() => world?.clear());

type Seed = (world: DoctorWorld) => void | Promise<void>;
const inConfig =
  (from: string, to: string): Seed =>
  (at) => {
    expect(at.config).toContain(from);
    at.config = at.config.replace(from, to);
  };
/** What a check-up is told of the checkout. */
const checkout =
  (changed: DoctorWorld['checkout']): Seed =>
  (at) => {
    at.checkout = changed;
  };
const variable =
  (name: string, value: string | undefined): Seed =>
  (at) => {
    at.env[name] = value;
  };
const [staging, production] = ['acme-staging', 'acme-production'];

/** What a check-up is told of the repository. */
const repository =
  (changed: DoctorWorld['facts']): Seed =>
  (at) => {
    at.facts = changed;
  };
const none = { submodules: [], lfs: [], exports: [] };

const faults: readonly (readonly [name: string, found: string, seed: Seed])[] = [
  [
    'pipeline.yml that is not committed',
    'config.committed error',
    checkout({ committed: 'missing' }),
  ],
  [
    'one that differs from the commit’s',
    'config.committed warning',
    checkout({ committed: 'another' }),
  ],
  [
    'another branch than the repository’s',
    'git.branch warning',
    repository({ defaultBranch: 'trunk' }),
  ],
  [
    'a checkout of the repository’s branch, which is another one',
    'git.branch warning',
    repository({ defaultBranch: 'trunk', checkedOut: 'trunk' }),
  ],
  [
    'a checkout of another branch than the one that is deployed',
    'git.branch warning',
    repository({ checkedOut: 'feature/search' }),
  ],
  [
    'the same where the repository’s branch is not known',
    'git.branch warning',
    repository({ defaultBranch: null, checkedOut: 'feature/search' }),
  ],
  ['a shallow clone', 'git.history warning', repository({ isShallow: true })],
  [
    'a shallow clone without a token',
    'git.history error',
    (at) => {
      at.facts = { isShallow: true };
      at.env.GITHUB_TOKEN = undefined;
      at.config = at.config.replace('  github: {}\n', '');
    },
  ],
  ['submodules', 'git.source error', checkout({ oddities: { ...none, submodules: ['vendor/x'] } })],
  ['Git LFS', 'git.source error', checkout({ oddities: { ...none, lfs: ['logo.png'] } })],
  ['a kill switch that is off', 'kill-switch warning', variable('PRODUCTION_CD_ENABLED', 'yes')],

  [
    'no job that deploys',
    'ci.job warning',
    (at) => {
      at.circleci = null;
    },
  ],
  [
    'a job that deploys in each of two CIs',
    'ci.job warning',
    (at) => {
      const { circleci } = at;
      at.onGitHub();
      at.circleci = circleci;
    },
  ],
  [
    'a configuration of CircleCI that nobody can read, beside the job of GitHub',
    'ci.job error',
    (at) => {
      at.onGitHub();
      at.circleci = 'jobs: [';
    },
  ],
  [
    'a log that the CI throws away',
    'store.shared warning',
    (at) => {
      at.storeUrl = `sqlite:${at.root}/repository/.pipeline/log.db`;
    },
  ],
  [
    'a log that the CI throws away, in a CI',
    'store.shared error',
    (at) => {
      at.storeUrl = `sqlite:${at.root}/repository/.pipeline/log.db`;
      at.env.CI = 'true';
    },
  ],
  [
    'a server that is not there',
    'store.writable error',
    (at) => {
      at.storeUrl = 'postgres://u:p@127.0.0.1:1/x';
    },
  ],
  [
    'a file that is no log',
    'store.writable error',
    (at) => {
      writeFileSync(`${at.root}/odd.db`, 'no log '.repeat(999));
      at.storeUrl = `sqlite:${at.root}/odd.db`;
    },
  ],
  [
    'a log that another program keeps locked',
    'store.writable error',
    async (at) => {
      await at.shipped(configText);
      const other = new Database(at.storeUrl.slice('sqlite:'.length));
      onTestFinished(() => void other.close());
      other.exec('begin immediate');
    },
  ],
  ['a disabled lane', 'lane.enabled warning', (at) => at.disabled()],
  [
    'weaker settings',
    'settings.protected warning',
    async (at) => {
      await at.shipped(configText);
      at.config = at.config.replace(
        '{ app: acme-production }',
        '{ app: acme-production, deploy: build }',
      );
    },
  ],

  ['no token', 'heroku.token error', variable('HEROKU_API_KEY', undefined)],
  [
    'a token that Heroku does not know',
    'heroku.token error',
    variable('HEROKU_API_KEY', 'HRKU-0123456789'),
  ],
  [
    'a token that may only read',
    'heroku.token error',
    (at) => at.control.setTokenScope({ scope: ['read-protected'] }),
  ],
  ['a clock that is off', 'heroku.clock warning', (at) => at.pass(3_600_000)],
  ['an app that there is not', 'heroku.apps error', inConfig('acme-production }', 'acme-prod }')],
  [
    'an app in maintenance',
    'heroku.apps error',
    (at) => {
      at.control.setMaintenance({ app: staging, enabled: true });
      at.config = at.config
        .replace('"https://staging.sandbox.test/"', '"https://canary.sandbox.test/", status: 503')
        .replace(', revision: { header: x-revision } }]\nproduction', ' }]\nproduction');
    },
  ],
  [
    'an app in no pipeline',
    'heroku.pipeline error',
    (at) => at.control.setStage({ app: production, stage: null }),
  ],
  [
    'an app in another stage',
    'heroku.pipeline warning',
    (at) => at.control.setStage({ app: production, stage: 'staging' }),
  ],
  [
    'a review app as a lane’s',
    'heroku.review-apps error',
    (at) => at.control.setStage({ app: production, stage: 'review' }),
  ],
  [
    'Heroku’s own automatic deploys',
    'heroku.auto-deploy error',
    (at) => at.control.setAutoDeploy({ app: production, branch: 'main' }),
  ],
  [
    'an app that is scaled to nothing',
    'heroku.dynos error',
    (at) => {
      at.control.setFormation({ app: staging, type: 'web', quantity: 0 });
      at.config = at.config
        .replace('"https://staging.sandbox.test/"', '"https://staging.sandbox.test/", status: 503')
        .replace(', revision: { header: x-revision } }]\nproduction', ' }]\nproduction');
    },
  ],
  [
    'no preboot',
    'heroku.preboot warning',
    (at) => at.control.setPreboot({ app: production, enabled: false }),
  ],
  [
    'more connections than the plan has',
    'heroku.connections error',
    (at) => {
      at.control.setConfig({
        app: production,
        vars: { WEB_CONCURRENCY: '2', RAILS_MAX_THREADS: '5' },
        byUser: 'ana@acme.test',
      });
      at.control.setDatabase({ app: production, plan: 'essential-0', connectionsMax: 20 });
    },
  ],
  [
    'more connections than the plan has, by what is assumed',
    'heroku.connections warning',
    (at) => at.control.setDatabase({ app: production, plan: 'essential-0', connectionsMax: 20 }),
  ],

  [
    'no endpoint',
    'endpoints.production warning',
    inConfig(
      '    endpoints: [{ url: "https://production.sandbox.test/", revision: { header: x-revision } }]\n',
      '    dynos: { settle: 10s }\n',
    ),
  ],
  [
    'an endpoint that answers otherwise',
    'endpoints.production warning',
    (at) => at.control.endpointDown({ app: production, status: 500 }),
  ],
  [
    'an endpoint that tells no commit',
    'endpoints.production error',
    inConfig(
      'production.sandbox.test/", revision: { header: x-revision',
      'production.sandbox.test/", revision: { header: x-commit',
    ),
  ],
  [
    'an endpoint that cannot be reached',
    'endpoints.production error',
    (at) => {
      at.config = at.config.replace('production.sandbox.test/', 'production.sandbox.test/away');
      at.control.fault({ service: 'production', path: '/away', kind: 'reset', times: 9 });
    },
  ],

  [
    'a token that GitHub does not know',
    'github.token warning',
    (at) => {
      at.env.GITHUB_TOKEN = 'ghp_0123456789';
      at.asking.instead.delete('/commits');
      at.config = at.config.replace('  github: {}\n', '');
    },
  ],
  [
    'no token for GitHub’s lock',
    'github.token error',
    (at) => {
      at.env.GITHUB_TOKEN = undefined;
      at.config = at.config.replace('  github: {}\n', 'lock: { provider: github }\n');
    },
  ],
  [
    'a token that CircleCI does not know',
    'circleci.token warning',
    variable('CIRCLE_TOKEN', 'CCIPAT_0123456789'),
  ],
  [
    'deployments that may not be read',
    'github.deployments warning',
    (at) => at.control.gitHubPermissions({ deployments: 'none' } as never),
  ],
  ['Slack that nothing leads to', 'slack.channel warning', variable('SLACK_BOT_TOKEN', undefined)],
  ['a channel that there is not', 'slack.channel warning', inConfig('#alerts-deploy', '#nowhere')],
  [
    'a channel that the bot is not in',
    'slack.channel warning',
    inConfig('#alerts-deploy', '#not-joined'),
  ],
  ['an archived channel', 'slack.channel warning', inConfig('#alerts-deploy', '#archived')],
  ...['invalid_auth', 'token_revoked'].map((error): [string, string, Seed] => [
    `a token that Slack does not take: ${error}`,
    'slack.channel warning',
    (at) => at.answering('/conversations.list', { ok: false, error }),
  ]),
  ['nobody on call', 'slack.oncall warning', inConfig(", oncall: '<!subteam^S0ONCALL>'", '')],
  ['a group that Slack does not know', 'slack.oncall warning', inConfig('S0ONCALL', 'S0NOBODY')],
  ['a group that is disabled', 'slack.oncall warning', inConfig('S0ONCALL', 'S0FORMER')],
];

/** What is said of what is not right, each word of it, but where this run is. */
function toldOf(
  { root }: DoctorWorld,
  examined: Awaited<ReturnType<DoctorWorld['examine']>>,
): string {
  const lines = examined.flatMap(({ id, findings }) =>
    findings
      .filter(({ verdict }) => verdict !== 'ok')
      .flatMap(({ verdict, found, remedy }) => [`${id} ${verdict}: ${found}`, `  ${remedy}`]),
  );
  return lines
    .join('\n')
    .replaceAll(root, 'ROOT')
    .replaceAll(/(127\.0\.0\.1):\d+/g, '$1:PORT')
    .replaceAll(/this clock is \S+/g, 'this clock is SPAN');
}

describe('a check-up', () => {
  it.each(['circleci', 'github'])('of a lane on %s that is right finds nothing', async (ci) => {
    world = new DoctorWorld();
    if (ci === 'github') world.onGitHub();
    const examined = await world.examine();
    expect(wrong(examined)).toEqual([]);
    expect(examined.length).toBeGreaterThanOrEqual(25);
    expect(isBroken(examined)).toBe(false);
  });

  it.each(['a server that is not there', 'a file that is no log'])(
    'of a lane says nothing where nobody can read it: %s',
    async (name) => {
      world = new DoctorWorld();
      await faults.find(([fault]) => fault === name)?.[2](world);
      const ofLane = (await world.examine()).filter(({ id }) => /^(lane|settings)\./.test(id));
      expect(ofLane).toEqual([]);
    },
  );

  it.each(faults)('finds %s, and nothing else: %s', async (_, found, seed) => {
    world = new DoctorWorld();
    await seed(world);
    const examined = await world.examine();
    expect(wrong(examined)).toEqual([found]);
    expect(isBroken(examined)).toBe(found.endsWith('error'));
    const bad = examined.flatMap(({ findings }) =>
      findings.filter(({ verdict }) => verdict !== 'ok'),
    );
    for (const { remedy } of bad) expect(remedy ?? '').not.toBe('');
    expect(toldOf(world, examined)).toMatchSnapshot();
  });

  it('of no branch, as in most CI jobs, finds nothing', async () => {
    world = new DoctorWorld();
    world.facts = { defaultBranch: null, checkedOut: null };
    expect(wrong(await world.examine())).toEqual([]);
  });

  it('finds apps of two generations', async () => {
    world = new DoctorWorld({ generations: { staging: 'cedar', production: 'fir' } });
    const examined = await world.examine();
    expect(wrong(examined)).toEqual(['heroku.pipeline error']);
    expect(toldOf(world, examined)).toMatchSnapshot();
  });
});

it('has every check on its page', async () => {
  world = new DoctorWorld();
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/doctor.md'), 'utf8');
  const found = [
    ...(await world.examine()).map(({ id }) => id),
    ...faults.map(([, id]) => id.split(' ')[0]),
  ];
  expect(found.filter((id) => !page.includes(`\`${id}\``))).toEqual([]);
});

describe('what cannot be asked', () => {
  const unknown: readonly (readonly [string, string, Seed])[] = [
    [
      'config vars by a token that may not',
      'heroku.connections unknown',
      (at) => at.control.setTokenScope({ scope: ['write'] }),
    ],
    [
      'automatic deploys of a service that fails',
      'heroku.auto-deploy unknown',
      (at) =>
        at.asking.instead.set('/github', async () => ({ status: 410, headers: {}, body: '{}' })),
    ],
    [
      'Slack’s channels by a token that may not',
      'slack.channel unknown',
      (at) =>
        at.asking.instead.set('/conversations.list', async () => ({
          status: 200,
          headers: {},
          body: '{"ok":false,"error":"missing_scope","needed":"channels:read"}',
        })),
    ],
    [
      'Slack that refuses for another reason',
      'slack.channel unknown',
      (at) => at.answering('/conversations.list', { ok: false, error: 'ratelimited_today' }),
    ],
    [
      'Slack that has more channels than anybody reads',
      'slack.channel unknown',
      (at) => {
        const more = { next_cursor: 'more' };
        at.answering('/conversations.list', { ok: true, channels: [], response_metadata: more });
      },
    ],
    [
      'a webhook',
      'slack.channel unknown',
      (at) => {
        at.env.SLACK_BOT_TOKEN = undefined;
        at.env.SLACK_WEBHOOK_URL = 'https://hooks.slack.test/services/T/B/x';
      },
    ],
    [
      'an answer that nobody understands',
      'slack.oncall unknown',
      ({ asking }) => {
        asking.instead.set('/usergroups.list', async () => ({
          status: 200,
          headers: {},
          body: '',
        }));
      },
    ],
    [
      'a vendor that does not answer',
      'slack.oncall unknown',
      (at) => {
        at.timeoutMs = 300;
        at.asking.instead.set('/usergroups.list', () => new Promise(() => {}));
      },
    ],
  ];
  it.each(unknown)('is no “ok”: %s', async (_, found, seed) => {
    world = new DoctorWorld();
    await seed(world);
    const examined = await world.examine();
    const others = wrong(examined).filter((one) => !one.startsWith('heroku.token'));
    expect([...new Set(others)]).toEqual([found]);
    expect(toldOf(world, examined)).toMatchSnapshot();
    expect(isBroken(examined)).toBe(false);
  });
});
