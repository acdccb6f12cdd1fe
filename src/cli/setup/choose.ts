/** Which lane is meant, on which CI: by flags first, then by whoever is asked, whose default is what was found. */
import { channelKinds } from '../../effects/channels/kinds.ts';
import type { Discovered, DiscoveredLane, DiscoveredPlace } from '../../effects/targets/survey.ts';
import type { TargetConfig, TargetKind } from '../../effects/targets/target-kind.ts';
import { UsageError } from '../../errors/error.ts';
import { capital } from '../../format/words.ts';
import type { Answers, SetupChannel, SetupPlace } from './answers.ts';
import { type CiName, laneName, type RepositoryFacts } from './facts.ts';

/** A channel's answer goes by the channel's own name. */
export interface SetupFlags extends Readonly<Record<string, unknown>> {
  readonly app?: string;
  readonly branch?: string;
  readonly target?: string;
  readonly staging?: string;
  readonly production?: string;
  readonly stagingUrl?: string;
  readonly productionUrl?: string;
  readonly ci?: CiName | 'none';
}

/** Asks a person one line; an empty one is the default. With `--yes`, every answer is the default. */
export type Ask = (question: string, standard: string) => Promise<string>;

/** A kind of target, with what it found. */
export interface Found {
  readonly kind: TargetKind;
  readonly config: TargetConfig;
  readonly discovered: Discovered;
}

/** @throws UsageError E_SETUP what is meant cannot be told, and nobody is asked */
export async function choose(
  flags: SetupFlags,
  facts: RepositoryFacts,
  found: readonly Found[],
  { ask, env }: { readonly ask: Ask; readonly env: NodeJS.ProcessEnv },
): Promise<Answers> {
  const { kind, config, discovered } = kindOf(flags, found);
  const lane = laneOf(flags, config, discovered);
  const app = laneName(flags.app ?? (await ask('Name of the lane', facts.name)));
  const branch = flags.branch ?? (await ask('Branch that is deployed', branchOf(facts)));
  const nameOf = (place: DiscoveredPlace | undefined) =>
    String(place?.settings[config.nameField] ?? '');
  const place = async (role: 'staging' | 'production'): Promise<SetupPlace> => {
    const standard = lane?.[role];
    const isNamed = kind.variables.tokens.length > 0;
    const name = isNamed
      ? (flags[role] ?? (await ask(`${kind.name} app of ${role}`, nameOf(standard))))
      : '';
    if (isNamed && name === '') throw unnamed(role, kind, discovered);
    const known = placeNamed(discovered, config, role, name) ?? standard;
    const settings = { ...known?.settings, ...(isNamed ? { [config.nameField]: name } : {}) };
    const url = known?.url ?? null;
    const guess = url === null ? '' : healthUrl(url, facts.healthPath);
    const given = role === 'staging' ? flags.stagingUrl : flags.productionUrl;
    const endpoint = given ?? (await ask(`URL that answers 200 when ${role} is well`, guess));
    return {
      settings,
      url,
      tellsInstances: known?.tellsInstances ?? true,
      endpoint: endpoint === '' ? null : endpoint,
    };
  };
  const staging = await place('staging');
  const production = await place('production');
  return {
    app,
    branch,
    repository: facts.webUrl,
    kind: kind.kind,
    instances: config.verify.instances,
    staging,
    production,
    ci: await ciOf(flags, facts, ask, env),
    channel: await channelOf(flags, ask),
    todo: discovered.todo,
    deployWords: discovered.deployWords,
    tokens: kind.variables.tokens.map(({ name }) => name),
  };
}

/** The one that is named; else the first that found something; else the first. */
function kindOf({ target }: SetupFlags, found: readonly Found[]): Found {
  const [first] = found;
  if (first === undefined) throw new Error('there is no kind of target');
  if (target === undefined)
    return found.find(({ discovered }) => discovered.lanes.length > 0) ?? first;
  const named = found.find(({ kind }) => kind.kind === target);
  if (named !== undefined) return named;
  throw new UsageError(
    'E_USAGE',
    `--target takes ${found.map(({ kind }) => kind.kind).join(' or ')}, not ${target}`,
  );
}

/** The first kind of channel that somebody is told by. */
async function channelOf(flags: SetupFlags, ask: Ask): Promise<SetupChannel | null> {
  for (const { name, setup } of channelKinds) {
    if (setup === undefined) continue;
    const flag = flags[name];
    const answer =
      typeof flag === 'string' ? flag : await ask(`${capital(setup.what)}, if any`, '');
    if (answer === '') continue;
    return { key: name, settings: setup.settings(answer), token: setup.token };
  }
  return null;
}

/** @throws UsageError E_SETUP two of them are as likely */
function laneOf(
  flags: SetupFlags,
  { nameField }: TargetConfig,
  { lanes }: Discovered,
): DiscoveredLane | undefined {
  const fits = lanes.filter((lane) =>
    (['staging', 'production'] as const).every(
      (role) => flags[role] === undefined || lane[role].settings[nameField] === flags[role],
    ),
  );
  const [best, next] = fits;
  if (best === undefined || next === undefined || best.likeliness > next.likeliness) return best;
  const shown = fits.map(
    ({ name, staging, production }) =>
      `  ${name}: --staging ${staging.settings[nameField]} --production ${production.settings[nameField]}`,
  );
  throw new UsageError('E_SETUP', 'several lanes could be meant', {
    hint: ['Say which:', ...shown].join('\n'),
  });
}

/** What was found of the place that is named. */
function placeNamed(
  { lanes }: Discovered,
  { nameField }: TargetConfig,
  role: 'staging' | 'production',
  name: string,
): DiscoveredPlace | undefined {
  return lanes.map((lane) => lane[role]).find(({ settings }) => settings[nameField] === name);
}

function unnamed(role: string, kind: TargetKind, { notes }: Discovered): UsageError {
  return new UsageError(
    'E_SETUP',
    `which ${kind.name} app is ${role} is not known: ${notes.join('; ')}`,
    {
      hint: `Set ${kind.variables.tokens.map(({ name }) => name).join(', ')} to a token that sees them, or say --staging and --production.`,
    },
  );
}

const healthUrl = (url: string, path: string): string => url.replace(/\/+$/, '') + path;

async function ciOf(
  flags: SetupFlags,
  facts: RepositoryFacts,
  ask: Ask,
  env: NodeJS.ProcessEnv,
): Promise<CiName | null> {
  const answer = flags.ci ?? (await ask('CI: circleci, github or none', ciFound(facts, env)));
  if (answer === 'circleci' || answer === 'github') return answer;
  if (answer === 'none') return null;
  throw new UsageError('E_USAGE', `the CI is circleci, github or none, not ${answer}`);
}

const branchOf = ({ defaultBranch, checkedOut }: RepositoryFacts): string =>
  defaultBranch ?? checkedOut ?? 'main';

/** The one that this runs in, or that has a configuration; else the one that the repository's host has. */
function ciFound({ circleci, workflows, webUrl }: RepositoryFacts, env: NodeJS.ProcessEnv): string {
  if (env.CIRCLECI === 'true') return 'circleci';
  if (env.GITHUB_ACTIONS === 'true') return 'github';
  if (circleci !== null) return 'circleci';
  if (workflows.length > 0) return 'github';
  return webUrl?.startsWith('https://github.com/') === true ? 'github' : 'none';
}
