/**
 * Whether what a step answered in the record is what it would answer on another chart, or by other settings. What cannot be
 * shown from the record is not known, and the reason is told. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { formatDuration } from '../../format/duration.ts';
import { steps as chartSteps, type Step } from '../../machine/codec.ts';
import { type EnvironmentName, environmentNames } from '../../machine/events.ts';
import { describeStep } from '../../machine/step-words.ts';
import type { DeployRecord, Entry } from './whatif-record.ts';

export interface Asked {
  readonly step: Step;
  readonly input: unknown;
  /** The steps of this time in the lane that have answered so far, in their order. */
  readonly answered: readonly Step[];
}

/** What moved in the lane: the global positions of orders that the gates go by (a lift, a switch, what was accepted). */
export type LaneMoves = readonly number[];

/** Null: it applies; else why that is not known. */
export function doubt(
  asked: Asked,
  answer: Entry,
  record: DeployRecord,
  moves: LaneMoves,
): string | null {
  const changed = otherInput(asked, answer);
  if (changed !== null) return changed;
  if (isSameSet(asked.answered, answer.before)) return null;
  const { step } = asked;
  const what = describeStep(step);
  const service = chartSteps[step].service;
  if (service === 'readGates') return otherTime(answer, record, moves);
  const environment = environmentOf(step);
  const hasGates = service === 'submit' && environment !== 'staging';
  if (environment === null || hasGates || service === 'restore') {
    return `${what} was asked at another place in the record, and what production was then is not known`;
  }
  const ofIt = (all: readonly Step[]) => all.filter((one) => environmentOf(one) === environment);
  return isDeepStrictEqual(ofIt(asked.answered), ofIt(answer.before))
    ? null
    : `${what} was asked after other steps of ${environment} in the record`;
}

function isSameSet(a: readonly Step[], b: readonly Step[]): boolean {
  return isDeepStrictEqual(a.toSorted(), b.toSorted());
}

/** Staging for `followStaging`; null for a step of the whole deploy. */
function environmentOf(step: Step): EnvironmentName | null {
  return environmentNames.find((name) => step.toLowerCase().includes(name)) ?? null;
}

/**
 * The gates are read at another time than in the record: between the look at production when the lane was taken and the
 * recorded reading, later than the one and sooner than the other. What is the same at both was so in between.
 */
function otherTime(answer: Entry, { entries }: DeployRecord, moves: LaneMoves): string | null {
  const seen = entries.find(
    ({ epoch, event }) => epoch === answer.epoch && event.type === 'deploy.observed',
  );
  if (seen?.event.type !== 'deploy.observed' || seen.version > answer.version) {
    return 'what production ran when the gates would be read is not in the record';
  }
  const { production, order } = seen.event.data;
  const { event } = answer;
  if (order === 'waived') return 'nothing told what production ran when the gates would be read';
  if (event.type === 'production.held') {
    const { rollback } = event.data;
    if (rollback.kind === 'ordered') {
      // A rollback is begun only by who has the lane: one whose run lost it was begun before.
      const wasBegun = rollback.begun === true && production.version === rollback.from.version;
      return wasBegun ? null : 'a person ordered a rollback after the lane was taken';
    }
    const { release, kind } = rollback;
    // Lifted is never undone: what nobody had lifted by then nobody had lifted before.
    const wasThere = !kind.startsWith('failed') && production.version === release.version;
    return wasThere
      ? null
      : `production was taken back (${release.version}) after the lane was taken`;
  }
  if (event.type !== 'gates.passed') {
    return `the gates answered otherwise (${event.type}) at another time, and what production ran then is not in the record`;
  }
  if (!isDeepStrictEqual(event.data.production, production)) {
    return 'production changed between the lane being taken and the gates being read';
  }
  if (seen.runs !== answer.runs)
    return 'another run, which may have another switch, read the gates';
  return moves.some((at) => at > seen.position && at < answer.position)
    ? 'somebody changed the lane between its being taken and the gates being read'
    : null;
}

/** What the step would be asked with is not what it was asked with. Null: it is, or what differs cannot change the answer. */
function otherInput({ step, input }: Asked, answer: Entry): string | null {
  const [now, then] = [input ?? {}, answer.input ?? {}] as [Fields, Fields];
  for (const name of Object.keys({ ...now, ...then })) {
    if (isDeepStrictEqual(now[name], then[name])) continue;
    const why = mattersNot(name, now[name], then[name], answer);
    if (why !== null) return `${describeStep(step)}: ${why}`;
  }
  return null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Null: the answer holds; else why that is not known. */
function mattersNot(name: string, now: unknown, then: unknown, answer: Entry): string | null {
  const { event, askedMs, atMs } = answer;
  const isGood = event.type !== 'deploy.failed';
  const data = event.data as Fields;
  switch (name) {
    case 'timeoutMs':
      return isGood && atMs - askedMs < Number(now)
        ? null
        : `within ${formatDuration(Number(now))} it may end otherwise; it took ${formatDuration(atMs - askedMs)}`;
    case 'settleMs':
      return isGood && Number(data.steadyMs ?? 0) >= Number(now)
        ? null
        : `whether it would have stayed up for ${formatDuration(Number(now))} is not known`;
    case 'bakeMs':
      // A check says how long the bake to come is; the bake itself, for how long it held.
      if (event.type.endsWith('.verified')) return null;
      return isGood && Number(data.bakedMs ?? 0) >= Number(now)
        ? null
        : `whether the checks would have held for ${formatDuration(Number(now))} is not known`;
    case 'endpoints':
      return isGood && (now as unknown[]).every((one) => isIn(one, then as unknown[]))
        ? null
        : 'an endpoint that was not asked so';
    case 'gates':
    case 'settings':
      return name === 'settings' ? null : gatesDiffer(now, then);
    default:
      return `it would be asked with another ${name}`;
  }
}

const isIn = (one: unknown, all: readonly unknown[]): boolean =>
  all.some((other) => isDeepStrictEqual(one, other));

/** The rules that a deploy goes by are taken to have been accepted: what is asked is what they lead to. */
function gatesDiffer(now: unknown, then: unknown): string | null {
  const without = (gates: unknown) =>
    gates === null || typeof gates !== 'object' ? gates : { ...gates, settings: null };
  return isDeepStrictEqual(without(now), without(then))
    ? null
    : 'it would be asked with other gates';
}
