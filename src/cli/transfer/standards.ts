/** The log in the words of standards, for other programs: events of CDEvents, traces of OpenTelemetry. It only reads. */
import { redact, redactAll } from '../../redaction/gate.ts';
import { type CloudEvent, deployCdevents, laneCdevents } from '../../runtime/accounts/cdevents.ts';
import {
  type DeployRecord,
  deploysAsked,
  readDeployRecord,
} from '../../runtime/accounts/deploy-record.ts';
import { type TraceRequest, traceOf } from '../../runtime/accounts/otel.ts';
import { laneEvent } from '../../runtime/log/recorded.ts';
import { deployStream, laneStream } from '../../runtime/log/streams.ts';
import type { EventLog, LogFault, RecordedEvent } from '../../store/log.ts';
import { type Range, selected, type Whose } from './selection.ts';

/** In the log's order; of streams that are neither a deploy's nor a lane's nothing is told. @throws LogFault */
export async function* cdevents(
  log: EventLog,
  whose: Whose,
  range: Range,
): AsyncGenerator<CloudEvent> {
  const faults = new Map<number, LogFault>();
  const known = new Map<string, DeployRecord>();
  for await (const page of selected(log, whose, range, faults)) {
    for (const event of page) {
      const fault = faults.get(event.position);
      if (fault !== undefined) throw fault;
      for (const one of await wordsOf(log, event, known)) yield redactAll(one);
    }
  }
}

const [deploys, lanes] = [deployStream(''), laneStream('')];

/** The gate comes before words are encoded: in what is, it might not see a secret any more. */
async function cleanRecord(log: EventLog, deploy: string): Promise<DeployRecord | null> {
  return redactAll(await readDeployRecord(log, deploy));
}

async function wordsOf(
  log: EventLog,
  event: RecordedEvent,
  known: Map<string, DeployRecord>,
): Promise<CloudEvent[]> {
  const { stream, position, time } = event;
  if (stream.startsWith(lanes)) {
    const told = redactAll({ event: laneEvent(event), position, time });
    return laneCdevents(redact(stream.slice(lanes.length)), told);
  }
  if (!stream.startsWith(deploys)) return [];
  const deploy = stream.slice(deploys.length);
  let record = known.get(deploy);
  // It may have grown since it was read.
  if (record === undefined || (record.steps.at(-1)?.position ?? 0) < position) {
    record = (await cleanRecord(log, deploy)) ?? undefined;
  }
  const step = record?.steps.find((one) => one.position === position);
  if (record === undefined || step === undefined) return [];
  if (record.steps.at(-1) === step) known.delete(deploy);
  else known.set(deploy, record);
  return deployCdevents(record, step);
}

export interface Traced {
  readonly deploy: string;
  /** Null: it is not over. */
  readonly trace: TraceRequest | null;
}

/** Of each deploy, in the order in which they were asked for. @throws LogFault */
export async function* traces(
  log: EventLog,
  { deploy, lane }: Whose,
  range: Range,
): AsyncGenerator<Traced> {
  const asked = deploy === null ? await deploysAsked(log, { lane, ...range }) : [deploy];
  for (const one of asked) {
    const record = await cleanRecord(log, one);
    if (record !== null) yield redactAll({ deploy: one, trace: traceOf(record) });
  }
}
