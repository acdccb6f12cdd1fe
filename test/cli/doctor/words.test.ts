/** What a check-up says of each thing that it looks at, also where nothing is wrong with it: word by word. */
import { afterEach, describe, expect, it } from 'vitest';
import { DoctorWorld } from './world.ts';

let world: DoctorWorld | null = null;
afterEach(() => world?.clear());

const [staging, production] = ['acme-staging', 'acme-production'];
type Seed = (world: DoctorWorld) => void;

/** All that a check found, with its remedies and calculations, but where this run is. */
function told(root: string, { findings }: Awaited<ReturnType<DoctorWorld['examine']>>[number]) {
  return findings
    .flatMap(({ verdict, found, remedy, sums = [] }) => [
      `${verdict}: ${found}`,
      ...sums.map((sum) => `  ${sum}`),
      ...(remedy === null ? [] : [`  → ${remedy}`]),
    ])
    .join('\n')
    .replaceAll(root, 'ROOT')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replaceAll(/this clock is \S+/g, 'this clock is SPAN');
}

it('of a lane with which nothing is wrong, and why it is looked at', async () => {
  world = new DoctorWorld();
  const { root } = world;
  const lines = (await world.examine()).map(
    (one) => `${one.id}: ${one.subject}\n  ${one.why}\n${told(root, one)}`,
  );
  expect(lines.join('\n\n')).toMatchSnapshot();
});

const inConfig =
  (from: string, to: string): Seed =>
  (at) => {
    expect(at.config).toContain(from);
    at.config = at.config.replace(from, to);
  };
const withCanary = inConfig(
  'production:\n',
  'canary:\n  heroku: { app: acme-canary }\nproduction:\n',
);
const lying =
  (path: string, over: (body: never) => object): Seed =>
  (at) =>
    void at.asking.lies.set(path, over);
const all =
  (...seeds: readonly Seed[]): Seed =>
  (at) => {
    for (const seed of seeds) seed(at);
  };
const answered =
  (
    path: string,
    status: number,
    body = '{}',
    headers: Readonly<Record<string, string>> = {},
  ): Seed =>
  (at) =>
    void at.asking.instead.set(path, async () => ({ status, headers, body }));
const database =
  (plan: string, told: unknown = undefined, status = 200): Seed =>
  (at) => {
    at.control.setDatabase({ app: production, plan });
    const info = told === undefined ? [] : [{ name: 'Connections', values: [told] }];
    at.asking.lies.set('/config-vars', () => ({ RAILS_MAX_THREADS: '5', WEB_CONCURRENCY: '2' }));
    at.asking.lies.set('/formation', (body: object[]) =>
      body.map((one) => ({ ...one, command: null })),
    );
    const { lies } = at.asking;
    lies.set('/addons', (body: { id: string }[]) => {
      const [{ id = '' } = {}] = body;
      at.asking.instead.set(`/databases/${id}`, async () => ({
        status,
        headers: {},
        body: JSON.stringify({ info }),
      }));
      return body;
    });
  };

