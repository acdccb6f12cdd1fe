/** All stand-ins together, in one process and without sockets: requests in, answers out. */
import { randomBytes } from 'node:crypto';
import { createCircleCi } from './circleci/circleci.ts';
import { type Control as CoreControl, createControl } from './control.ts';
import { answerControl } from './control-service.ts';
import { Door, type Host } from './door.ts';
import { Faults } from './faults.ts';
import { createGitHub } from './github/github.ts';
import { createAcme } from './heroku/acme.ts';
import { createHeroku } from './heroku/heroku.ts';
import { createSources } from './heroku/sources.ts';
import { defaultTiming, type Generation, type Timing } from './heroku/state.ts';
import { createWeb, type Outage } from './heroku/web.ts';
import type { HerokuWorld } from './heroku/world.ts';
import { createIds } from './ids.ts';
import type { Received } from './journal.ts';
import { herokuState, type SandboxState } from './sandbox-state.ts';
import { type Service, services } from './service.ts';
import { createSlack } from './slack/slack.ts';

export interface SandboxOptions {
  /** Milliseconds since the epoch; everything that takes time goes by it. Default: the system's. */
  readonly now?: () => number;
  /** How the time passes for an answer that stays open, in milliseconds. Left out: it ends with what there is. */
  readonly wait?: (ms: number) => Promise<void>;
  readonly timing?: Partial<Timing>;
  /** Of Heroku's two apps; Cedar where nothing is said. Of two generations, they are not in one pipeline. */
  readonly generations?: { readonly staging?: Generation; readonly production?: Generation };
  /** Where each service is reached; default `https://<service>.sandbox.test`. */
  readonly origins?: Partial<Record<Service, string>>;
  /** The repository that GitHub's calls are answered from. */
  readonly repositoryPath?: string;
  /** Default: new ones. */
  readonly tokens?: Tokens;
}

export type Control = CoreControl &
  ReturnType<typeof createCircleCi>['control'] &
  ReturnType<typeof createGitHub>['control'] &
  ReturnType<typeof createSlack>['control'];

export interface Sandbox {
  readonly control: Control;
  /** What Heroku's stand-in answers from, as it is now; another one after a reset. */
  readonly world: HerokuWorld;
  /** The environment that points `pipeline` at it; the control service's address and token too. */
  readonly environment: Record<string, string>;
  /** Which service a URL belongs to. @throws Error for a host that is none */
  serviceOf(url: URL): Service;
  /** Answers one request. Rejects where a connection would be cut; waits for the signal where it would hang. */
  fetch(service: Service, request: Request): Promise<Response>;
  /** A bot's token, for those who rather post as one than by the webhook. */
  readonly slackBotToken: string;
  state(): SandboxState;
  /** In the order in which they were carried out, or not. */
  requests(): readonly Received[];
  /** What Slack was given, in order. */
  slackMessages(): readonly unknown[];
}

export interface Tokens {
  readonly heroku: string;
  readonly circleci: string;
  readonly github: string;
  /** The secret path of Slack's webhook. */
  readonly webhook: string;
  readonly control: string;
}

/** Nobody can know them who was not told by this sandbox. */
export function createTokens(): Tokens {
  const secret = (): string => randomBytes(16).toString('hex');
  return {
    heroku: `HRKU-sandbox-${secret()}`,
    circleci: `CCIPAT_sandbox_${secret()}`,
    github: `ghp_sandbox${secret()}`,
    webhook: `/services/T0SANDBOX/B0SANDBOX/${secret()}`,
    control: `sandbox-${secret()}`,
  };
}

