/**
 * The settings that whoever writes a commit must not change alone, as resolved values, and what it
 * means that a later deploy's are weaker or others. Pure.
 *
 * Not protected, because they weaken nothing: time-outs (what is not right in time fails), stacking,
 * links, messages, exit codes. Of two lists of checks only what is asked counts, not its order.
 */
import { z } from 'zod';
import { wholeDuration } from '../format/duration.ts';
import type { DeployRequest, Endpoint, Environment } from './events.ts';

const text = z.string();

const protectedEndpoint = z.strictObject({
  url: text,
  status: z.int(),
  successes: z.int().positive(),
  body: text.nullable(),
  header: z.strictObject({ name: text, value: text }).nullable(),
  revision: z.union([z.strictObject({ header: text }), z.strictObject({ url: text })]).nullable(),
});

const protectedEnvironment = z.strictObject({
  target: z.strictObject({ kind: text, name: text, settings: z.record(text, z.json()) }),
  submits: z.enum(['commit', 'artifact']),
  settleMs: z.int().nonnegative(),
  /** Absent where there is none: so what was recorded before there were any stays equal. */
  bakeMs: z.int().positive().optional(),
  shares: z.array(z.int()).optional(),
  waive: z.array(text),
  endpoints: z.array(protectedEndpoint),
});

export const protectedSchema = z.strictObject({
  lane: text,
  branch: text,
  /** Where the commit says that the log is; null: the environment says so. */
  store: text.nullable(),
  lock: text,
  killSwitch: text,
  rollback: text,
  staging: protectedEnvironment.optional(),
  canary: protectedEnvironment.optional(),
  production: protectedEnvironment,
});

export type ProtectedSettings = z.infer<typeof protectedSchema>;
type ProtectedEnvironment = z.infer<typeof protectedEnvironment>;
type ProtectedEndpoint = z.infer<typeof protectedEndpoint>;

/** In one order whatever the configuration's: equal settings give equal JSON. */
export function protectedOf({
  lane,
  branch,
  settings,
}: Pick<DeployRequest, 'lane' | 'branch' | 'settings'>): ProtectedSettings {
  const { store, lock, gates, staging, canary, production } = settings;
  return {
    lane,
    branch,
    store,
    lock: lock.provider,
    killSwitch: gates.killSwitch,
    rollback: gates.rollback,
    ...(staging === null ? {} : { staging: environmentOf(staging) }),
    ...(canary === null ? {} : { canary: environmentOf(canary) }),
    production: environmentOf(production),
  };
}

function environmentOf({
  target,
  submits,
  shares,
  verify,
  bakeMs,
}: Environment): ProtectedEnvironment {
  const endpoints = new Map(
    verify.endpoints.map(endpointOf).map((endpoint) => [JSON.stringify(endpoint), endpoint]),
  );
  return {
    target,
    submits,
    settleMs: verify.instances.settleMs,
    ...(bakeMs === 0 ? {} : { bakeMs }),
    ...(shares === null ? {} : { shares }),
    waive: [...new Set(verify.waive)].sort(),
    endpoints: [...endpoints].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint),
  };
}

function endpointOf({
  url,
  status,
  successes,
  body,
  header,
  revision,
}: Endpoint): ProtectedEndpoint {
  return {
    url,
    status,
    successes,
    body,
    header: header === null ? null : { name: header.name, value: header.value },
    revision:
      revision === null
        ? null
        : 'url' in revision
          ? { url: revision.url }
          : { header: revision.header },
  };
}

