/**
 * Whether a log is what was recorded: hashes and order, heads that were kept elsewhere or signed, every transition as the
 * chart makes it again, and the table of deploys. One pass in the order of positions; what is kept meanwhile grows with
 * the streams, not with the events.
 */
import type { KeyObject } from 'node:crypto';
import type { LightDeploy } from '../../machine/light-chart.ts';
import { Chain } from '../../store/hash-chain.ts';
import { type FullBlocks, headMark } from '../../store/head-chain.ts';
import { LogFault, type LogHead, type RecordedEvent } from '../../store/log.ts';
import { toRecorded, whatNoLogRecords } from '../../store/stored-event.ts';
import type { EventRow } from '../../store/tables.ts';
import { type KeptChart, keptChart } from '../log/charts.ts';
import { UnreadableLog } from '../log/recorded.ts';
import { chartStream, deployStream, laneStream } from '../log/streams.ts';
import { type DeploysTable, rowAfter } from './deploys-table.ts';
import { headText, isSignedBy, keyName, signedHead } from './head.ts';
import { type LaneMarksTable, marksOf } from './lane-marks.ts';
import { byTable, notBegun, type RanOn, type Rederived, rederive } from './rederive.ts';
import { LaneVerifier } from './verify-lanes.ts';

export type FindingKind =
  /** Its hash, its place or its time does not follow from the events before. */
  | 'chain'
  /** It says something that this version cannot read. */
  | 'event'
  /** It led elsewhere than the chart leads. */
  | 'transition'
  /** A chart that the log keeps is not the one that its name says. */
  | 'chart'
  /** A lane was written down as another one than the events before make. */
  | 'snapshot'
  /** The log up to there is not the one that a head was taken of. */
  | 'head'
  | 'signature'
  /** A table that is made of events is not what they say. */
  | 'table'
  /** The database's own files. */
  | 'files';

export interface Finding {
  readonly kind: FindingKind;
  /** Where it was seen; 0 where it is of no event. */
  readonly position: number;
  readonly stream: string;
  readonly reason: string;
}

export interface PinnedResult extends LogHead {
  readonly isRight: boolean;
}

export interface JudgedBy {
  /** The SHA-256 of its definition; null: no event says which. */
  readonly chart: string | null;
  /** The `present` one is this program's own; an `earlier` one is believed as the log keeps it; nobody has an `unknown` one. */
  readonly ranOn: RanOn;
  readonly deploys: number;
  /** The position of the event that keeps it; null: the log does not keep it, or it is this program's. */
  readonly keptAt: number | null;
}

export interface Audit {
  readonly events: number;
  readonly streams: number;
  readonly deploys: number;
  readonly head: LogHead;
  /** The first hundred of each kind, as they were met. */
  readonly findings: readonly Finding[];
  readonly found: number;
  readonly pinned: readonly PinnedResult[];
  /** By which charts deploys were judged, as they were met. A deploy that ran on several counts with each. */
  readonly charts: readonly JudgedBy[];
  readonly signed: {
    readonly heads: number;
    /** Up to which position the log is what a head that was signed with a given key says; 0: up to none. */
    readonly upTo: number;
    /** Whether signatures were checked: a key was given. */
    readonly areChecked: boolean;
  };
}

export interface VerifyOptions {
  /** Heads that were kept elsewhere. */
  readonly pinned?: readonly LogHead[];
  /** Public keys; heads in the log have to be signed with one of them. None: signatures are not checked. */
  readonly keys?: readonly KeyObject[];
}

const findingsMax = 100;
/** A signed head is compared at most so many events after its own: those have to be kept, and taken back, for it. */
const waitMax = 8_192;

/** A deploy as far as it was folded; `over`: nothing may follow; `faulty`: what follows is not derived any more. */
type Folded = Rederived<LightDeploy> | 'over' | 'faulty';

export class LogVerifier {
  readonly #chain = new Chain();
  readonly #deploys = new Map<string, Folded>();
  readonly #rows = new Map<string, DeploysTable>();
  readonly #lanes = new LaneVerifier();
  readonly #marks = new Map<string, LaneMarksTable>();
  readonly #charts = new Map<string, KeptChart & { readonly position: number }>();
  readonly #judged = new Map<string, { ranOn: RanOn; deploys: number }>();
  /** On which chart the last event of each deploy that is not over ran. */
  readonly #ranOn = new Map<string, string>();
  readonly #findings: Finding[] = [];
  #found = 0;
  readonly #ofKind = new Map<FindingKind, number>();
  readonly #pinned: LogHead[];
  readonly #results: PinnedResult[] = [];
  readonly #keys: ReadonlyMap<string, KeyObject>;
  #kept: FullBlocks | null = null;
  #events = 0;
  #last = 0;
  #signed = 0;
  #upTo = 0;
  /** The newest signed head that was not compared yet, and where the one before it was compared. */
  #waiting: LogHead | null = null;
  #comparedAt = 0;
  #isHeadWrong = false;

