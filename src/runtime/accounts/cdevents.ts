/**
 * Events of the log in the words of CDEvents 0.5.1 (https://cdevents.dev), each in an envelope of CloudEvents 1.0 in its
 * structured JSON form. What the standard has no word for is one of its custom events. Pure.
 */
import { schemaNumbers } from '../../machine/event-schemas.ts';
import { type Artifact, type DeployRequest, environmentNames } from '../../machine/events.ts';
import type { LaneEvent } from '../../machine/lane.ts';
import { isTagged, topOf } from '../../machine/state-facts.ts';
import { takenBackBy } from '../../machine/taken-back.ts';
import type { Told } from '../audit/explain-facts.ts';
import { type DeployRecord, failureOf, lastOf, type RecordedStep } from './deploy-record.ts';
import { chainId } from './identity.ts';

export interface CloudEvent {
  readonly specversion: '1.0';
  /** Unique by its source: the place in the log, and a number where one event of the log is several of these. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: object;
}

interface Words {
  readonly type: string;
  readonly subject: { readonly id: string; readonly source?: string; readonly content: object };
}

/** Where in the log an event stands; it goes with each as its own data. */
interface Place {
  readonly position: number;
  readonly time: string;
  readonly type: string;
}

const standard = (name: string): string => `dev.cdevents.${name}.0.3.0`;
const sourceOf = (lane: string): string => `/lockstep/lanes/${encodeURIComponent(lane)}`;

/** What a deploy's event is in those words: one or more, always the same. `at` is one of the record's. */
export function deployCdevents(record: DeployRecord, at: RecordedStep): CloudEvent[] {
  const { deploy, request } = record;
  const { event, position, time } = at;
  const custom = customWords(event, deploy);
  const words = [...standardWords(record, at), custom];
  return words.map((one, i) =>
    envelope({ position, time, type: event.type }, i, request.lane, one, {
      chainId: chainId(request.lane, deploy),
      deploy,
    }),
  );
}

/** The same of a lane's own event. */
export function laneCdevents(
  lane: string,
  { event, position, time }: Told<LaneEvent>,
): CloudEvent[] {
  const words: Words[] = [customWords(event, lane)];
  const back = takenBackBy(event);
  if (back !== null) {
    const { target, commit, to } = back;
    const id = target.split(' ').at(-1) ?? target;
    const artifactId = `pkg:generic/${encodeURIComponent(lane)}@${commit ?? encodeURIComponent(to.version)}`;
    words.unshift({
      type: standard('service.rolledback'),
      subject: { id, content: { environment: { id: 'production' }, artifactId } },
    });
  }
  return words.map((one, i) => envelope({ position, time, type: event.type }, i, lane, one, {}));
}

function envelope(
  { position, time, type }: Place,
  number: number,
  lane: string,
  { type: word, subject }: Words,
  more: { readonly chainId?: string; readonly deploy?: string },
): CloudEvent {
  const { chainId: chain, deploy } = more;
  const id = number === 0 ? `${position}` : `${position}.${number + 1}`;
  const source = sourceOf(lane);
  const context = { specversion: '0.5.1', id, source, type: word, timestamp: time };
  return {
    ...{ specversion: '1.0', id, source, type: word, subject: subject.id, time },
    datacontenttype: 'application/json',
    data: {
      context: chain === undefined ? context : { ...context, chainId: chain },
      subject,
      customData: {
        lockstep: { position, type, lane, ...(deploy === undefined ? {} : { deploy }) },
      },
    },
  };
}

/** With the log's own words, and its data as it is. */
function customWords({ type, data }: { type: string; data: object }, id: string): Words {
  const schema = schemaNumbers.get(type) ?? 1;
  return {
    type: `dev.cdeventsx.lockstep-${type}.0.${schema}.0`,
    subject: { id, content: data },
  };
}

function standardWords(record: DeployRecord, at: RecordedStep): Words[] {
  const { deploy, request, steps } = record;
  const { event } = at;
  const run = (predicate: string, more: object = {}): Words => ({
    type: standard(`pipelinerun.${predicate}`),
    subject: {
      id: deploy,
      content: { pipelineName: request.lane, uri: runUri(request), ...more },
    },
  });
  const end = endAt(record, at);
  const finished = end === null ? [] : [run('finished', end)];
  switch (event.type) {
    case 'deploy.requested':
      return [run('queued')];
    case 'lock.acquired': {
      const first = steps.find((step) => step.event.type === 'lock.acquired');
      return first?.position === at.position ? [run('started')] : finished;
    }
    case 'staging.deployed':
    case 'canary.deployed':
    case 'production.deployed':
      return [deployed(record, event.type, event.data.artifact), ...finished];
    default:
      return finished;
  }
}

/** With what the deploy is over by that event; null: it is not, or was over before. One that is held may go on. */
function endAt(record: DeployRecord, at: RecordedStep): object | null {
  const { steps } = record;
  const place = steps.findIndex(({ position }) => position === at.position);
  const outcome = outcomeOf(at.to);
  if (outcome === null || outcomeOf(steps[place - 1]?.to ?? '') === outcome) return null;
  const why = outcome === 'failure' ? failureOf(record) : null;
  return why === null ? { outcome } : { outcome, errors: `${why.code}: ${why.message}` };
}

/** By the state, whatever led there: a check that failed, or a canary that was taken back, or could not be. */
function outcomeOf(state: string): 'success' | 'failure' | 'cancel' | null {
  if (isTagged(state, 'live')) return 'success';
  const top = topOf(state);
  return top === 'failed' ? 'failure' : top === 'superseded' ? 'cancel' : null;
}

function deployed(record: DeployRecord, type: string, artifact: Artifact): Words {
  const { request } = record;
  const name = environmentNames.find((one) => type.startsWith(`${one}.`)) ?? 'production';
  const target = request.settings[name]?.target;
  const order = lastOf(record, 'deploy.observed')?.event.data.order;
  // What ran before is known of production alone.
  const isUpgrade = name === 'production' && (order === 'ahead' || order === 'overridden');
  return {
    type: standard(isUpgrade ? 'service.upgraded' : 'service.deployed'),
    subject: {
      id: target?.name ?? request.lane,
      content: { environment: { id: name }, artifactId: packageUrl(request, artifact) },
    },
  };
}

/** A package URL (https://github.com/package-url/purl-spec): of the commit at GitHub where the repository is there. */
function packageUrl({ lane, settings, commit }: DeployRequest, { digest }: Artifact): string {
  const [, owner, name] =
    /^https:\/\/github\.com\/([^/]+)\/([^/]+?)(?:\.git)?\/?$/.exec(settings.repository ?? '') ?? [];
  if (owner !== undefined && name !== undefined) {
    return `pkg:github/${encodeURIComponent(owner.toLowerCase())}/${encodeURIComponent(name.toLowerCase())}@${commit.sha}`;
  }
  const checksum = digest === null ? '' : `?checksum=${encodeURIComponent(digest)}`;
  return `pkg:generic/${encodeURIComponent(lane)}@${commit.sha}${checksum}`;
}

/** The CI's run where it has an address. */
function runUri({ build, deploy }: DeployRequest): string {
  const url = build.url === null ? null : URL.parse(build.url);
  // As the URL standard writes it: nothing in it is left unencoded.
  if (url !== null) return url.href;
  return `urn:lockstep:deploy:${encodeURIComponent(deploy)}`;
}
