/** Where a message leads people besides the log. Pure. */
import type { DeployRequest, EnvironmentName } from '../../machine/events.ts';

/** Where people see an environment: the site of the first endpoint that is asked there; null where none is. */
export function siteOf({ settings }: DeployRequest, environment: EnvironmentName): string | null {
  const [first] = settings[environment]?.verify.endpoints ?? [];
  if (first === undefined || !URL.canParse(first.url)) return null;
  return `${new URL(first.url).origin}/`;
}
