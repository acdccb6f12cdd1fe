/**
 * The words of logs from before there were targets: then Heroku was the only one, and its nouns stood in the events.
 * Their first schemas are brought to the second ones, or to the events that took their place.
 */
import type { EventType } from '../../../machine/events.ts';
import type { LaneEventType } from '../../../machine/lane.ts';
import type { Upcaster } from '../../../machine/upcasting.ts';

type Data = Parameters<Upcaster['data']>[0];
type Type = EventType | LaneEventType;

const target = (app: unknown) => ({ kind: 'heroku', name: app, settings: {} });
const named = (app: unknown) => `heroku ${app}`;
const label = (version: unknown) => (typeof version === 'number' ? `v${version}` : null);
const release = ({ id, version }: Data) => ({ id, version: label(version) });
const slug = (id: unknown, commit: unknown = null) => ({ kind: 'slug', id, digest: null, commit });
const build = (id: unknown) => ({ kind: 'build', id });

const steps: Readonly<Record<string, string>> = {
  requestStagingBuild: 'submitStaging',
  followStagingBuild: 'followStaging',
  checkStagingDynos: 'awaitStagingInstances',
  requestPromotion: 'submitProduction',
  requestProductionBuild: 'submitProduction',
  followPromotion: 'followProduction',
  followProductionBuild: 'followProduction',
  checkProductionDynos: 'awaitProductionInstances',
};
const step = (name: unknown) => steps[String(name)] ?? name;

const part = (data: Data, name: string): Data => data[name] as Data;
const list = (data: Data, name: string): readonly Data[] => data[name] as readonly Data[];
const running = ({ version, commit }: Data) => ({ version: label(version), commit });
const withStep = (data: Data) => ({ ...data, step: step(data.step) });

const waived = (waive: unknown) =>
  (waive as readonly string[]).map((one) => (one === 'no-dynos' ? 'no-instances' : one));
const submits = (deploy: unknown) => (deploy === 'promote' ? 'artifact' : 'commit');

function environment({ app, deploy, timeoutMs, verify }: Data): Data {
  const { dynos, waive, endpoints } = verify as Data;
  return {
    target: target(app),
    submits: submits(deploy),
    timeoutMs,
    verify: { instances: dynos, waive: waived(waive), endpoints },
  };
}

function protectedEnvironment({ app, deploy, waive, ...same }: Data): Data {
  return { ...same, target: target(app), submits: submits(deploy), waive: waived(waive) };
}

const bothOf = (data: Data, of: (one: Data) => Data): Data => ({
  ...data,
  staging: of(part(data, 'staging')),
  production: of(part(data, 'production')),
});

const deployed = (data: Data) => ({
  release: release(part(data, 'release')),
  artifact: slug(data.slug, data.commit),
});
const dynos = (data: Data) =>
  list(data, 'dynos').map(({ name, version }) => ({ name, version: label(version) }));
const verified = ({ dynos: _, ...data }: Data, instances: readonly object[]) => ({
  ...data,
  release: release(part(data, 'release')),
  instances,
});

/** The type is the same, its schema the second one. */
const changed = (type: Type, data: Upcaster['data']): Upcaster => ({
  from: { type, schema: 1 },
  to: { type, schema: 2 },
  data,
});
/** Another type took its place. */
const renamed = (from: string, to: EventType, data: Upcaster['data']): Upcaster => ({
  from: { type: from, schema: 1 },
  to: { type: to, schema: 1 },
  data,
});

const ofEnvironment = (name: 'staging' | 'production'): Upcaster[] => [
  renamed(`${name}.buildRequested`, `${name}.submitted`, ({ build: id, ...same }) => ({
    ...same,
    work: build(id),
  })),
  renamed(`${name}.built`, `${name}.released`, (data) => ({
    release: data.release,
    artifact: slug(data.slug),
  })),
  renamed(`${name}.dynosUp`, `${name}.instancesUp`, (data) => ({
    instances: dynos(data),
    waitedMs: data.waitedMs,
  })),
  changed(`${name}.deployed`, deployed),
  changed(`${name}.verified`, (data) => verified(data, dynos(data))),
];

export const upcasters: readonly Upcaster[] = [
  ...ofEnvironment('staging'),
  ...ofEnvironment('production'),
  renamed('production.promotionRequested', 'production.submitted', (data) => ({
    work:
      data.promotion === null
        ? { kind: 'release', id: data.release }
        : { kind: 'promotion', id: data.promotion },
    adopted: data.adopted,
    killSwitch: data.killSwitch,
  })),
  renamed('production.promoted', 'production.released', (data) => ({
    release: data.release,
    artifact: null,
  })),
  changed('deploy.requested', (data) => ({
    ...data,
    settings: bothOf(part(data, 'settings'), environment),
  })),
  changed('deploy.superseded', (data) => {
    if (data.cause === 'newer-build') return data;
    const stuck = data.stuck as Data | null | undefined;
    return {
      ...withStep(data),
      production: running(part(data, 'production')),
      ...(stuck ? { stuck: { ...stuck, release: release(part(stuck, 'release')) } } : {}),
    };
  }),
  changed('deploy.observed', (data) => ({
    ...data,
    production: running(part(data, 'production')),
  })),
  changed('production.found', ({ own, ...data }) => ({
    own,
    release: release(part(data, 'release')),
    artifact: slug(data.slug),
  })),
  changed('gates.passed', ({ newest, ...data }) => ({
    ...data,
    production: running(part(data, 'production')),
    cursor: String(newest),
  })),
  changed('production.held', (data) => {
    const rollback = part(data, 'rollback');
    return {
      ...withStep(data),
      rollback: {
        ...rollback,
        release: release(part(rollback, 'release')),
        kind: rollback.kind === 'older-slug' ? 'older-artifact' : rollback.kind,
        before: label(rollback.before),
      },
    };
  }),
  changed('production.disabled', withStep),
  changed('deploy.failed', withStep),
  changed('rollback.lifted', ({ app, ...data }) => ({ ...data, target: named(app) })),
  changed('lane.deployed', ({ app, ...data }) => ({ ...data, target: named(app) })),
  changed('lane.stuck', ({ app, ...data }) => ({
    ...data,
    target: named(app),
    release: release(part(data, 'release')),
  })),
  changed('lane.shipped', ({ app, slug: id, ...data }) => ({
    ...data,
    target: named(app),
    release: release(part(data, 'release')),
    artifact: slug(id, data.commit),
    settings: data.settings === null ? null : bothOf(part(data, 'settings'), protectedEnvironment),
  })),
];
