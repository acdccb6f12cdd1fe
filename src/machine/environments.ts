/** The environments of a deploy, as its settings have them. Pure. */
import {
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
