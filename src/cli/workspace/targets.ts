/** The targets of a lane, opened with what the environment has for them. */
import { targetKinds } from '../../effects/targets/kinds.ts';
import type { Surroundings } from '../../effects/targets/surroundings.ts';
import type { Targets } from '../../effects/targets/target.ts';
import type { OpenedKind, TargetKind, TargetOpener } from '../../effects/targets/target-kind.ts';
import { UsageError } from '../../errors/error.ts';
import { environmentsOf } from '../../machine/environments.ts';
import type { EnvironmentName } from '../../machine/events.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';

/**
 * What a token is missing for is told at once. A deploy that is resumed may have been asked for when its lane had
 * another kind of target: that is opened when it is needed.
 *
 * @throws UsageError E_MISSING_TOKEN, E_PROGRAM_MISSING
 */
export async function openTargets(
  config: Pick<Config, EnvironmentName>,
  environment: Environment,
  around: Surroundings,
): Promise<Targets> {
  const kinds = await Promise.all(targetKinds.map(loaded));
  const opened = new Map<string, OpenedKind>();
  const of = (kind: string): OpenedKind => {
    const known = opened.get(kind) ?? open(kindNamed(kind, kinds), environment, around);
    opened.set(kind, known);
    return known;
  };
  const targets: Targets = (settings) => of(settings.kind).targets(settings);
  for (const { environment: at } of environmentsOf(config)) targets(at.target);
  return targets;
}

type LoadedKind = TargetKind & TargetOpener;

async function loaded(kind: TargetKind): Promise<LoadedKind> {
  const { open } = await kind.opener();
  return { ...kind, open };
}

/** @throws UsageError E_MISSING_TOKEN */
function open(
  { variables, open }: LoadedKind,
  { targets }: Environment,
  around: Surroundings,
): OpenedKind {
  const missing = variables.tokens.find(({ name }) => (targets[name] ?? null) === null);
  if (missing !== undefined) {
    throw new UsageError('E_MISSING_TOKEN', `${missing.name} is not set`, { hint: missing.hint });
  }
  const names = [...variables.tokens, ...variables.urls].map(({ name }) => name);
  return open(Object.fromEntries(names.map((name) => [name, targets[name] ?? ''])), around);
}

/** @throws UsageError E_TARGET_KIND */
function kindNamed(name: string, kinds: readonly LoadedKind[]): LoadedKind {
  const found = kinds.find(({ kind }) => kind === name);
  if (found !== undefined) return found;
  throw new UsageError(
    'E_TARGET_KIND',
    `this version knows no kind of target that is called ${name}`,
    {
      hint: 'Whoever asked for the deploy ran a version that does: use that one, or a newer one.',
    },
  );
}

/** To ask whose token it is, nothing has to be run. */
const nowhere: Surroundings = { root: '/', env: {} };

/** A kind that has accounts. */
export interface Accounts {
  /** As people call the kind. */
  readonly name: string;
  readonly tokenVariables: readonly string[];
  /** Null where its token is not set, or does not say whose it is. */
  readonly account: OpenedKind['account'];
}

export function accountsOf(environment: Environment): Promise<Accounts[]> {
  const withAccounts = targetKinds.filter(({ variables }) => variables.tokens.length > 0);
  const all = withAccounts.map(async (kind): Promise<Accounts> => {
    const tokenVariables = kind.variables.tokens.map(({ name }) => name);
    const isSet = tokenVariables.every((name) => (environment.targets[name] ?? null) !== null);
    return {
      name: kind.name,
      tokenVariables,
      account: isSet ? open(await loaded(kind), environment, nowhere).account : null,
    };
  });
  return Promise.all(all);
}