  constructor({ pinned = [], keys = [] }: VerifyOptions = {}) {
    this.#pinned = pinned.toSorted((a, b) => a.position - b.position);
    this.#keys = new Map(keys.map((key) => [keyName(key), key]));
    this.#comparePinned(0);
  }

  /** What the log keeps to compute its next head from, as it was before the first event was taken in. */
  expect(kept: FullBlocks | null): void {
    this.#kept = kept;
  }

  /** The next event as it is stored. */
  take(row: EventRow): void {
    this.#comparePinned(row.position - 1);
    const flaw = this.#chain.add(row);
    this.#events++;
    this.#last = row.position;
    const wrong = flaw?.reason ?? whatNoLogRecords(row);
    if (wrong !== null) this.#fault(row, wrong);
    // A damaged page of a file may give rows of nothing, whose streams have no name.
    const event = row.stream === null ? null : this.#recorded(row);
    if (event !== null) this.#takeEvent(event, wrong !== null);
    this.#comparePinned(row.position);
    this.#compareKept(row.position);
    if (row.position - (this.#waiting?.position ?? row.position) > waitMax) this.#compareSigned();
  }

  /** What is wrong that no event shows. */
  add(finding: Finding): void {
    this.#found++;
    const before = this.#ofKind.get(finding.kind) ?? 0;
    this.#ofKind.set(finding.kind, before + 1);
    if (before < findingsMax) this.#findings.push(finding);
  }

  /** What stands in the index of lanes as their events make it, by `markName`. */
  get marks(): ReadonlyMap<string, LaneMarksTable> {
    return this.#marks;
  }

  /** Each deploy's row as its events make it. */
  get rows(): ReadonlyMap<string, DeploysTable> {
    return this.#rows;
  }

  finish(): Audit {
    this.#compareSigned();
    this.#compareKept(Number.POSITIVE_INFINITY);
    for (const { position, digest } of this.#pinned.splice(0)) {
      this.#results.push({ position, digest, isRight: false });
      const reason = `the log ends at ${this.#last}, and the head was of ${position}: events were cut off`;
      this.add({ kind: 'head', position: this.#last, stream: '', reason });
    }
    if (this.#keys.size > 0 && this.#upTo === 0) {
      const reason = 'the log has no head that was signed with a given key and is right';
      this.add({ kind: 'signature', position: 0, stream: '', reason });
    }
    return {
      events: this.#events,
      streams: this.#chain.streams,
      deploys: this.#deploys.size,
      head: { digest: this.#chain.digest(), position: this.#last },
      findings: this.#findings,
      found: this.#found,
      pinned: this.#results,
      charts: [...this.#judged].map(([chart, { ranOn, deploys }]) => ({
        ...{ chart: chart === '' ? null : chart, ranOn, deploys },
        keptAt: ranOn === 'present' ? null : (this.#charts.get(chart)?.position ?? null),
      })),
      signed: { heads: this.#signed, upTo: this.#upTo, areChecked: this.#keys.size > 0 },
    };
  }

  #fault({ position, stream }: Pick<EventRow, 'position' | 'stream'>, reason: string): void {
    this.add({ kind: 'chain', position, stream: stream ?? '', reason });
  }

  #recorded(row: EventRow): RecordedEvent | null {
    try {
      return toRecorded(row);
    } catch (error) {
      if (!(error instanceof LogFault)) throw error;
      this.#fault(row, error.reason);
      if (row.stream.startsWith(deployStream(''))) this.#deploys.set(row.stream, 'faulty');
      return null;
    }
  }

  #takeEvent(event: RecordedEvent, isWrong: boolean): void {
    const { stream, position } = event;
    if (stream.startsWith(deployStream(''))) {
      const before = this.#rows.get(stream);
      const row = rowAfter(before, event);
      if (row !== null && row !== before) this.#rows.set(stream, row);
      this.#derive(event, isWrong);
      return;
    }
    if (stream.startsWith(laneStream(''))) {
      for (const mark of marksOf(event)) this.#marks.set(markName(mark), mark);
      const finding = this.#lanes.take(event, isWrong);
      if (finding !== null) this.add({ ...finding, position, stream });
    }
    if (stream.startsWith(chartStream(''))) this.#takeChart(event, isWrong);
    this.#takeHead(event);
  }

  /** What is recorded on it comes behind it. */
  #takeChart(event: RecordedEvent, isWrong: boolean): void {
    const { stream, position } = event;
    const kept = keptChart(event);
    if (typeof kept !== 'string') {
      this.#charts.set(stream.slice(chartStream('').length), { ...kept, position });
    } else if (!isWrong) this.add({ kind: 'chart', position, stream, reason: kept });
  }

  #derive(event: RecordedEvent, isWrong: boolean): void {
    const { stream, position } = event;
    const before = this.#deploys.get(stream) ?? notBegun;
    // One wrong event is one finding: what follows from it in its stream is none.
    if (isWrong || before === 'faulty') {
      this.#deploys.set(stream, 'faulty');
      return;
    }
    const after = this.#rederived(before, event);
    this.#deploys.set(stream, after);
    if (after === 'faulty' && before === 'over') {
      const reason = 'the deploy was over before it';
      this.add({ kind: 'transition', position, stream, reason });
    }
  }

