/** All stand-ins together, in one process and without sockets: requests in, answers out. */
import { createCircleCi } from './circleci.ts';
import { type Control, createControl, type Verb, verbs } from './control.ts';
import { Faults, suffer } from './faults.ts';
import { createGitHub } from './github.ts';
import { createHeroku } from './heroku.ts';
import { defaultTiming, HerokuWorld, type Timing } from './heroku-world.ts';
import { createIds } from './ids.ts';
import { createSlack } from './slack.ts';
import { createSources } from './sources.ts';
import { createWeb, type Outage } from './web.ts';

export const services = [
  'heroku',
  'sources',
  'circleci',
  'github',
  'slack',
  'staging',
  'production',
  'control',
] as const;
export type Service = (typeof services)[number];

export interface SandboxOptions {
  /** Milliseconds since the epoch; everything that takes time goes by it. Default: the system's. */
  readonly now?: () => number;
  readonly timing?: Partial<Timing>;
  /** Where each service is reached; default `http://<service>.sandbox.test`. */
  readonly origins?: Partial<Record<Service, string>>;
  /** The repository that GitHub's calls are answered from. */
  readonly repositoryPath?: string;
}

/** A request as it arrived. */
export interface Received {
  readonly service: Service;
  readonly method: string;
  readonly path: string;
  readonly at: number;
  readonly status: number | null;
}

export interface Sandbox {
  readonly control: Control &
    ReturnType<typeof createCircleCi>['control'] &
    ReturnType<typeof createGitHub>['control'];
  /** The environment that points `pipeline` at it. */
  readonly environment: Record<string, string>;
  /** Which service a URL belongs to. */
  serviceOf(url: URL): Service;
  /** Answers one request. Rejects where a connection would be cut. */
  fetch(service: Service, request: Request): Promise<Response>;
  /** A bot's token, for those who rather post as one than by the webhook. */
  readonly slackBotToken: string;
  state(): SandboxState;
  requests(): readonly Received[];
  /** What Slack was given, in order. */
  slackMessages(): readonly unknown[];
}

export interface SandboxState {
  readonly apps: Readonly<Record<string, AppState>>;
  readonly promotions: readonly {
    id: string;
    slug: string | null;
    release: string | null;
    status: string;
    at: string;
  }[];
  readonly circleci: unknown;
  readonly github: unknown;
  readonly slack: unknown;
}

export interface AppState {
  readonly releases: readonly {
    id: string;
    version: number;
    status: string;
    description: string;
    slug: string | null;
    commit: string | null;
    by: string;
    current: boolean;
  }[];
  readonly builds: readonly {
    id: string;
    status: string;
    commit: string | null;
    mark: string | null;
    release: string | null;
  }[];
  readonly dynos: readonly { name: string; state: string; version: number }[];
}

const tokens = {
  heroku: 'HRKU-sandbox-4f9d1c27-heroku-token',
  circleci: 'CCIPAT_sandbox_7b1e90d3_circle_token',
  github: 'ghp_sandbox2c8a51f6githubtoken',
  webhook: '/services/T0SANDBOX/B0SANDBOX/x9Kq3sandboxwebhooksecret',
} as const;

