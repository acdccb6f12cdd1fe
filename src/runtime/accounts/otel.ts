/**
 * A deploy as a trace of OpenTelemetry, in the JSON form of OTLP 1.x (https://opentelemetry.io/docs/specs/otlp/) and the
 * words of its semantic conventions for CI/CD and version control (v1.44.0). Pure.
 */
import { isStep } from '../../machine/codec.ts';
import { environmentNames, type Failure } from '../../machine/events.ts';
import { isTagged, stateFacts, topOf } from '../../machine/state-facts.ts';
import { type DeployRecord, failureOf, type RecordedStep } from './deploy-record.ts';
import { spanId, traceId } from './identity.ts';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 1: internal; 2: server. */
  readonly kind: 1 | 2;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events?: readonly {
    readonly timeUnixNano: string;
    readonly name: string;
    readonly attributes: readonly Attribute[];
  }[];
  /** 2: error. */
  readonly status?: { readonly code: 2; readonly message: string };
}

/** An `ExportTraceServiceRequest`. */
export interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: 'lockstep' };
      readonly spans: readonly Span[];
    }[];
  }[];
}

/** Null: it is not over, and a span has an end. */
export function traceOf(record: DeployRecord): TraceRequest | null {
  const last = record.steps.at(-1) ?? record.steps[0];
  if (!isOver(last)) return null;
  const spans = [runSpan(record, last), ...stateSpans(record)];
  const scope = { name: 'lockstep' } as const;
  return {
    resourceSpans: [
      { resource: { attributes: resourceOf(record) }, scopeSpans: [{ scope, spans }] },
    ],
  };
}

/** A held one is over until somebody acts; then it is told again, as a longer trace of the same id. */
const isOver = ({ to }: RecordedStep): boolean => isTagged(to, 'settled') || isTagged(to, 'paused');

function resourceOf({ deploy, request }: DeployRecord): Attribute[] {
  const { lane, branch, commit, build, settings } = request;
  const { repository } = settings;
  const isGitHub = repository?.startsWith('https://github.com/') === true;
  return attributes({
    'service.name': 'lockstep',
    'cicd.pipeline.name': lane,
    'cicd.pipeline.run.id': deploy,
    'cicd.pipeline.run.url.full': build.url,
    'vcs.repository.url.full': repository,
    'vcs.provider.name': isGitHub ? 'github' : null,
    'vcs.ref.head.name': branch,
    'vcs.ref.head.revision': commit.sha,
    'vcs.ref.head.type': 'branch',
  });
}

function runSpan(record: DeployRecord, last: RecordedStep): Span {
  const { deploy, request, steps } = record;
  const { lane } = request;
  const failure = isTagged(last.to, 'failed') ? failureOf(record) : null;
  return {
    traceId: traceId(lane, deploy),
    spanId: spanId(lane, deploy, 'run'),
    name: `RUN ${lane}`,
    kind: 2,
    startTimeUnixNano: nanos(steps[0].time),
    endTimeUnixNano: nanos(last.time),
    attributes: attributes({
      'cicd.pipeline.action.name': 'RUN',
      'cicd.pipeline.result': failure === null ? resultOf(last) : resultOfFailure(failure),
      'error.type': failure?.code ?? null,
      'deployment.id': deploy,
    }),
    events: steps.map(({ time, event, position }) => ({
      timeUnixNano: nanos(time),
      name: event.type,
      attributes: attributes({ 'lockstep.log.position': position }),
    })),
    ...statusOf(failure),
  };
}

/** Of a deploy that did not fail: by the state that it is in, whatever led there. */
function resultOf({ event, to }: RecordedStep): 'success' | 'timeout' | 'skip' {
  if (isTagged(to, 'live')) return 'success';
  return event.type === 'lock.waitTimedOut' ? 'timeout' : 'skip';
}

const resultOfFailure = ({ code }: Failure): 'failure' | 'timeout' =>
  code.includes('TIMEOUT') ? 'timeout' : 'failure';

const statusOf = (failure: Failure | null): Pick<Span, 'status'> =>
  failure === null ? {} : { status: { code: 2, message: failure.message } };

/** A span for each of the nine states that it was in, and in it one for each step that was carried out there. */
function stateSpans({ deploy, request, steps }: DeployRecord): Span[] {
  const { lane } = request;
  const ids = {
    traceId: traceId(lane, deploy),
    of: (name: string): string => spanId(lane, deploy, name),
  };
  const spans: Span[] = [];
  let state = steps[0];
  let step = steps[0];
  for (const after of steps.slice(1)) {
    if (after.to === step.to) continue;
    if (stateFacts(step.to)?.step !== null) {
      spans.push(taskSpan(deploy, ids, { state, from: step, answer: after }));
    }
    step = after;
    if (topOf(after.to) === topOf(state.to)) continue;
    spans.push(stateSpan(ids, state, after));
    state = after;
  }
  const last = steps.at(-1) ?? state;
  return last.position === state.position ? spans : [...spans, stateSpan(ids, state, last)];
}

interface Ids {
  readonly traceId: string;
  readonly of: (span: string) => string;
}

function stateSpan(ids: Ids, from: RecordedStep, until: RecordedStep): Span {
  const name = topOf(from.to);
  return {
    traceId: ids.traceId,
    spanId: ids.of(`state ${from.version}`),
    parentSpanId: ids.of('run'),
    ...{ name, kind: 1 },
    startTimeUnixNano: nanos(from.time),
    endTimeUnixNano: nanos(until.time),
    attributes: attributes({ 'lockstep.state': name }),
  };
}

function taskSpan(
  deploy: string,
  ids: Ids,
  {
    state,
    from,
    answer,
  }: {
    readonly state: RecordedStep;
    readonly from: RecordedStep;
    readonly answer: RecordedStep;
  },
): Span {
  const name = stateFacts(from.to)?.step ?? from.to;
  const environment = environmentNames.find((one) => name.toLowerCase().includes(one));
  const failure = answer.event.type === 'deploy.failed' ? answer.event.data.failure : null;
  return {
    traceId: ids.traceId,
    spanId: ids.of(`task ${from.version}`),
    parentSpanId: ids.of(`state ${state.version}`),
    ...{ name, kind: 1 },
    ...{ startTimeUnixNano: nanos(from.time), endTimeUnixNano: nanos(answer.time) },
    attributes: attributes({
      'cicd.pipeline.task.name': name,
      'cicd.pipeline.task.run.id': `${deploy}/${from.version}`,
      'cicd.pipeline.task.run.result': failure === null ? 'success' : resultOfFailure(failure),
      'cicd.pipeline.task.type': typeOf(name),
      'deployment.environment.name': environment ?? null,
      'error.type': failure?.code ?? null,
      'lockstep.state': from.to,
    }),
    ...statusOf(failure),
  };
}

/** What looks at a release is a test; what is not done for any place is neither. */
function typeOf(step: string): 'deploy' | 'test' | null {
  if (/Instances$|Health$|^bake/.test(step)) return 'test';
  return isStep(step) && /^(submit|follow|await|restore)/.test(step) ? 'deploy' : null;
}

const nanos = (iso: string): string => `${Date.parse(iso)}000000`;

function attributes(named: Readonly<Record<string, string | number | null>>): Attribute[] {
  return Object.entries(named).flatMap(([key, value]): Attribute[] => {
    if (value === null) return [];
    if (typeof value === 'number') return [{ key, value: { intValue: `${value}` } }];
    return [{ key, value: { stringValue: value } }];
  });
}