  #rederived(before: Rederived<LightDeploy> | 'over', event: RecordedEvent): Folded {
    if (before === 'over') return 'faulty';
    const { stream, position } = event;
    try {
      const { folded, told, settled, held, ranOn, disagreement } = rederive(
        before,
        event,
        byTable,
        this.#charts,
      );
      this.#count(event, ranOn);
      if (disagreement !== null) {
        const { recorded, recomputed } = disagreement;
        const reason = `recorded: ${recorded}; the chart: ${recomputed}`;
        this.add({ kind: 'transition', position, stream, reason });
        return 'faulty';
      }
      // Whatever is kept of a deploy that is over would be kept for all of them.
      if (!settled || held) return { folded, told };
      this.#ranOn.delete(stream);
      return 'over';
    } catch (error) {
      if (!(error instanceof UnreadableLog)) throw error;
      this.add({ kind: 'event', position, stream, reason: error.message });
      return 'faulty';
    }
  }

  #count({ stream, metadata }: RecordedEvent, ranOn: RanOn): void {
    const chart = typeof metadata.chart === 'string' ? metadata.chart : '';
    if (this.#ranOn.get(stream) === chart) return;
    this.#ranOn.set(stream, chart);
    const before = this.#judged.get(chart)?.deploys ?? 0;
    this.#judged.set(chart, { ranOn, deploys: before + 1 });
  }

  /** From wrong blocks the log's next head would be computed wrong, although its events are right. */
  #compareKept(position: number): void {
    if (this.#kept === null || this.#kept.position > position) return;
    const kept = this.#kept;
    this.#kept = null;
    if (this.#chain.digest() === headMark + kept.digest) return;
    const reason = `what the next head is computed from is not what the events up to ${kept.position} make`;
    this.add({ kind: 'table', position: Math.min(kept.position, this.#last), stream: '', reason });
  }

  /** Heads that were pinned at this position. */
  #comparePinned(position: number): void {
    while (this.#pinned[0] !== undefined && this.#pinned[0].position <= position) {
      const head = this.#pinned.shift() as LogHead;
      const forms = head.digest.startsWith(headMark) ? [head] : [head, marked(head)];
      const right = forms.find((one) => one.position === this.#last && this.#chain.isHead(one));
      this.#results.push({ ...(right ?? head), isRight: right !== undefined });
      if (right !== undefined) continue;
      const since = this.#results.findLast(({ isRight }) => isRight)?.position ?? 0;
      const either =
        forms.length === 1 ? '' : `, neither as an earlier version told heads nor with ${headMark}`;
      const reason = `the log up to here is not the one that the head ${headText(head)} was taken of${either}; the change is after position ${since}`;
      this.add({ kind: 'head', position: head.position, stream: '', reason });
    }
  }

  #takeHead(event: RecordedEvent): void {
    const head = signedHead(event);
    if (head === null) return;
    const { position, stream } = event;
    this.#signed++;
    if (this.#keys.size > 0) {
      const key = this.#keys.get(head.key);
      const isRight = key !== undefined && isSignedBy(head, key);
      if (!isRight) {
        const reason =
          key === undefined
            ? `the head is signed with another key than those given: ${head.key}`
            : 'the signature is not of this head';
        this.add({ kind: 'signature', position, stream, reason });
        return;
      }
    }
    // A comparison costs as much as there are streams. So seldom, all of them together cost no more than the events do.
    const due = Math.min(this.#chain.streams / 8, waitMax);
    if (position - this.#comparedAt >= due) this.#compareSigned();
    this.#waiting = head;
  }

  #compareSigned(): void {
    const head = this.#waiting;
    this.#waiting = null;
    // After a head that is wrong, all later ones are wrong, too.
    if (head === null || this.#isHeadWrong) return;
    this.#comparedAt = this.#last;
    if (this.#chain.isHead(head)) {
      this.#upTo = Math.max(this.#upTo, head.position);
      return;
    }
    this.#isHeadWrong = true;
    const reason = `the log up to here is not the one that was signed as ${headText(head)}; the change is after position ${this.#upTo}`;
    this.add({ kind: 'head', position: head.position, stream: '', reason });
  }
}

/** A head without the mark may be one of an earlier version, or one of today whose mark was not copied. */
const marked = ({ digest, position }: LogHead): LogHead => ({
  digest: headMark + digest,
  position,
});

/** One of an index of lanes. */
export const markName = ({ lane, mark, subject }: LaneMarksTable): string =>
  JSON.stringify([lane, mark, subject]);
