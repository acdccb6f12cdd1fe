/** A lane that a check-up finds nothing wrong with, on the sandbox within this process; a test spoils one thing. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detectCi } from '../../../src/cli/ci/ci.ts';
import { parseConfig, toSettings } from '../../../src/cli/config/config.ts';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { checksOf } from '../../../src/cli/doctor/checks.ts';
import { type Examined, examine } from '../../../src/cli/doctor/examine.ts';
import type { Checkout } from '../../../src/cli/doctor/repository-checks.ts';
import { storeChecks } from '../../../src/cli/doctor/store-checks.ts';
import type { RepositoryFacts } from '../../../src/cli/setup/facts.ts';
import { plan } from '../../../src/cli/setup/plan.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { protectedOf } from '../../../src/machine/protected-settings.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneStream } from '../../../src/runtime/log/streams.ts';
import { openLog as openLogAt } from '../../../src/store/open.ts';
import { AskingSandbox } from '../../effects/asking-sandbox.ts';
import { answers, facts } from '../setup/repository.ts';

const commit = 'a1b2c3d4'.repeat(5);
const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'incident 4711' };

export const configText = `app: acme-web
branch: main
repository: https://github.com/acme/web
staging:
  heroku: { app: acme-staging }
  verify:
    endpoints: [{ url: "https://staging.sandbox.test/", revision: { header: x-revision } }]
production:
  heroku: { app: acme-production }
  verify:
    endpoints: [{ url: "https://production.sandbox.test/", revision: { header: x-revision } }]
notify:
  slack: { channel: '#alerts-deploy', oncall: '<!subteam^S0ONCALL>' }
  github: {}
`;

/** To find that out, git is run. */
const onLaptop = detectCi({});

/** Most rows have the same. */
const configs = new Map<string, ReturnType<typeof parseConfig>>();
function configOf(text: string): ReturnType<typeof parseConfig> {
  const known = configs.get(text) ?? parseConfig(Buffer.from(text), 'pipeline.yml');
  configs.set(text, known);
  return known;
}

/** What `init` writes for this lane. */
const written = (ci: 'circleci' | 'github') =>
  plan(
    answers({
      ci,
      channel: { key: 'slack', settings: { channel: '#alerts-deploy' }, token: 'SLACK_BOT_TOKEN' },
    }),
    facts(),
  ).files[1]?.text ?? '';

export class DoctorWorld {
  readonly asking: AskingSandbox;
  readonly root = mkdtempSync(join(tmpdir(), 'lockstep-doctor-'));
  config = configText;
  circleci: string | null = written('circleci');
  workflow: string | null = null;
  env: Record<string, string | undefined>;
  checkout: Partial<Omit<Checkout, 'facts'>> = {};
  facts: Partial<RepositoryFacts> = {};
  storeUrl = `sqlite:${join(this.root, 'log/log.db')}`;
  timeoutMs = 10_000;
  #now = Date.now();

  /** In place of what the sandbox would answer there. */
  answering(path: string, body: object): void {
    const answer = { status: 200, headers: {}, body: JSON.stringify(body) };
    this.asking.instead.set(path, async () => answer);
  }

  constructor(options: ConstructorParameters<typeof AskingSandbox>[0] = {}) {
    mkdirSync(join(this.root, 'repository'));
    this.asking = new AskingSandbox({ now: () => this.#now, ...options });
    const { control, environment, slackBotToken } = this.asking.sandbox;
    for (const app of ['acme-staging', 'acme-production']) control.seed({ app, commit });
    control.setPreboot({ app: 'acme-production', enabled: true });
    this.pass(200_000);
    this.#now = Date.now();
    // Of a repository that is there; its stand-in would ask git.
    this.asking.instead.set('/commits', async () => ({ status: 200, headers: {}, body: '[]' }));
    this.env = { ...environment, SLACK_WEBHOOK_URL: undefined, SLACK_BOT_TOKEN: slackBotToken };
  }

  get control() {
    return this.asking.sandbox.control;
  }

  pass(ms: number): void {
    this.#now += ms;
    this.asking.sandbox.state();
  }

  onGitHub(change: (text: string) => string = (text) => text): void {
    this.circleci = null;
    this.workflow = change(written('github'));
  }

  /** A log in which the lane's events stand. */
  async log(...events: LaneEvent[]): Promise<void> {
    const log = await openLogAt(this.storeUrl);
    const run = newRun({ actor: null as never, ci: null as never, program: '0', job: null });
    await log.append([
      {
        stream: laneStream('acme-web'),
        expected: 'none',
        events: events.map((event) => newEvent(event, run)),
      },
    ]);
    await log.close();
  }

  disabled = (): Promise<void> => this.log({ type: 'lane.disabled', data: person });

  /** The lane's last live deploy went by this configuration. */
  async shipped(text: string): Promise<void> {
    const config = await configOf(text);
    const settings = toSettings(config, readEnvironment(this.#env()));
    await this.log({
      type: 'lane.shipped',
      data: {
        deploy: '501-a1b2c3d4',
        target: 'heroku/acme-production',
        release: { id: 'r1', version: 'v4' },
        commit,
        artifact: { kind: 'slug', id: 's1', digest: null, commit },
        settings: protectedOf({ lane: config.app, branch: config.branch, settings }),
      },
    });
  }

  #env(): Record<string, string> {
    const set = Object.entries(this.env).filter(([, value]) => value !== undefined);
    return Object.fromEntries(set) as Record<string, string>;
  }

  async examine(): Promise<Examined[]> {
    const env = this.#env();
    const config = await configOf(this.config);
    const environment = readEnvironment(env);
    const ci = env.CI === undefined ? onLaptop : detectCi(env);
    const of = (path: string, text: string | null) => (text === null ? [] : [{ path, text }]);
    const repository = facts({
      root: this.root,
      circleci: of('.circleci/config.yml', this.circleci)[0] ?? null,
      workflows: of('.github/workflows/deploy.yml', this.workflow),
      ...this.facts,
    });
    const checkout: Checkout = {
      facts: repository,
      committed: 'same',
      oddities: { submodules: [], lfs: [], exports: [] },
      hasGitHubToken: environment.githubToken !== null,
      ...this.checkout,
    };
    const folder = join(this.root, 'repository');
    const { storeUrl } = this;
    const openLog = () =>
      openLogAt(storeUrl, { create: false, patienceMs: 100, busyTimeoutMs: 100 });
    const store = storeChecks({ storeUrl, config, environment, isCi: ci.isCi, folder, openLog });
    const ports = this.asking.ports();
    const parts = { config, environment, env, ci, facts: repository, checkout, ports };
    try {
      return await examine(await checksOf(parts, store.checks), this.timeoutMs);
    } finally {
      await store.close();
    }
  }

  clear(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What is not ok: `heroku.token error`. */
export const wrong = (examined: readonly Examined[]): string[] =>
  examined.flatMap(({ id, findings }) =>
    findings.filter(({ verdict }) => verdict !== 'ok').map(({ verdict }) => `${id} ${verdict}`),
  );
