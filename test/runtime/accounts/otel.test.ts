/** A deploy as a trace: what OpenTelemetry’s own package writes of the same spans, and that each span lies within its parent. */
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { describe, expect, it } from 'vitest';
import { samples } from '../../../src/machine/samples.ts';
import { type TraceRequest, traceOf } from '../../../src/runtime/accounts/otel.ts';
import { sample } from '../../machine/samples.ts';
import { goldenLogs } from './golden.ts';
import {
  backFails,
  canaryFails,
  failsWith,
  live,
  recordOf,
  type Timed,
  toCanary,
  toProduction,
  withCanary,
} from './records.ts';

type OfficialSpan = Parameters<typeof JsonTraceSerializer.serializeRequest>[0][number];
type Resource = TraceRequest['resourceSpans'][number];
type Span = Resource['scopeSpans'][number]['spans'][number];

const values = (attributes: Span['attributes']): Record<string, string | number> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      'intValue' in value ? Number(value.intValue) : value.stringValue,
    ]),
  );
const time = (nanos: string): [number, number] => [
  Number(BigInt(nanos) / 1_000_000_000n),
  Number(BigInt(nanos) % 1_000_000_000n),
];

/** The spans as OpenTelemetry's SDK has them, read from the request. */
function officialSpans({ resourceSpans: [only] }: TraceRequest): OfficialSpan[] {
  if (only === undefined) throw new Error('no spans');
  const resource = { attributes: values(only.resource.attributes), merge: () => resource } as never;
  const [{ scope, spans } = { scope: { name: '' }, spans: [] }] = only.scopeSpans;
  return spans.map((span) => {
    const context = (spanId: string) => ({ traceId: span.traceId, spanId, traceFlags: 1 });
    return {
      name: span.name,
      // The SDK counts from 0, OTLP from 1.
      kind: span.kind - 1,
      spanContext: () => context(span.spanId),
      ...(span.parentSpanId === undefined ? {} : { parentSpanContext: context(span.parentSpanId) }),
      startTime: time(span.startTimeUnixNano),
      endTime: time(span.endTimeUnixNano),
      status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
      attributes: values(span.attributes),
      links: [],
      events: (span.events ?? []).map((event) => ({
        name: event.name,
        time: time(event.timeUnixNano),
        attributes: values(event.attributes),
        droppedAttributesCount: 0,
      })),
      duration: [0, 0],
      ended: true,
      resource,
      instrumentationScope: { name: scope.name },
      ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
    } as OfficialSpan;
  });
}

/** Without what is there by default, and in an order of its own. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const isDefault = (one: unknown) =>
    one === 0 || one === '' || one === undefined || (Array.isArray(one) && one.length === 0);
  const kept = Object.entries(value).filter(([key, one]) => key !== 'flags' && !isDefault(one));
  if (kept.length === 1 && kept[0]?.[0] === 'intValue') return { intValue: String(kept[0][1]) };
  const all = kept.map(([key, one]) => [key, plain(one)] as const);
  return Object.fromEntries(
    all.filter(([, one]) => JSON.stringify(one) !== '{}').sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const official = (request: TraceRequest): unknown =>
  JSON.parse(
    new TextDecoder().decode(JsonTraceSerializer.serializeRequest(officialSpans(request))),
  );

const spansOf = (request: TraceRequest | null): readonly Span[] =>
  request?.resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
const attribute = (span: Span | undefined, name: string) => values(span?.attributes ?? [])[name];

/** A line for the resource, each span and each of its events: times in seconds since the first began. */
function inWords(request: TraceRequest | null): string {
  const spans = spansOf(request);
  const [run] = spans;
  const since = (nanos: string) =>
    `${(BigInt(nanos) - BigInt(run?.startTimeUnixNano ?? 0)) / 1_000_000_000n}s`;
  const words = (attributes: Span['attributes'] = []) =>
    Object.entries(values(attributes)).map(([key, value]) => `${key}=${value}`);
  return [
    ['resource', ...words(request?.resourceSpans[0]?.resource.attributes)],
    ...spans.flatMap((span) => [
      [
        ...[span.name, span.kind, span.spanId, 'in', span.parentSpanId ?? span.traceId],
        ...[since(span.startTimeUnixNano), since(span.endTimeUnixNano)],
        ...words(span.attributes),
        ...(span.status === undefined ? [] : [span.status.code, span.status.message]),
      ],
      ...(span.events ?? []).map(({ name, timeUnixNano, attributes }) => [
        ...['-', name, since(timeUnixNano), ...words(attributes)],
      ]),
    ]),
  ]
    .map((line) => line.join(' '))
    .join('\n');
}