const cases: readonly (readonly [id: string, name: string, seed: Seed])[] = [
  [
    'heroku.apps',
    'an app on the container stack',
    lying(`/apps/${staging}`, (app: object) => ({ ...app, build_stack: { name: 'container' } })),
  ],
  [
    'heroku.apps',
    'an app of which only the stack of now is told',
    lying(`/apps/${staging}`, (app: object) => ({
      ...app,
      build_stack: undefined,
      stack: { name: 'container' },
    })),
  ],
  [
    'heroku.apps',
    'an app of which no stack is told',
    lying(`/apps/${staging}`, (app: object) => ({
      ...app,
      build_stack: undefined,
      stack: undefined,
    })),
  ],
  [
    'heroku.apps',
    'an app that the token may not see',
    answered(`/apps/${staging}`, 403, '{"id":"forbidden","message":"no"}'),
  ],
  [
    'heroku.pipeline',
    'a pipeline that the token may not see',
    answered(`/apps/${staging}/pipeline-couplings`, 403, '{"id":"forbidden","message":"no"}'),
  ],
  [
    'heroku.pipeline',
    'an app in no pipeline that is given a commit',
    all(inConfig('{ app: acme-production }', '{ app: acme-production, deploy: build }'), (at) =>
      at.control.setStage({ app: production, stage: null }),
    ),
  ],
  [
    'heroku.pipeline',
    'apps in no pipeline, of which one is to be given what the other verified',
    all(
      (at) => at.control.setStage({ app: production, stage: null }),
      (at) => at.control.setStage({ app: staging, stage: null }),
    ),
  ],
  [
    'heroku.pipeline',
    'an app in a stage that Heroku does not tell',
    lying(`/apps/${production}/pipeline-couplings`, (coupling: object) => ({
      ...coupling,
      stage: undefined,
    })),
  ],
  ['heroku.pipeline', 'a canary in its stage, which is production’s', withCanary],
  [
    'heroku.pipeline',
    'what a place of another kind verified, which nobody can promote',
    inConfig(
      'heroku: { app: acme-staging }',
      'command: { deploy: bin/deploy, current: bin/current, health: bin/health }',
    ),
  ],
  [
    'heroku.pipeline',
    'a review app, of which another check tells',
    (at) => at.control.setStage({ app: production, stage: 'review' }),
  ],
  [
    'heroku.pipeline',
    'a canary in staging’s stage',
    all(withCanary, (at) => at.control.setStage({ app: 'acme-canary', stage: 'staging' })),
  ],
  [
    'heroku.pipeline',
    'two apps of one generation in two pipelines',
    lying(`/apps/${production}/pipeline-couplings`, (coupling: object) => ({
      ...coupling,
      pipeline: { id: '11111111-2222-4333-8444-555555555555', name: 'other' },
    })),
  ],
  [
    'heroku.pipeline',
    'an app that is to be given what another that is not there verified',
    inConfig('app: acme-staging }', 'app: acme-nowhere }'),
  ],
  [
    'heroku.review-apps',
    'each pull request',
    (at) => at.control.setReviewApps({ automatic: true }),
  ],
  ['heroku.review-apps', 'on demand', (at) => at.control.setReviewApps({ automatic: false })],
  [
    'heroku.review-apps',
    'each pull request of one of two pipelines',
    all(
      (at) => at.control.setReviewApps({ automatic: true }),
      lying(`/apps/${production}/pipeline-couplings`, (coupling: object) => ({
        ...coupling,
        pipeline: { id: '11111111-2222-4333-8444-555555555555', name: 'other' },
      })),
      answered(
        '/pipelines/11111111-2222-4333-8444-555555555555/review-app-config',
        200,
        '{"automatic_review_apps":false}',
      ),
    ),
  ],
  [
    'heroku.review-apps',
    'an app of the lane that is one, and more are made',
    all(
      (at) => at.control.setReviewApps({ automatic: true }),
      (at) => at.control.setStage({ app: production, stage: 'review' }),
    ),
  ],
  [
    'heroku.dynos',
    'none, by a waiver',
    all(
      (at) => at.control.setFormation({ app: staging, type: 'web', quantity: 0 }),
      inConfig(
        '  verify:\n    endpoints: [{ url: "https://staging',
        '  verify:\n    waive: [no-dynos]\n    endpoints: [{ url: "https://staging',
      ),
    ),
  ],
  [
    'heroku.dynos',
    'several of several types',
    (at) => at.control.setFormation({ app: staging, type: 'worker', quantity: 3 }),
  ],
  [
    'heroku.preboot',
    'in a space of its own',
    lying(`/apps/${production}`, (app: object) => ({
      ...app,
      space: { id: 's', name: 'private' },
    })),
  ],
  [
    'heroku.preboot',
    'of Fir, in no space',
    lying(`/apps/${production}`, (app: object) => ({ ...app, generation: { name: 'fir' } })),
  ],
  ['heroku.preboot', 'of a canary too', withCanary],
  ['heroku.preboot', 'that Heroku does not tell', answered('/features/preboot', 404)],
  [
    'heroku.preboot',
    'of an app without web dynos',
    all(
      (at) => at.control.setFormation({ app: production, type: 'web', quantity: 0 }),
      (at) => at.control.setFormation({ app: production, type: 'worker', quantity: 1 }),
    ),
  ],
  ['heroku.auto-deploy', 'that are off', answered('/github', 200, '{"auto_deploy":false}')],
  ['heroku.auto-deploy', 'of an app that is not connected', answered('/github', 404)],
  [
    'heroku.auto-deploy',
    'of a branch and a repository that are not told',
    answered('/github', 200, '{"auto_deploy":true,"branch":null}'),
  ],
  ['heroku.auto-deploy', 'of a service that nobody understands', answered('/github', 200, '[')],
  ['heroku.token', 'whose scope is not told', answered(`/apps/${staging}`, 200, '{}')],
  ...[
    'identity',
    'read-protected',
    'write,read-protected',
    'write-protected',
    'identity, global',
  ].map((scope): (typeof cases)[number] => [
    'heroku.token',
    `whose scope is ${scope}`,
    answered(`/apps/${staging}`, 200, '{}', { 'oauth-scope': scope }),
  ]),
  ['heroku.clock', 'of which nothing is told', answered(`/apps/${staging}`, 200, '{}')],
  ['heroku.clock', 'that is behind', (at) => at.pass(3_600_000)],
  [
    'heroku.clock',
    'that is ahead',
    answered(`/apps/${staging}`, 200, '{}', {
      date: new Date(Date.now() - 3_600_000).toUTCString(),
    }),
  ],
  ['heroku.clock', 'that agrees to the minute', (at) => at.pass(50_000)],
  ['heroku.connections', 'of an app without a database', lying('/addons', () => [])],
  ['heroku.connections', 'of add-ons that Heroku does not know of', answered('/addons', 404)],
  [
    'heroku.connections',
    'by the plan’s page, where what is pooled is another database',
    all(
      database('essential-2'),
      lying('/config-vars', () => ({ DATABASE_CONNECTION_POOL_URL: 'postgres://pool' })),
      lying('/addon-attachments', (body: object[]) => [
        ...body,
        { id: 'other', namespace: 'connection-pooling:default', addon: { id: 'another' } },
      ]),
    ),
  ],
  ['heroku.connections', 'by what the database tells', database('standard-0', '13/44')],
  ['heroku.connections', 'by the plan’s page', database('standard-0')],
  ['heroku.connections', 'by what nobody can read', database('essential-2', 'many')],
  ['heroku.connections', 'of a database that is not told of', database('standard-0', '1/2', 404)],
  ['heroku.connections', 'by a plan of 20', database('essential-1')],
  ['heroku.connections', 'by a plan of 400', database('private-2')],
  ['heroku.connections', 'by a plan of 500', database('premium-7')],
  ['heroku.connections', 'by a plan that is not known', database('hobby-dev')],
  [
    'heroku.connections',
    'more than there are, without preboot',
    all(database('standard-0', '0/20'), (at) =>
      at.control.setPreboot({ app: production, enabled: false }),
    ),
  ],
  ['github.token', 'that another repository takes', answered('/commits', 404)],
  [
    'github.token',
    'of a repository that is not known',
    inConfig('repository: https://github.com/acme/web\n', ''),
  ],
  [
    'github.deployments',
    'of a repository that is not known',
    inConfig('repository: https://github.com/acme/web\n', ''),
  ],
  [
    'github.deployments',
    'without a token',
    (at) => {
      at.env.GITHUB_TOKEN = undefined;
    },
  ],
  ['github.deployments', 'that may not be read', answered('/deployments', 403)],
  [
    'circleci.token',
    'that is needed and is not set',
    all(
      (at) => {
        at.env.CIRCLE_TOKEN = undefined;
      },
      (at) => {
        at.config += 'lock: { provider: circleci }\n';
      },
    ),
  ],
  [
    'circleci.token',
    'that is needed and is not taken',
    all(answered('/me', 401), (at) => {
      at.config += 'lock: { provider: circleci }\n';
    }),
  ],
  [
    'github.token',
    'that is needed and is not taken',
    all(answered('/commits', 401), (at) => {
      at.config += 'lock: { provider: github }\n';
      at.onGitHub();
    }),
  ],
  [
    'slack.channel',
    'that is on the second page',
    (at) => {
      let page = 0;
      at.asking.lies.set('/conversations.list', (body: { channels: object[] }) => {
        page += 1;
        if (page > 1) return body;
        return { ...body, channels: [], response_metadata: { next_cursor: 'more' } };
      });
    },
  ],
  [
    'slack.oncall',
    'by a handle that is none of Slack’s groups',
    inConfig('<!subteam^S0ONCALL>', '<!here>'),
  ],
  [
    'slack.oncall',
    'of two groups, of which Slack does not know one',
    inConfig('<!subteam^S0ONCALL>', '<!subteam^S0ONCALL> <!subteam^S0NOBODY>'),
  ],
  [
    'slack.oncall',
    'by a token that may not ask',
    (at) => at.answering('/usergroups.list', { ok: false, error: 'missing_scope' }),
  ],
  [
    'slack.oncall',
    'that Slack refuses without a reason',
    (at) => at.answering('/usergroups.list', { ok: false }),
  ],
  [
    'slack.oncall',
    'of groups of which Slack tells none',
    (at) => at.answering('/usergroups.list', { ok: true }),
  ],
];

describe.each([...new Set(cases.map(([id]) => id))])('%s', (id) => {
  const ofIt = cases.filter(([of]) => of === id).map(([, name, seed]) => [name, seed] as const);
  it.each(ofIt)('%s', async (_, seed) => {
    world = new DoctorWorld();
    seed(world);
    const one = (await world.examine()).find((examined) => examined.id === id);
    expect(one === undefined ? 'it does not apply' : told(world.root, one)).toMatchSnapshot();
  });
});
