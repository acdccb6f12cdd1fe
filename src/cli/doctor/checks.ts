/** All that a check-up looks at, in the order in which it is shown. */
import { channelKinds } from '../../effects/channels/kinds.ts';
import { circleCiToken, gitHubToken } from '../../effects/ci/diagnose.ts';
import { type Diagnosis, type Finding, fault, ok, warning } from '../../effects/diagnosis.ts';
import { parseRepository } from '../../effects/history/github.ts';
import type { Ports } from '../../effects/ports.ts';
import { targetKinds } from '../../effects/targets/kinds.ts';
import type { ExaminedPlace } from '../../effects/targets/survey.ts';
import { UsageError } from '../../errors/error.ts';
import { environmentsOf, firstOf } from '../../machine/environments.ts';
import { assertLockProvider } from '../ci/builds.ts';
import type { CiFacts } from '../ci/ci.ts';
import type { Config } from '../config/config.ts';
import {
  type Environment,
  environmentForPrograms,
  namedSecrets,
  readNamed,
} from '../config/environment.ts';
import { readKillSwitch } from '../config/kill-switch.ts';
import type { RepositoryFacts } from '../setup/facts.ts';
import type { WantedJob } from './ci-jobs.ts';
import { circleCiFindings, unreadable } from './circleci-checks.ts';
import { endpointChecks } from './endpoint-checks.ts';
import { gitHubFindings } from './github-checks.ts';
import {
  branch,
  type Checkout,
  committed,
  configuration,
  history,
  source,
} from './repository-checks.ts';

export interface Examination {
  readonly config: Config;
  readonly environment: Environment;
  readonly env: NodeJS.ProcessEnv;
  readonly ci: CiFacts;
  readonly facts: RepositoryFacts;
  readonly checkout: Checkout;
  readonly ports: Ports;
}

/** @param store the checks of the log, which whoever opened it closes */
export async function checksOf(
  examination: Examination,
  store: readonly Diagnosis[],
): Promise<Diagnosis[]> {
  const { config, checkout, ports } = examination;
  return [
    configuration(null),
    committed(checkout),
    branch(checkout, config),
    history(checkout),
    source(checkout, config),
    ciJob(examination),
    lockProvider(examination),
    killSwitch(examination),
    ...store,
    ...(await targetChecks(examination)),
    ...endpointChecks(config, ports),
    ...tokens(examination),
    ...(await channelChecks(examination)),
  ];
}

function ciJob({ config, environment, facts }: Examination): Diagnosis {
  return {
    id: 'ci.job',
    subject: 'the CI’s deploy job',
    why: 'It runs advance, once the tests passed, in builds of the branch only.',
    look: async () => {
      const wanted = wantedJob(config, environment);
      const { circleci, workflows } = facts;
      const onCircleCi = circleci === null ? null : circleCiFindings(circleci.text, wanted);
      const onGitHub = gitHubFindings(workflows, wanted);
      if (onCircleCi === null || onGitHub === null) return onCircleCi ?? onGitHub ?? [noJob];
      const isTwice = !onCircleCi.includes(unreadable);
      return [...onCircleCi, ...onGitHub, ...(isTwice ? [jobsOfTwo] : [])];
    },
  };
}

const noJob: Finding = warning(
  'neither .circleci/config.yml nor a workflow of .github runs advance',
  'pipeline init writes the job. In another CI, run it after the tests, in builds of the branch only.',
);

const jobsOfTwo: Finding = warning(
  'CircleCI and GitHub Actions both run advance: each merge is asked for twice',
  'Take it out of one of them: each commit has two deploys, and what one CI did not ship the other tries again.',
);