export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const { now = Date.now } = options;
  const origins = originsOf(options);
  const hostNames = services.map((service) => new URL(origins[service]).host);
  const tokens = options.tokens ?? createTokens();
  const newId = createIds();
  const faults = new Faults();
  const outages = new Map<string, Outage>();
  const received: Received[] = [];
  const heroku = createHerokuServices(options, {
    now,
    newId,
    origins,
    outages,
    token: tokens.heroku,
  });
  let repository = options.repositoryPath;
  const standIn = { now, newId, repositoryPath: () => repository };
  const circleci = createCircleCi({ ...standIn, token: tokens.circleci });
  const github = createGitHub({ ...standIn, token: tokens.github });
  const slack = createSlack({ ...standIn, token: tokens.webhook });

  const reset = (): void => {
    for (const vendor of [heroku, circleci, github, slack]) vendor.reset();
    faults.clear();
    outages.clear();
    received.splice(0);
    repository = options.repositoryPath;
  };
  const control: Control = {
    ...createControl({
      world: () => heroku.world,
      faults,
      outages,
      setRepository: (path) => (repository = path),
      reset,
    }),
    ...circleci.control,
    ...github.control,
    slackUser: (user) => slack.control.slackUser(user),
    slackScopes: (scopes) => slack.control.slackScopes(scopes),
  };
  const state = (): SandboxState => ({
    ...herokuState(heroku.world),
    circleci: circleci.state(),
    github: github.state(),
    slack: slack.state(),
  });
  const controlService = {
    control: new Map(Object.entries(control)),
    token: tokens.control,
    state,
    requests: () => received,
  };
  const hosts = {
    ...heroku.hosts,
    circleci: circleci.fetch,
    github: github.fetch,
    slack: slack.fetch,
    control: (request: Request) => answerControl(request, controlService),
  };
  const door = new Door({ hosts, faults, received, now });

  return {
    control,
    get world() {
      return heroku.world;
    },
    environment: environmentOf(origins, tokens),
    serviceOf: (url) => serviceOf(url, hostNames),
    fetch(service, request) {
      return service === 'control' ? hosts.control(request) : door.attend(service, request);
    },
    slackBotToken: slack.botToken,
    state,
    requests: () => received,
    slackMessages: () => slack.state().messages,
  };
}

interface HerokuServices {
  /** Brought up to now. */
  readonly world: HerokuWorld;
  readonly hosts: Record<'heroku' | 'sources' | 'staging' | 'production' | 'canary', Host>;
  reset(): void;
}

/** Heroku, its storage, and what it runs: one world, which a reset replaces. */
function createHerokuServices(
  options: SandboxOptions,
  shared: {
    now: () => number;
    newId: () => string;
    origins: Record<Service, string>;
    outages: ReadonlyMap<string, Outage>;
    token: string;
  },
): HerokuServices {
  const { now, newId, origins, outages, token } = shared;
  const timing = { ...defaultTiming, ...options.timing };
  const { generations = {} } = options;
  // Heroku's own addresses end in herokuapp.com: only where the apps are really reached, these stand for them.
  const webUrls: Record<string, string> =
    options.origins === undefined
      ? {}
      : {
          'acme-staging': `${origins.staging}/`,
          'acme-production': `${origins.production}/`,
          'acme-canary': `${origins.canary}/`,
        };
  const newWorld = () => createAcme({ now, newId, timing, generations, webUrls });
  let current = newWorld();
  const world = () => current;
  const sources = createSources({ origin: origins.sources, now, newId, world, wait: options.wait });
  const newApi = () => createHeroku({ world, sources, token, newId, now });
  let api = newApi();
  const staging = createWeb({ world, name: 'acme-staging', outages });
  const production = createWeb({ world, name: 'acme-production', outages });
  const canary = createWeb({ world, name: 'acme-canary', outages });
  return {
    get world() {
      current.settle();
      return current;
    },
    hosts: {
      heroku: (request) => api.fetch(request),
      sources: (request) => sources.hono.fetch(request),
      staging: (request) => staging.fetch(request),
      production: (request) => production.fetch(request),
      canary: (request) => canary.fetch(request),
    },
    reset() {
      current = newWorld();
      sources.reset();
      api = newApi();
    },
  };
}

function originsOf({ origins }: SandboxOptions): Record<Service, string> {
  return Object.fromEntries(
    services.map((service) => [service, origins?.[service] ?? `https://${service}.sandbox.test`]),
  ) as Record<Service, string>;
}

/** @param hostNames of the services, in their order */
function serviceOf({ host }: URL, hostNames: readonly string[]): Service {
  const found = services[hostNames.indexOf(host)];
  if (found === undefined) throw new Error(`the sandbox has no service at ${host}`);
  return found;
}

function environmentOf(origins: Record<Service, string>, tokens: Tokens): Record<string, string> {
  return {
    HEROKU_API_URL: origins.heroku,
    HEROKU_API_KEY: tokens.heroku,
    HEROKU_DATA_API_URL: origins.heroku,
    HEROKU_GITHUB_API_URL: origins.heroku,
    CIRCLE_API_URL: origins.circleci,
    CIRCLE_TOKEN: tokens.circleci,
    GITHUB_API_URL: origins.github,
    GITHUB_TOKEN: tokens.github,
    SLACK_API_URL: origins.slack,
    SLACK_WEBHOOK_URL: origins.slack + tokens.webhook,
    PRODUCTION_CD_ENABLED: 'true',
    SANDBOX_URL: origins.control,
    SANDBOX_TOKEN: tokens.control,
  };
}
