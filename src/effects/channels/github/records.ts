/** Which artifact runs where, as GitHub's artifact metadata takes it. Pure. */
import type { Artifact, EnvironmentName, Release } from '../../../machine/events.ts';
import type { DeployEvents } from '../channel.ts';
import type { DeploymentRecord } from './api.ts';

/** GitHub takes this one digest (REST API, Artifact metadata). */
const sha256 = /^sha256:[0-9a-f]{64}$/;
const versionMax = 100;

/** Null where the environment's target tells no such digest. @param name of the environment on GitHub */
export function recordOf(
  history: DeployEvents,
  environment: EnvironmentName,
  name: string,
): DeploymentRecord | null {
  const deployed = history.findLast(({ type }) => type === `${environment}.deployed`)?.data as
    | { readonly artifact: Artifact; readonly release: Release }
    | undefined;
  const digest = deployed?.artifact.digest?.toLowerCase() ?? '';
  if (deployed === undefined || !sha256.test(digest)) return null;
  const { lane } = history[0].data;
  const version = deployed.release.version.slice(0, versionMax);
  return { name: lane, digest, version, environment: name, deployment: lane };
}
