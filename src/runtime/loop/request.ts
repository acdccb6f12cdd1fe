/** Which deploy an `advance` is about: the one that this build and commit have already, or a new one. */
import type { DeployRequest } from '../../machine/events.ts';
import { begin, type FoldedDeploy, has, stateOf } from '../../machine/interpret.ts';
import { cutOff } from '../../redaction/cut.ts';
import { type EventLog, VersionConflict } from '../../store/log.ts';
import type { Run } from '../identity.ts';
import { chartHash, keepChart } from '../log/charts.ts';
import { newEvent } from '../log/new-event.ts';
import { recordable } from '../log/recordable.ts';
import { foldStream } from '../log/recorded.ts';
import { deployStream } from '../log/streams.ts';

/** In UTF-16 units. */
const [titleLengthMax, authorLengthMax, branchLengthMax, reasonLengthMax] = [
  1_000, 200, 300, 4_000,
];

export type NewDeploy = Omit<DeployRequest, 'deploy' | 'chart'>;

/**
 * The deploy's id, made when it is asked for. The same build and commit find the deploy that they
 * have: it goes on or is reported, never done twice. Only where the CI keeps a build's label when
 * it is run again (GitHub) does another attempt after a failure begin a new deploy.
 */
export async function requestDeploy(
  log: EventLog,
  asked: NewDeploy,
  run: Run,
): Promise<{ readonly deploy: string; readonly isNew: boolean }> {
  const wanted = bounded(asked);
  for (;;) {
    const { deploy, folded } = await deployOf(log, wanted);
    if (folded !== null) return { deploy, isNew: false };
    if (await writeRequest(log, { ...wanted, deploy, chart: chartHash }, run)) {
      return { deploy, isNew: true };
    }
  }
}

/** The id of the deploy that is asked for, and what the log has of it; null: nothing, it is a new one. Writes nothing. */
export async function deployOf(
  log: EventLog,
  { build, commit, lane }: Pick<NewDeploy, 'build' | 'commit' | 'lane'>,
): Promise<{ readonly deploy: string; readonly folded: FoldedDeploy | null }> {
  const name = `${build.label}-${commit.sha.slice(0, 8)}`;
  for (let attempt = 1; ; attempt++) {
    const deploy = attempt === 1 ? name : `${name}.${attempt}`;
    const folded = await foldStream(log, deploy);
    if (folded === null) return { deploy, folded };
    const { request } = folded.snapshot.context;
    const another = request.lane !== lane || request.commit.sha !== commit.sha;
    const tryAgain = request.build.attempt < build.attempt && has(folded, 'failed');
    if (!another && !tryAgain) return { deploy, folded };
  }
}

/** Names and titles as long as such are; what is longer is cut, with a mark. */
function bounded(wanted: NewDeploy): NewDeploy {
  const { commit, branch, override, manual } = wanted;
  return {
    ...wanted,
    branch: cutOff(branch, branchLengthMax),
    commit: {
      ...commit,
      title: cutOff(commit.title, titleLengthMax),
      author: cutOff(commit.author, authorLengthMax),
    },
    ...(manual === undefined
      ? {}
      : { manual: { ...manual, reason: cutOff(manual.reason, reasonLengthMax) } }),
    override:
      override === null ? null : { ...override, reason: cutOff(override.reason, reasonLengthMax) },
  };
}

/** False: another run wrote it first. */
async function writeRequest(log: EventLog, request: DeployRequest, run: Run): Promise<boolean> {
  const to = stateOf(begin(request, 0));
  const transition = { from: null, to, settled: false, reason: null };
  // A stream that begins with what nobody can read would be in the way of its build for ever.
  const requested = recordable({ type: 'deploy.requested', data: request });
  const event = newEvent(requested, run, { transition, chart: chartHash });
  await keepChart(log, run);
  try {
    await log.append([{ stream: deployStream(request.deploy), expected: 'none', events: [event] }]);
    return true;
  } catch (error) {
    if (error instanceof VersionConflict) return false;
    throw error;
  }
}
