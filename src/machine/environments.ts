/** The environments of a deploy, as its settings have them. Pure. */
import {
  type DeployRequest,
  type Environment,
  type EnvironmentName,
  environmentNames,
  type Settings,
} from './events.ts';

/** Staging, or the canary in its place: what is verified there is what production is given. */
export const firstOf = ({ staging }: Pick<Settings, 'staging'>): 'staging' | 'canary' =>
  staging === null ? 'canary' : 'staging';

/** Those that there are, in the order in which a commit comes to them. */
export function environmentsOf<E = Environment>(
  settings: Readonly<Record<EnvironmentName, E | null>>,
): { readonly name: EnvironmentName; readonly environment: E }[] {
  return environmentNames.flatMap((name) => {
    const environment = settings[name];
    return environment === null ? [] : [{ name, environment }];
  });
}

/** Where people see an environment: the site of the first endpoint that is asked there; null where none is. */
export function siteOf(
  { settings }: Pick<DeployRequest, 'settings'>,
  environment: EnvironmentName,
): string | null {
  const [first] = settings[environment]?.verify.endpoints ?? [];
  if (first === undefined || !URL.canParse(first.url)) return null;
  return `${new URL(first.url).origin}/`;
}