/** What of `after` is weaker than `before`, or another protected value: a line each; none: nothing holds. */
export function weakened(before: ProtectedSettings, after: ProtectedSettings): string[] {
  const changed = (what: string, from: string, to: string) =>
    from === to ? [] : [`${what}: ${from} became ${to}`];
  return [
    ...changed('lane', before.lane, after.lane),
    ...changed('branch', before.branch, after.branch),
    // The environment is not the commit's to write: that it names the log now weakens nothing.
    ...(after.store === null
      ? []
      : changed('store', before.store ?? 'from the environment', after.store)),
    // The CI's list is the weaker lock.
    ...(after.lock === 'store' ? [] : changed('lock', before.lock, after.lock)),
    ...changed('kill switch', before.killSwitch, after.killSwitch),
    ...changed('rollback', before.rollback, after.rollback),
    ...weakenedEnvironment('staging', before.staging, after.staging),
    ...weakenedEnvironment('canary', before.canary, after.canary),
    ...weakenedEnvironment('production', before.production, after.production),
  ];
}

function weakenedEnvironment(
  name: string,
  before: ProtectedEnvironment | undefined,
  after: ProtectedEnvironment | undefined,
): string[] {
  if (before === undefined) return [];
  if (after === undefined) return [`${name}: nothing is verified there any more`];
  const lines: string[] = [];
  if (!same(before.target, after.target)) {
    lines.push(`${name}: ${inWords(before.target)} became ${inWords(after.target)}`);
  }
  // Another build of the same commit is not the artifact that was verified.
  if (before.submits === 'artifact' && after.submits === 'commit') {
    lines.push(`${name}: the verified artifact became a build of its own`);
  }
  if (after.settleMs < before.settleMs) {
    lines.push(
      `${name}: settle ${wholeDuration(before.settleMs)} became ${wholeDuration(after.settleMs)}`,
    );
  }
  if ((after.bakeMs ?? 0) < (before.bakeMs ?? 0)) {
    lines.push(
      `${name}: bake ${wholeDuration(before.bakeMs ?? 0)} became ${wholeDuration(after.bakeMs ?? 0)}`,
    );
  }
  lines.push(...weakenedShares(name, before.shares, after.shares));
  for (const waived of after.waive.filter((one) => !before.waive.includes(one))) {
    lines.push(`${name}: ${waived} is waived`);
  }
  for (const endpoint of before.endpoints) lines.push(...weakenedEndpoint(name, endpoint, after));
  return lines;
}

/** To begin with more of the traffic, or to leave a share out, is weaker. */
function weakenedShares(
  name: string,
  before: readonly number[] | undefined,
  after: readonly number[] | undefined,
): string[] {
  if (before === undefined || before.every((share) => after?.includes(share) === true)) return [];
  const inWords = (shares: readonly number[]) => shares.map((share) => `${share}%`).join(', ');
  return [
    `${name}: ${inWords(before)} of the traffic became ${after === undefined ? 'whatever the place takes' : inWords(after)}`,
  ];
}

function weakenedEndpoint(
  name: string,
  before: ProtectedEndpoint,
  { endpoints }: ProtectedEnvironment,
): string[] {
  const candidates = endpoints.filter(({ url }) => url === before.url);
  if (candidates.length === 0) return [`${name}: ${before.url} is not asked any more`];
  const losses = candidates.map((after) => lossesOf(before, after));
  // A URL may be listed several times: it is enough that one of them is as strong as before.
  const least = losses.reduce((a, b) => (b.length < a.length ? b : a));
  return least.map((loss) => `${name}: ${before.url}: ${loss}`);
}

function lossesOf(before: ProtectedEndpoint, after: ProtectedEndpoint): string[] {
  const losses: string[] = [];
  if (after.status !== before.status) losses.push(`status ${before.status} became ${after.status}`);
  if (after.successes < before.successes) {
    losses.push(`successes ${before.successes} became ${after.successes}`);
  }
  for (const what of ['body', 'header', 'revision'] as const) {
    if (before[what] === null || same(before[what], after[what])) continue;
    losses.push(after[what] === null ? `${what} is not looked at any more` : `another ${what}`);
  }
  return losses;
}

/** `KIND NAME`, and what else was set for it. */
function inWords({ kind, name, settings }: ProtectedEnvironment['target']): string {
  const more = Object.keys(settings).length === 0 ? '' : ` ${JSON.stringify(settings)}`;
  return `${kind} ${name}${more}`;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
