/** GitHub as a channel, at the sandbox's GitHub over real HTTP: what it shows, once, whatever is lost on the way. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type {
  Channel,
  Delivery,
  DeployEvents,
  Memory,
  News,
} from '../../src/effects/channels/channel.ts';
import { schema } from '../../src/effects/channels/github/config.ts';
import { open, repositoryOf } from '../../src/effects/channels/github/open.ts';
import { commentMark, liveComment } from '../../src/effects/channels/github/words.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { createHttpClient } from '../../src/effects/http/client.ts';
import type { HttpClient } from '../../src/effects/http/request.ts';
import { type UndiciTransport, undiciTransport } from '../../src/effects/http/undici-transport.ts';
import type { DomainEvent } from '../../src/machine/events.ts';
import { samples } from '../../src/machine/samples.ts';
import { type RunningSandbox, startSandbox } from '../../src/sandbox/server.ts';
import { failedRollback } from '../machine/order-samples.ts';
import { sample } from '../machine/samples.ts';
import { type ChannelUnderTest, describeChannel } from './contract.ts';

const deploymentSchema = z.object({
  sha: z.string(),
  task: z.string(),
  environment: z.string(),
  statuses: z.array(
    z.object({
      id: z.number(),
      state: z.string(),
      description: z.string(),
      log_url: z.string(),
      environment_url: z.string(),
    }),
  ),
});
const stateSchema = z.object({
  deployments: z.array(deploymentSchema),
  pulls: z.array(
    z.object({ number: z.number(), comments: z.array(z.object({ body: z.string() })) }),
  ),
  records: z.array(z.record(z.string(), z.unknown())),
});

class GitHubHere {
  readonly sandbox: RunningSandbox;
  readonly http: HttpClient;
  readonly #transport: UndiciTransport;

  private constructor(sandbox: RunningSandbox) {
    this.sandbox = sandbox;
    this.#transport = undiciTransport();
    this.http = createHttpClient({
      transport: this.#transport.send,
      clock: {
        ...systemClock,
        sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 5_000), signal),
      },
      random: () => 0,
      beforeWrite: async () => {},
      notice: () => {},
    });
  }

  static async start(): Promise<GitHubHere> {
    return new GitHubHere(await startSandbox());
  }

  channel(settings: z.input<typeof schema> = {}): Channel {
    const [channel] = open(schema.parse(settings), this.sandbox.environment, {
      repository: 'https://github.com/acme/web',
      env: {},
    });
    if (channel === undefined || 'unset' in channel) throw new Error('the channel is not open');
    return channel;
  }

  get state(): z.output<typeof stateSchema> {
    return stateSchema.parse(this.sandbox.state().github);
  }

  /** `production 1a5f: in_progress, success`, oldest first. */
  get shown(): string[] {
    return this.state.deployments
      .toReversed()
      .map(
        ({ environment, sha, statuses }) =>
          `${environment} ${sha.slice(0, 4)}: ${statuses.map(({ state }) => state).join(', ')}`,
      );
  }

  fault(fault: Omit<Parameters<RunningSandbox['control']['fault']>[0], 'service'>): void {
    this.sandbox.control.fault({ service: 'github', ...fault });
  }

  async close(): Promise<void> {
    await this.#transport.close();
    await this.sandbox.close();
  }
}

async function underTest(): Promise<ChannelUnderTest> {
  const here = await GitHubHere.start();
  const statuses = { passing: 503, setup: 401, message: 422 };
  return {
    http: here.http,
    channel: () => here.channel(),
    arrived: () =>
      here.state.deployments
        .flatMap((one) => one.statuses)
        .toSorted((a, b) => a.id - b.id)
        .map(({ description }) => description),
    fail(how) {
      here.sandbox.control.clearFaults({});
      if (how !== null) here.fault({ kind: 'status', status: statuses[how], times: 1_000 });
    },
    close: () => here.close(),
  };
}

describeChannel('GitHub', underTest, {
  tells: ['staging.submitted', 'staging.verified', 'production.submitted', 'production.verified'],
  orders: ['rollback.done', 'rollback.failed'],
});

const { head, base, commits } = samples['deploy.observed'].notes;
const middle = commits[0]?.sha ?? '';
const [headOf1, headOf2, headOf3] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
];
const begun = [sample('lock.acquired'), sample('deploy.observed'), sample('staging.submitted')];
const shipping = [
  ...begun,
  sample('staging.verified'),
  sample('production.submitted'),
  sample('production.deployed'),
  sample('production.verified'),
];

