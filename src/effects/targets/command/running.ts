/** Whether a release is what runs: waited for, and looked at again. */
import { LockstepError } from '../../../errors/error.ts';
import type { Artifact, Release } from '../../../machine/events.ts';
import type { ServiceInput, ServiceOutput } from '../../../machine/services.ts';
import { pollUntil } from '../../polling.ts';
import type { Ports } from '../../ports.ts';
import { isSameArtifact } from '../target.ts';
import { releaseFailed, releaseLate, releaseNotCurrent } from './errors.ts';
import type { Host } from './host.ts';
import type { ReleaseLine } from './protocol.ts';
import { artifactOf, type ReleaseList, releaseOf } from './releases.ts';

const pollPauseMaxMs = 5_000;

/** @throws LockstepError E_RELEASE_COMMIT, E_RELEASE_ARTIFACT, E_RELEASE_FAILED, E_RELEASE_NOT_CURRENT, E_RELEASE_TIMEOUT */
export async function awaitRelease(
  host: Host,
  { release: id, commit, artifact, timeoutMs }: Omit<ServiceInput<'awaitRelease'>, 'target'>,
  ports: Ports,
): Promise<ServiceOutput<'awaitRelease'>> {
  if (!host.canList) {
    return { kind: 'deployed', release: { id, version: id }, artifact: { ...artifact, commit } };
  }
  const runs = await pollUntil(ports, { timeoutMs, pauseMaxMs: pollPauseMaxMs }, async () => {
    const found = (await host.list(ports)).find(id);
    if (found === null || found.state === 'pending') return undefined;
    return found;
  });
  if (runs === undefined) throw releaseLate(host, `release ${id}`, timeoutMs);
  mustBeOf(host, runs, commit, artifact);
  if (runs.state === 'failed') throw releaseFailed(host, runs);
  if (runs.state === 'earlier') {
    throw releaseNotCurrent(host, releaseOf(runs), 'another release came after it');
  }
  return {
    kind: 'deployed',
    release: releaseOf(runs),
    artifact: { ...artifactOf(runs), commit },
  };
}

function mustBeOf(host: Host, line: ReleaseLine, commit: string, artifact: Artifact): void {
  const of = artifactOf(line);
  const details = { target: host.name, release: line.id, commit: line.commit };
  if (of.commit !== commit) {
    throw new LockstepError(
      'E_RELEASE_COMMIT',
      `${host.name}: release ${line.id} is of ${line.commit === null ? 'a commit that nothing tells' : `commit ${line.commit}`}, not of ${commit}`,
      { hint: `It was made by ${line.by}.`, details },
    );
  }
  // Also by its name: it is what the next environment will be given.
  if (isSameArtifact(of, artifact) && of.id === artifact.id) return;
  throw new LockstepError(
    'E_RELEASE_ARTIFACT',
    `${host.name}: release ${line.id} is of ${of.kind} ${of.id}, not of ${artifact.kind} ${artifact.id}`,
    { hint: `It was made by ${line.by}.`, details },
  );
}

/**
 * One more look. A later release of the same artifact changes no code, unless it goes back to it.
 *
 * @throws LockstepError E_RELEASE_NOT_CURRENT
 * @throws CommandError E_PROGRAM_ANSWER the release is of another artifact by now
 */
export async function mustStillRun(
  host: Host,
  { release, artifact }: { readonly release: Release; readonly artifact: Artifact },
  ports: Ports,
): Promise<void> {
  if (!host.canList) return;
  const list = await host.list(ports);
  const { running } = list;
  const ours = list.find(release.id);
  // A release keeps its artifact: of two answers that differ in that, one is wrong.
  if (ours !== null && !isSameArtifact(artifactOf(ours), artifact)) {
    const { kind, id } = artifactOf(ours);
    throw host.wrong(
      'current',
      `release ${release.id} is of ${kind} ${id}, and was of ${artifact.kind} ${artifact.id} before`,
    );
  }
  if (running === null) throw releaseNotCurrent(host, release, 'nothing runs there');
  const changed = [running, ...pendingOf(list)].find((one) =>
    decidesOtherwise(one, release, artifact),
  );
  if (changed === undefined) return;
  const how = changed === running ? 'runs now' : 'is under way';
  throw releaseNotCurrent(host, release, `${changed.id}, by ${changed.by}, ${how}`);
}

export const pendingOf = ({ releases }: ReleaseList): readonly ReleaseLine[] =>
  releases.filter(({ state }) => state === 'pending');

function decidesOtherwise(line: ReleaseLine, { id }: Release, artifact: Artifact): boolean {
  if (line.id === id) return false;
  return line.rollback || !isSameArtifact(artifactOf(line), artifact);
}