function wantedJob(config: Config, { githubToken }: Environment): WantedJob {
  const kinds = new Set(environmentsOf(config).map(({ environment }) => environment.target.kind));
  const tokensOf = targetKinds
    .filter(({ kind }) => kinds.has(kind))
    .flatMap(({ variables }) => variables.tokens.map(({ name }) => name));
  return {
    branch: config.branch,
    variables: [...(config.store.startsWith('sqlite:') ? ['PIPELINE_STORE'] : []), ...tokensOf],
    killSwitch: config.gates.killSwitch,
    lock: config.lock.provider,
    showsDeployments: 'github' in config.notify && config.notify.github !== undefined,
    hasGitHubToken: githubToken !== null,
  };
}

function lockProvider({ config, environment, ci }: Examination): Diagnosis {
  return {
    id: 'lock.provider',
    subject: `lock.provider: ${config.lock.provider}`,
    why: 'The CI’s own list of builds is the lane’s lock: it has to be read.',
    async look() {
      if (config.lock.provider === 'store' || !ci.isCi) return [];
      try {
        assertLockProvider({ config, environment, ci });
        return [ok('what it is read with is here')];
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        return [fault(error.message, error.hint ?? '')];
      }
    },
  };
}

function killSwitch({ config, env, ci }: Examination): Diagnosis {
  const { killSwitch: name } = config.gates;
  return {
    id: 'kill-switch',
    subject: name,
    why: 'In a CI nothing goes to production unless it is true.',
    async look() {
      const { on, killSwitch: read } = readKillSwitch(name, env, ci.isCi);
      if (on) {
        const isSet = env[name] !== undefined;
        return [
          ok(isSet ? `${name} is true` : `${name} is not set; outside of a CI that means on`),
        ];
      }
      return [
        warning(
          `it is ${read.state}${read.why === null ? '' : ` (${read.why})`}: staging is deployed, production is not`,
          `Set ${name}=true once deploys may go to production.`,
        ),
      ];
    },
  };
}

async function targetChecks(examination: Examination): Promise<Diagnosis[]> {
  const { config, environment, env, facts, ports } = examination;
  const places = placesOf(config);
  const around = { root: facts.root, env: environmentForPrograms(env, config.notify) };
  const input = { app: config.app, values: environment.targets, around };
  const all = targetKinds.map(async ({ kind, surveyor }) => {
    const own = places.filter(({ target }) => target.kind === kind);
    if (own.length === 0) return [];
    return (await surveyor()).diagnose({ branch: config.branch, places: own }, input, ports);
  });
  return (await Promise.all(all)).flat();
}

function placesOf(config: Config): ExaminedPlace[] {
  const first = firstOf(config);
  const source = config[first]?.target ?? null;
  return environmentsOf(config).map(({ name: role, environment }) => ({
    role,
    target: environment.target,
    givenBy: environment.submits === 'artifact' && role !== first ? source : null,
    waivesInstances: environment.verify.waive.includes('no-instances'),
  }));
}

function tokens({ config, environment, checkout, ports }: Examination): Diagnosis[] {
  const { githubToken, githubApiUrl, circleToken, circleApiUrl } = environment;
  const named = config.repository === undefined ? null : parseRepository(config.repository);
  const repository = named === null ? null : `${named.owner}/${named.name}`;
  const { provider } = config.lock;
  return [
    gitHubToken(
      {
        baseUrl: githubApiUrl,
        token: githubToken,
        isNeeded: provider === 'github' || (checkout.facts.isShallow && githubToken !== null),
      },
      repository,
      ports,
    ),
    circleCiToken(
      { baseUrl: circleApiUrl, token: circleToken, isNeeded: provider === 'circleci' },
      ports,
    ),
  ];
}

async function channelChecks({
  config,
  environment,
  env,
  ports,
}: Examination): Promise<Diagnosis[]> {
  const notify: Readonly<Record<string, unknown>> = config.notify;
  const values = { ...environment.channels, ...readNamed(namedSecrets(notify), env) };
  const around = { repository: config.repository ?? null, env };
  const all = channelKinds.map(async ({ name, surveyor }) => {
    const { [name]: settings } = notify;
    if (settings === undefined || surveyor === undefined) return [];
    return (await surveyor()).diagnose(settings as never, values, around, ports);
  });
  return (await Promise.all(all)).flat();
}