describe('GitHub shows', () => {
  let here: GitHubHere;
  let memory: Memory;
  let position: number;
  let leftOut: unknown[];
  beforeEach(async () => {
    here = await GitHubHere.start();
    [memory, position, leftOut] = [{}, 0, []];
    const { control } = here.sandbox;
    control.pullRequest({ number: 11, commits: [middle], head: headOf1 });
    control.pullRequest({ number: 12, commits: [head], head: headOf2 });
    control.pullRequest({ number: 13, commits: [head], head: headOf3, merged: false });
  });
  afterEach(() => here.close());

  interface Given {
    readonly deploy?: string;
    readonly sha?: string;
    readonly channel?: Channel;
    readonly state?: string;
    readonly assertHeld?: () => Promise<void>;
  }

  function newsOf(events: readonly DomainEvent[], given: Given): News {
    const { deploy = '502-1a5f89db', sha = head, state = null } = given;
    const asked = samples['deploy.requested'];
    const request = { ...asked, deploy, commit: { ...asked.commit, sha } };
    return {
      ...{ id: 'id', deploy, position: ++position, version: events.length + 1, state },
      time: '2026-01-05T13:04:05.000Z',
      history: [{ type: 'deploy.requested', data: request }, ...events] as DeployEvents,
      nextTime: null,
      since: async () => ({ wentOn: false, shipped: null, follower: null }),
      head: async () => 'log head 00@1',
    };
  }

  async function deliver(events: readonly DomainEvent[], given: Given = {}): Promise<void> {
    const { channel = here.channel(), assertHeld } = given;
    if (channel.wants?.(events.at(-1)?.type ?? 'deploy.requested') === false) return;
    memory = await channel.deliver(newsOf(events, given), deliveryOf(assertHeld));
  }

  function deliveryOf(assertHeld: Delivery['assertHeld'] = async () => {}): Delivery {
    return {
      ports: { http: here.http, progress: () => {}, signal: new AbortController().signal },
      memory: structuredClone(memory),
      assertHeld,
      remember: async (kept) => {
        memory = structuredClone(kept);
      },
      leftOut: (error) => leftOut.push(error),
    };
  }

  /** One event after the other, each by another run unless a channel is given. */
  async function tell(events: readonly DomainEvent[], given: Given = {}): Promise<void> {
    for (const at of events.keys()) await deliver(events.slice(0, at + 1), given);
  }

  it('the commit and each pull request that it carried as deployed to production', async () => {
    await tell(shipping);
    expect(here.shown).toEqual([
      'staging 1a5f: in_progress, success',
      'production 2222: in_progress, success',
      'production 1111: in_progress, success',
      'production 1a5f: in_progress, success',
    ]);
    const [own, ...others] = here.state.deployments;
    expect(own?.task).toBe('deploy');
    expect(others.map(({ task }) => task)).toEqual(['deploy:carried', 'deploy:carried', 'deploy']);
    expect(own?.statuses[1]).toMatchObject({
      description: expect.stringContaining('live: production is healthy'),
      log_url: 'https://circleci.com/gh/acme/web/502',
    });
    expect(others[2]?.statuses[1]?.environment_url).toBe('https://staging.acme.test/');
    expect(here.state.pulls.flatMap(({ comments }) => comments)).toEqual([]);
    expect(leftOut).toEqual([]);
  });

  it('a pull request that ends with the commit itself by the commit’s own deployment', async () => {
    here.sandbox.control.pullRequest({ number: 14, commits: [head], head });
    await tell(shipping);
    expect(here.shown.filter((line) => line.startsWith('production'))).toEqual([
      'production 2222: in_progress, success',
      'production 1111: in_progress, success',
      'production 1a5f: in_progress, success',
    ]);
  });

  const failed = sample('deploy.failed');
  const rows: readonly (readonly [string, readonly DomainEvent[], readonly string[]])[] = [
    ['a failure on staging', [...begun, failed], ['staging 1a5f: in_progress, failure']],
    [
      'a failure in production, while staging is right',
      [...shipping.slice(0, -1), failed],
      [
        'staging 1a5f: in_progress, success',
        'production 2222: in_progress, failure',
        'production 1111: in_progress, failure',
        'production 1a5f: in_progress, failure',
      ],
    ],
    [
      'nothing in production where a rollback holds it',
      [...begun, sample('staging.verified'), sample('production.held')],
      ['staging 1a5f: in_progress, success'],
    ],
    [
      'what was overtaken on staging as not there',
      [...begun, sample('deploy.superseded')],
      ['staging 1a5f: in_progress, inactive'],
    ],
    [
      'staging as under way while it bakes',
      [...begun, sample('staging.verified', { bakeMs: 60_000 })],
      ['staging 1a5f: in_progress'],
    ],
    [
      'staging as right once it has baked',
      [...begun, sample('staging.verified', { bakeMs: 60_000 }), sample('staging.baked')],
      ['staging 1a5f: in_progress, success'],
    ],
    [
      'a canary that is taken back as not there',
      [
        sample('canary.submitted'),
        sample('canary.verified'),
        sample('production.held'),
        sample('canary.restored'),
      ],
      ['canary 1a5f: in_progress, success, inactive'],
    ],
    [
      'a canary that failed as failed, though it is taken back',
      [sample('canary.submitted'), failed, sample('canary.restored')],
      ['canary 1a5f: in_progress, failure'],
    ],
    ['nothing of a deploy that came to no environment', [failed], []],
  ];
  it.each(rows)('%s', async (_, events, shown) => {
    await tell(events);
    expect(here.shown).toEqual(shown);
  });

  it('a canary by shares as right with its last share only', async () => {
    const asked = samples['deploy.requested'];
    const { production } = asked.settings;
    const canary = { ...production, shares: [10, 50, 90] };
    const settings = { ...asked.settings, canary };
    const first = { type: 'deploy.requested', data: { ...asked, settings } } as const;
    const share = (percent: number) => [
      sample('canary.submitted', { share: percent }),
      sample('canary.verified'),
    ];
    const { standingAfter } = await import('../../src/effects/channels/github/plan.ts');
    expect(standingAfter([first, ...share(10)])).toEqual({ canary: 'in_progress' });
    const further = [first, ...share(10), ...share(50)] as const;
    expect(standingAfter(further)).toEqual({ canary: 'in_progress' });
    expect(standingAfter([...further, ...share(90)])).toEqual({ canary: 'success' });
  });

  it('that what ran before in production does not any more, and what its pull requests brought does', async () => {
    await tell(shipping);
    here.sandbox.control.pullRequest({ number: 11, commits: ['9'.repeat(40)], head: headOf1 });
    here.sandbox.control.pullRequest({ number: 12, commits: ['9'.repeat(40)], head: headOf2 });
    const next = { deploy: '503-7c3d2e1f', sha: middle };
    await tell(shipping, next);
    await deliver(shipping, next);
    expect(here.shown).toEqual([
      'staging 1a5f: in_progress, success, inactive',
      'production 2222: in_progress, success',
      'production 1111: in_progress, success',
      'production 1a5f: in_progress, success, inactive',
      'staging 7c3d: in_progress, success',
      'production 7c3d: in_progress, success',
    ]);
  });

  it('that people took it back, when a deploy is held for that', async () => {
    await tell(shipping);
    await tell([...begun, sample('production.held')], { deploy: '503-7c3d2e1f', sha: middle });
    const production = here.shown.filter((line) => line.startsWith('production'));
    expect(production).toEqual([
      'production 2222: in_progress, success, inactive',
      'production 1111: in_progress, success, inactive',
      'production 1a5f: in_progress, success, inactive',
    ]);
  });

  it('nothing of what runs, where that is what people took it back to', async () => {
    await tell(shipping);
    const { rollback } = samples['production.held'];
    const held = sample('production.held', { rollback: { ...rollback, commit: head } });
    await tell([...begun, held], { deploy: '503-7c3d2e1f', sha: middle });
    expect(here.shown.filter((line) => line.startsWith('production'))).toEqual([
      'production 2222: in_progress, success',
      'production 1111: in_progress, success',
      'production 1a5f: in_progress, success',
    ]);
  });

  it.each([
    ['runs', ['inactive'], ['production 4d5e: failure']],
    ['late', [], []],
    ['nothing', [], []],
    ['unsaid', [], []],
  ] as const)('a person’s rollback that failed, by what it made: %s', async (kind, ended, made) => {
    await tell(shipping);
    const order = failedRollback(kind);
    const news = {
      ...{ id: 'id', position: 99, version: 9, lane: 'acme-web', order },
      time: '2026-01-05T13:04:05.000Z',
    };
    for (let twice = 0; twice < 2; twice++) {
      if (here.channel().wants?.('rollback.failed') === false) break;
      memory = (await here.channel().announce?.(news, deliveryOf())) ?? memory;
    }
    const production = here.shown.filter((line) => line.startsWith('production'));
    const shown = ['2222', '1111', '1a5f'].map((sha) =>
      [`production ${sha}: in_progress`, 'success', ...ended].join(', '),
    );
    expect(production).toEqual([...shown, ...made]);
  });

  it.each(['failed-rollback', 'failed-behind'] as const)(
    'nothing of a %s, which changed nothing',
    async (kind) => {
      await tell(shipping);
      const { rollback } = samples['production.held'];
      const held = sample('production.held', { rollback: { ...rollback, kind, commit: base } });
      await tell([...begun, held], { deploy: '503-7c3d2e1f', sha: middle });
      expect(here.shown).toContain('production 1a5f: in_progress, success');
    },
  );

  it('one comment on each pull request, where it is asked for, whatever is lost and however often it goes live', async () => {
    const settings = { comments: true };
    here.fault({ method: 'POST', path: '/comments$', kind: 'lost-reply' });
    await tell(shipping.slice(0, -1));
    await expect(deliver(shipping, { channel: here.channel(settings) })).rejects.toThrow();
    await deliver(shipping, { channel: here.channel(settings) });
    await deliver(shipping, { channel: here.channel(settings) });
    await tell(shipping, { deploy: '503-1a5f89db', channel: here.channel(settings) });
    const comments = here.state.pulls.map(({ number, comments }) => [number, comments.length]);
    expect(comments).toEqual([
      [11, 1],
      [12, 1],
      [13, 0],
    ]);
    expect(here.state.pulls[0]?.comments[0]?.body).toMatch(
      /^\*\*Live in production\*\* since .+: acme\\-web, build \[502\]\(<https:\/\/circleci\.com\/gh\/acme\/web\/502>\), commit \[1a5f89db\]/,
    );
  });

  it.each([{ comments: true }, { records: true }])(
    'nothing by %o once somebody else sends',
    async (settings) => {
      const digest = `sha256:${'ab'.repeat(32)}`;
      const { artifact } = samples['production.deployed'];
      const deployed = sample('production.deployed', { artifact: { ...artifact, digest } });
      const events = [...shipping.slice(0, -2), deployed, sample('production.verified')];
      await tell(events);
      const taken = new Error('taken');
      const assertHeld = async (): Promise<void> => {
        throw taken;
      };
      const channel = here.channel(settings);
      await expect(deliver(events, { channel, assertHeld })).rejects.toBe(taken);
      const { records, pulls } = here.state;
      expect([...records, ...pulls.flatMap(({ comments }) => comments)]).toEqual([]);
    },
  );

  it('a comment that GitHub did not take once it goes live again', async () => {
    const channel = here.channel({ comments: true });
    here.fault({ method: 'POST', path: '/comments$', kind: 'status', status: 422, times: 2 });
    await tell(shipping, { channel });
    const counts = () => here.state.pulls.map(({ comments }) => comments.length);
    expect([counts(), leftOut.length]).toEqual([[0, 0, 0], 2]);
    await deliver(shipping, { channel });
    expect(counts()).toEqual([1, 1, 0]);
  });

  it('a comment for each lane that brings a pull request to its production', () => {
    const marks = ['acme-web', 'acme-api', 'acme--web'].map((lane) =>
      commentMark(lane, 'production'),
    );
    expect(new Set(marks).size).toBe(3);
    const request = { ...samples['deploy.requested'], lane: 'acme-api' };
    expect(liveComment(request, '2026-01-05T13:04:05.000Z')).toContain(marks[1]);
  });

  it('one deployment of a pull request that the commit itself ends', async () => {
    here.sandbox.control.pullRequest({ number: 12, commits: [head], head });
    await tell(shipping);
    expect(here.shown.filter((line) => line.startsWith('production'))).toEqual([
      'production 1111: in_progress, success',
      'production 1a5f: in_progress, success',
    ]);
  });

  it('the other pull requests, where GitHub does not know one commit', async () => {
    const channel = here.channel();
    here.fault({ method: 'GET', path: '/pulls', kind: 'status', status: 404, times: 1 });
    await tell(shipping, { channel });
    expect(leftOut).toEqual([expect.not.stringContaining('lacks')]);
    expect(here.shown.filter((line) => line.startsWith('production'))).toEqual([
      'production 1111: in_progress, success',
      'production 1a5f: in_progress, success',
    ]);
  });

  it('comments alone, where the pull requests are not to show deployments', async () => {
    await tell(shipping, { channel: here.channel({ pullRequests: false, comments: true }) });
    expect(here.state.pulls.map(({ comments }) => comments.length)).toEqual([1, 1, 0]);
  });

  it('the same while the deploy is under way or held, and forgets it once it is over', async () => {
    await tell(begun, { state: 'queued' });
    await deliver([...begun, sample('production.held')], { state: 'blockedByRollback' });
    for (let count = 4; count < shipping.length; count++)
      await deliver(shipping.slice(0, count), { state: 'queued' });
    await deliver(shipping, { state: 'production.live' });
    const production = here.shown.filter((line) => line.startsWith('production'));
    expect(production).toHaveLength(3);
    expect(memory.deploys).toEqual({});
  });

  it('the deploys that came last, where more are under way than are remembered', async () => {
    const { notes } = samples['deploy.observed'];
    const first = sample('deploy.observed', { notes: { ...notes, base: null } });
    for (let number = 1; number <= 51; number++) await deliver([first], { deploy: `d-${number}` });
    const kept = Object.keys(memory.deploys as object);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([50, 'd-2', 'd-51']);
  });

  it('neither deployments nor comments at pull requests where they are not wanted', async () => {
    await tell(shipping, { channel: here.channel({ pullRequests: false }) });
    expect(here.shown.filter((line) => line.startsWith('production'))).toEqual([
      'production 1a5f: in_progress, success',
    ]);
  });

  it('no pull request of a first deploy, which carries all that there ever was', async () => {
    const { notes } = samples['deploy.observed'];
    const first = sample('deploy.observed', { notes: { ...notes, base: null } });
    await tell([first, ...shipping.slice(2)]);
    expect(here.shown.filter((line) => line.startsWith('production'))).toHaveLength(1);
  });

  it('where an artifact with a digest runs, if it is asked for', async () => {
    const digest = `SHA256:${'AB'.repeat(32)}`;
    const { artifact } = samples['production.deployed'];
    const deployed = sample('production.deployed', {
      artifact: { ...artifact, digest, commit: head },
    });
    const before = sample('production.deployed', {
      artifact: { ...artifact, digest: digest.replaceAll('AB', 'CD'), commit: head },
    });
    const events = [...shipping.slice(0, -2), before, deployed, sample('production.verified')];
    await tell(events);
    expect(here.state.records).toEqual([]);
    await tell(events, { deploy: '503-1a5f89db', channel: here.channel({ records: true }) });
    expect(here.state.records).toMatchObject([
      {
        name: 'acme-web',
        digest: digest.toLowerCase(),
        logical_environment: 'production',
        version: 'v42',
      },
    ]);
  });

  it('the environments by the names that they have on GitHub', async () => {
    const environments = { production: 'live / acme-web' };
    await tell(shipping, { channel: here.channel({ environments }) });
    expect(here.shown).toContain('live / acme-web 1a5f: in_progress, success');
  });

  it.each([
    ['deployments', { deployments: 'read' }, 'deployments: write'],
    ['pull requests', { 'pull-requests': 'none' }, 'pull-requests: write'],
    ['records', { 'artifact-metadata': 'read' }, 'artifact-metadata: write'],
  ] as const)('less, and says so in one line, without the right to %s', async (_, taken, named) => {
    here.sandbox.control.gitHubPermissions(taken);
    const artifact = {
      ...samples['production.deployed'].artifact,
      digest: `sha256:${'ab'.repeat(32)}`,
      commit: head,
    };
    const events = [
      ...shipping.slice(0, -2),
      sample('production.deployed', { artifact }),
      sample('production.verified'),
    ];
    const channel = here.channel({ comments: true, records: true });
    await tell(events, { channel });
    expect(leftOut).toHaveLength(1);
    expect(leftOut[0]).toMatchObject({
      code: 'E_GITHUB_PERMISSION',
      message: expect.stringContaining(`lacks ${named}`),
    });
    expect(here.shown.length).toBe('deployments' in taken ? 0 : 'pull-requests' in taken ? 2 : 4);
  });

  it('the rest of a deploy once it may', async () => {
    here.sandbox.control.gitHubPermissions({ deployments: 'none' });
    await tell(begun);
    here.sandbox.control.gitHubPermissions({ deployments: 'write' });
    await deliver(shipping);
    expect(here.shown).toContain('production 1a5f: success');
    expect(here.shown).toContain('staging 1a5f: success');
  });

  it('a pull request no more whose commit GitHub has lost, and goes on', async () => {
    here.fault({ method: 'POST', path: '/deployments$', kind: 'status', status: 422, skip: 1 });
    await tell(shipping.slice(0, 5));
    expect(leftOut).toHaveLength(1);
    expect(here.shown).toContain('production 1a5f: in_progress');
    expect(here.shown).toContain('production 1111: in_progress');
  });

  it.each(['lost-reply', 'reset', 'malformed'] as const)(
    'everything once, whichever of its writes meets a %s',
    async (kind) => {
      await tell(shipping);
      const right = here.shown;
      const writes = here.sandbox
        .requests()
        .filter(({ service, method }) => service === 'github' && method === 'POST').length;
      for (let skip = 0; skip < writes; skip++) {
        here.sandbox.control.reset({});
        here.sandbox.control.pullRequest({ number: 11, commits: [middle], head: headOf1 });
        here.sandbox.control.pullRequest({ number: 12, commits: [head], head: headOf2 });
        memory = {};
        here.fault({ method: 'POST', kind, skip });
        let failures = 0;
        for (const at of shipping.keys()) {
          const events = shipping.slice(0, at + 1);
          await deliver(events).catch(async () => {
            failures += 1;
            await deliver(events);
          });
        }
        expect(failures).toBe(1);
        expect(here.shown).toEqual(right);
      }
    },
  );

  it('nothing more once somebody else sends, and the rest after that', async () => {
    await tell(shipping);
    const right = here.shown;
    here.sandbox.control.reset({});
    here.sandbox.control.pullRequest({ number: 11, commits: [middle], head: headOf1 });
    here.sandbox.control.pullRequest({ number: 12, commits: [head], head: headOf2 });
    memory = {};
    const taken = new Error('taken');
    for (const at of shipping.keys()) {
      for (let passed = 0; passed < 20; passed++) {
        let asked = 0;
        const before = here.state.deployments.flatMap(({ statuses }) => ['', ...statuses]).length;
        const assertHeld = async (): Promise<void> => {
          if (asked++ === 1) throw taken;
        };
        const error = await deliver(shipping.slice(0, at + 1), { assertHeld }).catch(
          (thrown) => thrown,
        );
        const after = here.state.deployments.flatMap(({ statuses }) => ['', ...statuses]).length;
        expect(after - before).toBeLessThanOrEqual(1);
        if (error === undefined) break;
        expect(error).toBe(taken);
      }
    }
    expect(here.shown).toEqual(right);
  });

  it('asks GitHub to deploy that commit and no other, whatever its checks say', async () => {
    await tell(begun);
    const asked = here.sandbox.requests().filter(({ path }) => path.endsWith('/deployments'));
    const bodies = asked.flatMap(({ body }) => body ?? []);
    expect(bodies).toMatchObject([{ ref: head, auto_merge: false, required_contexts: [] }]);
  });

  it('is told nothing where nothing says which repository it is, or no token is there', () => {
    const settings = schema.parse({});
    const values = here.sandbox.environment;
    const opened = (repository: string | null, env = {}, given: Record<string, string> = values) =>
      open(settings, given, { repository, env })[0];
    expect(opened(null)).toMatchObject({ unset: '`repository` in pipeline.yml' });
    expect(opened('https://github.com/acme/web', {}, {})).toMatchObject({ unset: 'GITHUB_TOKEN' });
    expect(opened(null, { GITHUB_REPOSITORY: 'acme/web' })).not.toHaveProperty('unset');
  });

  it('is told of the repository that the configuration names, wherever the job runs', () => {
    const env = { GITHUB_REPOSITORY: 'ana/fork' };
    const repository = 'https://github.com/acme/web';
    expect(repositoryOf({ repository, env })).toEqual({ owner: 'acme', name: 'web' });
    expect(repositoryOf({ repository: null, env })).toEqual({ owner: 'ana', name: 'fork' });
  });
});