describe('a trace', () => {
  it('of a live deploy: the run, its states, and in each the steps', () => {
    const request = traceOf(live(501, 0));
    const spans = spansOf(request);
    const nameOf = (id: string | undefined) => spans.find(({ spanId }) => spanId === id)?.name;
    expect(spans.map(({ name, parentSpanId }) => [nameOf(parentSpanId), name])).toEqual([
      [undefined, 'RUN acme-web'],
      ['queued', 'acquireLock'],
      ['RUN acme-web', 'queued'],
      ['locked', 'observe'],
      ['RUN acme-web', 'locked'],
      ...['submitStaging', 'followStaging', 'awaitStagingRelease'].map((name) => [
        'deployingStaging',
        name,
      ]),
      ['RUN acme-web', 'deployingStaging'],
      ...['awaitStagingInstances', 'checkStagingHealth', 'readGates'].map((name) => [
        'verifying',
        name,
      ]),
      ['RUN acme-web', 'verifying'],
      ...['submitProduction', 'followProduction', 'awaitProductionRelease'].map((name) => [
        'production',
        name,
      ]),
      ['production', 'awaitProductionInstances'],
      ['production', 'checkProductionHealth'],
      ['RUN acme-web', 'production'],
    ]);
    expect(attribute(spans[0], 'cicd.pipeline.result')).toBe('success');
    expect(spans[0]?.startTimeUnixNano).toBe('1767607200000000000');
    const health = spans.find(({ name }) => name === 'checkProductionHealth');
    expect(values(health?.attributes ?? [])).toMatchObject({
      'cicd.pipeline.task.type': 'test',
      'cicd.pipeline.task.run.result': 'success',
      'deployment.environment.name': 'production',
    });
  });

  it.each([
    ['failure', [...toProduction(501, 0).slice(0, 5), [9, sample('deploy.failed')]], 'E_ENDPOINT'],
    ['skip', [[5, sample('deploy.superseded')]], undefined],
    ['timeout', [[60, sample('lock.waitTimedOut')]], undefined],
  ] as const)('that ends otherwise: %s', (result, events, error) => {
    const spans = spansOf(traceOf(recordOf(501, 0, events as never)));
    expect(attribute(spans[0], 'cicd.pipeline.result')).toBe(result);
    expect(attribute(spans[0], 'error.type')).toBe(error);
    expect(spans[0]?.status?.code).toBe(error === undefined ? undefined : 2);
  });

  it.each<[string, readonly Timed[], string, string | undefined]>([
    [
      'failed, its canary taken back',
      [
        [15, canaryFails],
        [16, sample('canary.restored')],
      ],
      'failure',
      'E_CANARY',
    ],
    [
      'failed, as its canary could not be taken back',
      [
        [15, canaryFails],
        [16, backFails],
      ],
      'failure',
      'E_CANARY',
    ],
    [
      'waited in vain for its canary, which was taken back',
      [
        [15, failsWith('E_INSTANCES_TIMEOUT', 'they are away', 'awaitCanaryInstances')],
        [16, sample('canary.restored')],
      ],
      'timeout',
      'E_INSTANCES_TIMEOUT',
    ],
    [
      'is held, as its canary could not be taken back',
      [
        [15, sample('production.held')],
        [16, backFails],
      ],
      'skip',
      undefined,
    ],
  ])(
    'of a deploy with a canary that %s: by what it is now, and what it failed with',
    (_, then, result, error) => {
      const record = recordOf(501, 0, [...toCanary, ...then], { settings: withCanary });
      const [run] = spansOf(traceOf(record));
      expect(attribute(run, 'cicd.pipeline.result')).toBe(result);
      expect(attribute(run, 'error.type')).toBe(error);
      expect(run?.status === undefined).toBe(error === undefined);
    },
  );

  it.each([
    ['https://github.com/acme/web', 'github'],
    ['https://git.acme.test/web', undefined],
    [null, undefined],
  ])('names who keeps the repository (%s) where that is known: %s', (repository, provider) => {
    const settings = { ...samples['deploy.requested'].settings, repository };
    const request = traceOf(live(501, 0, { settings }));
    const named = values(request?.resourceSpans[0]?.resource.attributes ?? []);
    expect(named['vcs.provider.name']).toBe(provider);
    expect(named['vcs.repository.url.full']).toBe(repository ?? undefined);
  });

  it('of one that bakes: that is a test of its environment', () => {
    const { settings } = samples['deploy.requested'];
    const production = { ...settings.production, bakeMs: 600_000 };
    const events: Timed[] = [
      ...toProduction(501, 0),
      [11, sample('production.verified', { bakeMs: 600_000 })],
      [21, sample('production.baked')],
    ];
    const record = recordOf(501, 0, events, { settings: { ...settings, production } });
    const bake = spansOf(traceOf(record)).find(({ name }) => name === 'bakeProduction');
    expect(values(bake?.attributes ?? [])).toMatchObject({
      'cicd.pipeline.task.type': 'test',
      'deployment.environment.name': 'production',
    });
  });

  it('is told word by word, of a canary that was unwell and of the deploy that went on', () => {
    const late = failsWith('E_LOCK_TIMEOUT', 'it took too long', 'observe');
    const then: Timed[] = [
      [15, canaryFails],
      [16, sample('canary.restored')],
    ];
    const plain = { ...withCanary, repository: null };
    const build = { ...samples['deploy.requested'].build, url: null };
    const records = [
      recordOf(501, 0, [...toCanary, ...then], { settings: withCanary }),
      recordOf(
        502,
        0,
        [
          [1, sample('lock.acquired')],
          [2, late],
        ],
        { settings: plain, build },
      ),
    ];
    expect(records.map((record) => inWords(traceOf(record))).join('\n')).toMatchSnapshot();
  });

  it('there is none of a deploy that is under way', () => {
    expect(traceOf(recordOf(501, 0, toProduction(501, 0)))).toBeNull();
  });

  it('every log that earlier versions wrote: as the official package writes it, each span within its parent', () => {
    let count = 0;
    for (const { name, deploys } of goldenLogs()) {
      for (const record of deploys) {
        const request = traceOf(record);
        if (request === null) continue;
        expect([name, plain(official(request))]).toEqual([name, plain(request)]);
        expect(traceOf(record)).toEqual(request);
        const spans = spansOf(request);
        const byId = new Map(spans.map((span) => [span.spanId, span]));
        expect(byId.size).toBe(spans.length);
        for (const { parentSpanId, startTimeUnixNano, endTimeUnixNano } of spans) {
          const parent = byId.get(parentSpanId ?? '');
          expect(parent === undefined).toBe(parentSpanId === undefined);
          if (parent === undefined) continue;
          expect(BigInt(startTimeUnixNano) >= BigInt(parent.startTimeUnixNano)).toBe(true);
          expect(BigInt(endTimeUnixNano) <= BigInt(parent.endTimeUnixNano)).toBe(true);
        }
        count += spans.length;
      }
    }
    expect(count).toBeGreaterThan(300);
  });
});
