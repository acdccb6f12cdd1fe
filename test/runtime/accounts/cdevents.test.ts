/** What an export of CDEvents holds: valid by the published schemas, each once, and the same whenever it is made. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { samples } from '../../../src/machine/samples.ts';
import {
  type CloudEvent,
  deployCdevents,
  laneCdevents,
} from '../../../src/runtime/accounts/cdevents.ts';
import type { DeployRecord } from '../../../src/runtime/accounts/deploy-record.ts';
import { failedKinds, failedRollback } from '../../machine/order-samples.ts';
import { sample, variants } from '../../machine/samples.ts';
import { goldenLogs } from './golden.ts';
import { lifeFaults } from './lives.ts';
import { live, recordOf, type Timed, toCanary, toProduction, withCanary } from './records.ts';

const file = resolve(import.meta.dirname, '../../fixtures/cdevents/schemas-0.5.1.json');
const published = JSON.parse(readFileSync(file, 'utf8')) as {
  schemas: { $id: string; properties: { context: { properties: { type: { enum: string[] } } } } }[];
  custom: { $id: string };
};
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
for (const schema of [...published.schemas, published.custom]) ajv.addSchema(schema);
const idByType = new Map(
  published.schemas.flatMap((schema) =>
    (schema.properties?.context?.properties.type.enum ?? []).map((type) => [type, schema.$id]),
  ),
);

/** What is wrong with it; empty: nothing. */
function faults({ data, ...envelope }: CloudEvent): unknown[] {
  const isValid = ajv.getSchema(idByType.get(envelope.type) ?? published.custom.$id);
  if (isValid === undefined) return [`no schema for ${envelope.type}`];
  const { context, subject } = data as { context: Record<string, string>; subject: { id: string } };
  // The binding to CloudEvents: its attributes are those of the context.
  const bound = {
    ...{ specversion: '1.0', id: context.id, source: context.source, type: context.type },
    ...{ subject: subject.id, time: context.timestamp, datacontenttype: 'application/json' },
  };
  const isBound = JSON.stringify(bound) === JSON.stringify(envelope);
  return [...(isValid(data) ? [] : (isValid.errors ?? [])), ...(isBound ? [] : [envelope])];
}

const all = (record: DeployRecord): CloudEvent[] =>
  record.steps.flatMap((step) => deployCdevents(record, step));
const types = (record: DeployRecord): string[] =>
  all(record).map(({ type }) => type.replace(/^dev\./, ''));

const failed = samples['deploy.failed'].failure;
const failing: Timed = [
  15,
  sample('deploy.failed', { step: 'checkCanaryHealth', failure: { ...failed, code: 'E_SAMPLE' } }),
];
const backFails = sample('deploy.failed', { step: 'restoreCanary' });
const diverged = sample('deploy.superseded', {
  ...{ cause: 'diverged', step: 'observe', verified: false, stuck: null },
  production: { version: 'v9', commit: '9'.repeat(40) },
} as never);

