/** What is told of a deploy that does not go on: superseded, stuck, held, disabled, failed. */
import { cut, oneLine } from '../format/text.ts';
import { productionChecks, stepsBack } from './ending.ts';
import type { Distrust, EventData } from './events.ts';
import { describeStep } from './step-words.ts';
import {
  because,
  buildName,
  type EventText,
  eventText,
  resume,
  runs,
  shortSha,
  switchState,
  takeBack,
} from './story-words.ts';
import type { GoingBack, Ordered } from './taken-back.ts';

export function superseded(data: EventData<'deploy.superseded'>): EventText {
  if (data.cause === 'newer-build') {
    const { build, commit } = data.by;
    return eventText(
      'neutral',
      `superseded: ${buildName(build, commit)} is newer and ready to run`,
      `Its deploy ${data.by.deploy} ships this commit too.`,
    );
  }
  const where = runs(data.production);
  const unverified = data.verified
    ? null
    : 'No deploy of this lane has verified what production runs: its last check failed, or somebody else released it.';
  return data.cause === 'contained'
    ? eventText(
        'neutral',
        `superseded: production already contains this commit (${where}${data.verified ? '' : ', not verified'})`,
        unverified,
      )
    : diverged(data, where);
}

function diverged(
  { stuck, production }: Extract<EventData<'deploy.superseded'>, { cause: 'diverged' }>,
  where: string,
): EventText {
  if (stuck === null) {
    return eventText(
      'neutral',
      `superseded: an old build; this commit does not follow on what production runs (${where})`,
      'To ship it all the same, a person runs pipeline advance with --override --reason.',
    );
  }
  const commit = production.commit ?? 'the commit that production runs';
  return eventText(
    'bad',
    `stuck${stuck.first ? '' : ' still'}: this commit is no old build, and does not follow on what production runs (${where}); nothing of this branch ships`,
    [
      `Production runs ${commit}, which the branch does not have: it was squashed or rewritten, or it was never merged.`,
      `To ship it with the branch: git merge ${commit} on the branch, and push. A squash does not do; git fetch origin ${commit} gets it.`,
      'To leave it behind: pipeline advance --override --reason "…" at the branch’s newest commit. Production then runs only what the branch has.',
    ].join('\n'),
  );
}

export function held({ rollback }: EventData<'production.held'>, deploy: string | null): EventText {
  if (rollback.kind === 'ordered') return heldByOrder(rollback, deploy);
  const { release, description, by, at, commit } = rollback;
  const now = commit === null ? '' : ` Production runs ${shortSha(commit)}.`;
  const text = description === '' ? '' : ` "${cut(oneLine(description), 100)}"`;
  return eventText(
    'waiting',
    `held: ${howBack(rollback)} (${release.version}${text} by ${by}, ${minuteOf(at)})`,
    `Nothing ships until a person lifts it: ${resume(deploy, ', ')}.${now}`,
  );
}

function heldByOrder({ to, at, begun, ...person }: Ordered, deploy: string | null): EventText {
  const when = at === undefined ? '' : ` (${minuteOf(at)})`;
  const order = `held: production is to be taken back to ${to.version}, as ordered by ${because(person)}${when}`;
  const byWord = `This deploy ships only once a person says so: ${resume(deploy, ', ')}`;
  return begun === undefined
    ? eventText('waiting', order, `The rollback goes first. ${byWord}.`)
    : eventText(
        'waiting',
        `${order}; that was begun, and never carried out`,
        `To carry it out: \`${takeBack(to)}\`. ${byWord}, which gives the rollback up.`,
      );
}

function howBack({ kind, before }: GoingBack): string {
  switch (kind) {
    case 'rollback':
      return 'production was rolled back';
    case 'failed-rollback':
      return 'a rollback of production failed, and was meant all the same';
    case 'older-artifact':
      return `production was taken back to an artifact that ran ${before === null ? 'earlier' : `before ${before}`}`;
    case 'behind':
      return `production was taken back to older code than ${before === null ? 'it ran before' : `${before} ran`}`;
    case 'failed-behind':
      return 'a release of older code to production failed, and was meant all the same';
    case 'unknown':
      return `production may have been taken back: how its code stands to ${before === null ? 'what ran before' : `that of ${before}`} cannot be told`;
  }
}

export function disabled(data: EventData<'production.disabled'>, deploy: string | null): EventText {
  const { switch: which, killSwitch, by, distrust } = data;
  if (distrust !== null) return distrusted(distrust, deploy);
  if (which === 'lane') {
    return eventText(
      'waiting',
      `disabled: the lane was turned off${by === null ? '' : ` by ${because(by)}`} (${killSwitch.name} is ${switchState(killSwitch)})`,
      deploy === null
        ? 'Production was not touched. pipeline enable turns the lane on, pipeline resume ships this deploy; both take --reason.'
        : `Production was not touched. To turn the lane on: pipeline enable --reason "…". To ship this deploy: ${resume(deploy)}`,
    );
  }
  return eventText(
    'waiting',
    `disabled: ${killSwitch.name} is ${switchState(killSwitch)}; production ships only while it is true`,
    `Production was not touched. Set ${killSwitch.name} to true, then run ${resume(deploy)}.`,
  );
}

function distrusted({ about, digest, changes }: Distrust, deploy: string | null): EventText {
  const what = {
    settings: 'protected settings are not those of the lane’s last live deploy',
    log: 'the log does not know what production runs',
  }[about];
  const accept = `Production was not touched. To accept this, for later deploys too: ${resume(deploy)}. Where no person does: PIPELINE_TRUST=${digest} in the job’s environment.`;
  return eventText(
    'waiting',
    `disabled: ${what}: ${changes.join('; ')}`,
    [...changes, accept].join('\n'),
  );
}

/** Longer messages go on in the detail: nothing of a failure is lost. */
const failureHeadlineMax = 300;

export function failed({ step, failure }: EventData<'deploy.failed'>): EventText {
  const { code, message } = failure;
  const line = oneLine(message);
  const shown = cut(line, failureHeadlineMax);
  const detail = [...(shown === line ? [] : [message]), ...afterFailure({ step, failure })];
  return eventText(
    'bad',
    `failed while ${describeStep(step)}: ${code}: ${shown}`,
    detail.length === 0 ? null : detail.join('\n'),
  );
}

/** What it left behind, and what can be done about it; a text each. */
export function afterFailure({ step, failure }: EventData<'deploy.failed'>): string[] {
  const left = stepsBack.has(step) ? 'The canary may still run the commit.' : null;
  const given = productionChecks.has(step)
    ? 'Production was given this commit. To take it back: pipeline rollback --reason "…"'
    : null;
  return [left, given, failure.hint].filter((text) => text !== null);
}

/** `2026-01-05 13:04 UTC`, or the text as it is where it is no time. */
function minuteOf(iso: string): string {
  const time = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?Z$/.exec(iso);
  return time === null ? iso : `${time[1]} ${time[2]} UTC`;
}