export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const { now = Date.now, timing = {} } = options;
  const origins = Object.fromEntries(
    services.map((service) => [
      service,
      options.origins?.[service] ?? `http://${service}.sandbox.test`,
    ]),
  ) as Record<Service, string>;
  const newId = createIds();
  const faults = new Faults();
  const outages = new Map<string, Outage>();
  const received: Received[] = [];
  let repository = options.repositoryPath;

  const world = new HerokuWorld({ now, newId, timing: { ...defaultTiming, ...timing } });
  const standIn = { now, newId, repositoryPath: () => repository };
  const sources = createSources({ origin: origins.sources, now, newId, world: () => world });
  const circleci = createCircleCi({ ...standIn, token: tokens.circleci });
  const github = createGitHub({ ...standIn, token: tokens.github });
  const slack = createSlack({ ...standIn, token: tokens.webhook });
  const heroku = createHeroku({ world: () => world, sources, token: tokens.heroku, newId, now });
  const web = (name: string) =>
    createWeb({
      world: () => world,
      app: () => world.app(name) ?? fail(name),
      outage: () => outages.get(name) ?? null,
    });
  const control = {
    ...createControl({
      world: () => world,
      faults,
      outages,
      setRepository: (path) => (repository = path),
    }),
    ...circleci.control,
    ...github.control,
  };

  const state = (): SandboxState => {
    world.settle();
    return {
      apps: Object.fromEntries(world.apps.map((app) => [app.name, appState(world, app.name)])),
      promotions: world.promotions.flatMap(({ id, source, targets, createdAt }) =>
        targets.map((target) => ({
          id,
          slug: source.release.slug,
          release: target.release?.id ?? null,
          status: target.status,
          at: new Date(createdAt).toISOString(),
        })),
      ),
      circleci: circleci.state(),
      github: github.state(),
      slack: slack.state(),
    };
  };

  const hosts: Record<Service, (request: Request) => Promise<Response> | Response> = {
    heroku: (request) => heroku.fetch(request),
    sources: (request) => sources.hono.fetch(request),
    circleci: circleci.fetch,
    github: github.fetch,
    slack: slack.fetch,
    staging: (request) => stagingWeb.fetch(request),
    production: (request) => productionWeb.fetch(request),
    control: (request) => answerControl(request, control, state, received),
  };
  const stagingWeb = web('acme-staging');
  const productionWeb = web('acme-production');

  return {
    control,
    environment: {
      HEROKU_API_URL: origins.heroku,
      HEROKU_API_KEY: tokens.heroku,
      CIRCLE_API_URL: origins.circleci,
      CIRCLE_TOKEN: tokens.circleci,
      GITHUB_API_URL: origins.github,
      GITHUB_TOKEN: tokens.github,
      SLACK_API_URL: origins.slack,
      SLACK_WEBHOOK_URL: origins.slack + tokens.webhook,
      PRODUCTION_CD_ENABLED: 'true',
    },
    serviceOf(url) {
      const found = services.find((service) => new URL(origins[service]).host === url.host);
      if (found === undefined) throw new Error(`the sandbox has no service at ${url.host}`);
      return found;
    },
    async fetch(service, request) {
      const { pathname } = new URL(request.url);
      const entry = { service, method: request.method, path: pathname, at: now() };
      const fault = faults.take(service, request.method, pathname);
      const note = (status: number | null): void => {
        if (service !== 'control') received.push({ ...entry, status });
      };
      const carryOut = async (): Promise<Response> => {
        const response = await hosts[service](request);
        note(response.status);
        return response;
      };
      if (fault === null) return carryOut();
      if (fault.kind === 'reset' || fault.kind === 'hang') note(null);
      return suffer(fault, carryOut, request.signal);
    },
    slackBotToken: slack.botToken,
    state,
    requests: () => received,
    slackMessages: () => slack.state().messages,
  };
}

function appState(world: HerokuWorld, name: string): AppState {
  const app = world.app(name) ?? fail(name);
  const current = world.current(app);
  return {
    releases: app.releases.map((release) => ({
      id: release.id,
      version: release.version,
      status: release.status,
      description: release.description,
      slug: release.slug,
      commit: world.commitOf(release),
      by: release.by,
      current: release === current,
    })),
    builds: app.builds.map(({ id, status, source, release }) => ({
      id,
      status,
      commit: source.version,
      mark: source.description,
      release,
    })),
    dynos: app.dynos.map((dyno) => ({
      name: dyno.name,
      state: dyno.state,
      version: dyno.release.version,
    })),
  };
}

function fail(name: string): never {
  throw new Error(`the sandbox has no app ${name}`);
}

/** `POST /<verb>` with the verb's input, `GET /state`, `GET /requests`, `GET /` for the list of verbs. */
async function answerControl(
  request: Request,
  control: Record<string, (input: never) => unknown>,
  state: () => unknown,
  received: readonly Received[],
): Promise<Response> {
  const name = new URL(request.url).pathname.slice(1);
  if (request.method === 'GET') {
    if (name === 'state') return Response.json(state());
    if (name === 'requests') return Response.json(received);
    if (name === '') return Response.json({ verbs: Object.keys(control) });
  }
  const act = Object.hasOwn(control, name) ? control[name] : undefined;
  if (request.method !== 'POST' || act === undefined) {
    return Response.json(
      { error: `no such verb: ${name}`, verbs: Object.keys(control) },
      { status: 404 },
    );
  }
  try {
    const text = await request.text();
    const input: unknown = text === '' ? {} : JSON.parse(text);
    const checked = Object.hasOwn(verbs, name) ? verbs[name as Verb].parse(input) : input;
    return Response.json({ done: name, result: act(checked as never) ?? null });
  } catch (error) {
    return Response.json({ error: String(error) }, { status: 422 });
  }
}