describe('events of CDEvents', () => {
  it('the published schemas are those of the standard’s words that are used', () => {
    expect([...idByType.keys()].sort()).toEqual(
      [
        ...['pipelinerun.finished', 'pipelinerun.queued', 'pipelinerun.started'],
        ...['service.deployed', 'service.rolledback', 'service.upgraded'],
      ].map((name) => `dev.cdevents.${name}.0.3.0`),
    );
  });

  it('of a live deploy, in the standard’s words where it has some, and each in the log’s own', () => {
    expect(types(live(501, 0))).toEqual([
      ...['cdevents.pipelinerun.queued.0.3.0', 'cdeventsx.lockstep-deploy.requested.0.3.0'],
      ...['cdevents.pipelinerun.started.0.3.0', 'cdeventsx.lockstep-lock.acquired.0.1.0'],
      'cdeventsx.lockstep-deploy.observed.0.2.0',
      'cdeventsx.lockstep-staging.submitted.0.1.0',
      'cdeventsx.lockstep-staging.released.0.1.0',
      ...['cdevents.service.deployed.0.3.0', 'cdeventsx.lockstep-staging.deployed.0.2.0'],
      'cdeventsx.lockstep-staging.instancesUp.0.1.0',
      'cdeventsx.lockstep-staging.verified.0.2.0',
      'cdeventsx.lockstep-gates.passed.0.2.0',
      'cdeventsx.lockstep-production.submitted.0.1.0',
      'cdeventsx.lockstep-production.released.0.1.0',
      ...['cdevents.service.upgraded.0.3.0', 'cdeventsx.lockstep-production.deployed.0.2.0'],
      'cdeventsx.lockstep-production.instancesUp.0.1.0',
      ...['cdevents.pipelinerun.finished.0.3.0', 'cdeventsx.lockstep-production.verified.0.2.0'],
    ]);
  });

  it.each([
    ['failure', [...toProduction(501, 0), [15, sample('deploy.failed')]]],
    ['cancel', [[5, sample('deploy.superseded')]]],
  ] as const)('a run that is over has the outcome %s', (outcome, events) => {
    const ends = all(recordOf(501, 0, events as never)).filter(({ type }) => /finished/.test(type));
    expect(ends.map(({ data }) => data)).toMatchObject([{ subject: { content: { outcome } } }]);
  });

  it('a run that is held is not over, and one that took its lane again has not begun again', () => {
    const record = recordOf(501, 0, [
      ...toProduction(501, 0).slice(0, 7),
      [7, sample('production.held')],
      [30, sample('deploy.resumed')],
      [31, sample('lock.acquired')],
    ]);
    expect(types(record).filter((type) => type.includes('pipelinerun'))).toEqual([
      'cdevents.pipelinerun.queued.0.3.0',
      'cdevents.pipelinerun.started.0.3.0',
    ]);
  });

  it.each(failedKinds)('a rollback that failed, with a release: %s', (kind) => {
    const order = failedRollback(kind);
    const made = laneCdevents('acme-web', {
      event: order,
      time: live(501, 0).steps[0].time,
      position: 7,
    });
    expect(made.flatMap(faults)).toEqual([]);
    expect(made.map(({ type }) => type)).toEqual([
      ...(kind === 'runs' ? ['dev.cdevents.service.rolledback.0.3.0'] : []),
      'dev.cdeventsx.lockstep-rollback.failed.0.1.0',
    ]);
  });

  it.each<[string, readonly Timed[], string | null]>([
    ['failed, its canary taken back', [failing, [16, sample('canary.restored')]], 'E_SAMPLE'],
    ['failed, as its canary could not be taken back', [failing, [16, backFails]], 'E_SAMPLE'],
    [
      'superseded, its canary taken back',
      [
        [15, diverged],
        [16, sample('canary.restored')],
      ],
      null,
    ],
    [
      'held, as its canary could not be taken back',
      [
        [15, sample('production.held')],
        [16, backFails],
      ],
      null,
    ],
    [
      'held, as its canary could not be taken back, and superseded since',
      [
        [15, sample('production.held')],
        [16, backFails],
        [17, sample('deploy.resumed')],
        [20, sample('lock.acquired')],
        [21, diverged],
      ],
      null,
    ],
  ])('a deploy with a canary that is %s ends once', (_, then, errors) => {
    const record = recordOf(501, 0, [...toCanary, ...then], { settings: withCanary });
    expect(lifeFaults(record)).toEqual([]);
    if (errors !== null) expect(JSON.stringify(all(record))).toContain(`"errors":"${errors}`);
  });

  it('a deploy that is over ends once, whatever is recorded after that', () => {
    const failing = [...toProduction(501, 0), [15, sample('deploy.failed')]] as Timed[];
    for (const record of [live(501, 0), recordOf(501, 0, failing)]) {
      const last = record.steps.at(-1) ?? record.steps[0];
      const after = { version: last.version + 1, position: last.position + 1 };
      const stopped = { ...last, ...after, event: sample('run.interrupted') };
      expect(lifeFaults({ ...record, steps: [...record.steps, stopped] })).toEqual([]);
    }
  });

  it('in the standard’s words are, of a deploy with a canary, of one elsewhere, and of a lane', () => {
    const end: Timed[] = [
      [15, sample('production.held')],
      [16, sample('canary.restored')],
      [17, sample('deploy.resumed')],
      [20, sample('lock.acquired')],
      [21, sample('deploy.failed', { step: 'observe' })],
    ];
    const record = recordOf(501, 0, [...toCanary, ...end], { settings: withCanary });
    const settings = { ...samples['deploy.requested'].settings, repository: null };
    const build = { ...samples['deploy.requested'].build, url: null };
    const elsewhere = live(502, 30, { settings, build, lane: 'grüße & mehr' });
    const [back] = failedKinds
      .filter((kind) => kind === 'runs')
      .map((kind) => failedRollback(kind));
    if (back === undefined) throw new Error('there is one');
    const told = [
      ...[...all(record), ...all(elsewhere)],
      ...laneCdevents('acme-web', { event: back, time: record.steps[0].time, position: 7 }),
    ].filter(({ type }) => type.startsWith('dev.cdevents.'));
    expect(told.map((one) => JSON.stringify(one)).join('\n')).toMatchSnapshot();
    // A custom one has the log's own data as it is.
    const [, own] = all(record);
    expect(own).toMatchObject({
      ...{ id: '50101.2', source: '/lockstep/lanes/acme-web', subject: record.deploy },
      data: {
        subject: { id: record.deploy, content: record.request },
        customData: {
          lockstep: { position: 50101, type: 'deploy.requested', lane: 'acme-web' },
        },
      },
    });
  });

  it('each type of event, in each of its forms, is valid', () => {
    const record = live(501, 0);
    const events = [
      ...Object.entries(samples).map(([type, data]) => ({ type, data }) as never),
      ...variants,
    ];
    for (const [i, event] of events.entries()) {
      const step = { ...record.steps[0], version: 50 + i, position: 5_000 + i, event };
      for (const one of deployCdevents(record, step)) expect(faults(one)).toEqual([]);
    }
    expect(events.length).toBeGreaterThan(50);
  });

  it.each([null, 'not a URL', 'https://ci.acme.test/b c/1'])(
    'where the build’s address is %s',
    (url) => {
      const build = { ...samples['deploy.requested'].build, url };
      const settings = { ...samples['deploy.requested'].settings, repository: null };
      const record = live(501, 0, { build, settings, lane: 'grüße & mehr' });
      for (const one of all(record)) expect(faults(one)).toEqual([]);
    },
  );

  const contents = (events: readonly CloudEvent[], word: string) =>
    events.flatMap(({ type, data }) =>
      type.includes(`.service.${word}.`)
        ? [(data as { subject: { content: { artifactId: string } } }).subject.content.artifactId]
        : [],
    );
  const sha = `501${'a'.repeat(37)}`;

  it.each<[string | null, string]>([
    ['https://github.com/acme/web', `pkg:github/acme/web@${sha}`],
    ['https://github.com/Acme/Web.git', `pkg:github/acme/web@${sha}`],
    ['https://github.com/acme/web/', `pkg:github/acme/web@${sha}`],
    ['https://github.com/acme', `pkg:generic/acme-web@${sha}?checksum=sha256%3Aab`],
    ['https://github.com/acme/web/tree/main', `pkg:generic/acme-web@${sha}?checksum=sha256%3Aab`],
    [
      'https://git.acme.test/https://github.com/acme/web',
      `pkg:generic/acme-web@${sha}?checksum=sha256%3Aab`,
    ],
    [null, `pkg:generic/acme-web@${sha}?checksum=sha256%3Aab`],
  ])(
    'what is deployed is called by its commit, at GitHub where the repository (%s) is there',
    (repository, url) => {
      const settings = { ...samples['deploy.requested'].settings, repository };
      const artifact = { ...samples['staging.deployed'].artifact, digest: 'sha256:ab' };
      const events = toProduction(501, 0).map(
        ([at, event]): Timed =>
          event.type === 'staging.deployed' ? [at, sample(event.type, { artifact })] : [at, event],
      );
      expect(contents(all(recordOf(501, 0, events, { settings })), 'deployed')).toEqual([url]);
    },
  );

  it.each([
    ['ahead', 'upgraded'],
    ['overridden', 'upgraded'],
    ['first', 'deployed'],
    ['waived', 'deployed'],
  ] as const)('production that stood %s is %s; staging is deployed always', (order, word) => {
    const events = toProduction(501, 0).map(
      ([at, event]): Timed =>
        event.type === 'deploy.observed'
          ? [at, sample(event.type, { ...event.data, order })]
          : [at, event],
    );
    expect(types(recordOf(501, 0, events)).filter((type) => type.includes('.service.'))).toEqual([
      'cdevents.service.deployed.0.3.0',
      `cdevents.service.${word}.0.3.0`,
    ]);
  });

  it('a rollback to what names no commit is called by its version', () => {
    const [back] = failedKinds
      .filter((kind) => kind === 'runs')
      .map((kind) => failedRollback(kind));
    const { release = { id: '', version: '' }, runs = true } = back?.data.made ?? {};
    const event = {
      ...back,
      data: { ...back?.data, made: { release, runs, commit: null } },
    } as never;
    const time = live(501, 0).steps[0].time;
    const told = laneCdevents('grüße', { event, time, position: 7 });
    expect(contents(told, 'rolledback')).toEqual(['pkg:generic/gr%C3%BC%C3%9Fe@v41']);
    expect(told.map(({ id }) => id)).toEqual(['7', '7.2']);
  });

  it('every log that earlier versions wrote: valid, each id once, and the same again', () => {
    let count = 0;
    for (const { name, deploys, orders } of goldenLogs()) {
      const made = () => [
        ...deploys.flatMap(all),
        ...orders.flatMap((order) => laneCdevents(order.lane, order)),
      ];
      const events = made();
      expect(made()).toEqual(events);
      expect([name, events.flatMap(faults)]).toEqual([name, []]);
      expect([name, deploys.flatMap(lifeFaults)]).toEqual([name, []]);
      expect(new Set(events.map(({ source, id }) => `${source} ${id}`)).size).toBe(events.length);
      count += events.length;
    }
    expect(count).toBeGreaterThan(500);
  });
});
