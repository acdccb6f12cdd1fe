/** Deploys as records, with times that a test chooses: each event leads where the chart leads it. */
import type { Step } from '../../../src/machine/codec.ts';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { begin, next, stateOf } from '../../../src/machine/interpret.ts';
import { samples } from '../../../src/machine/samples.ts';
import type { DeployRecord, RecordedStep } from '../../../src/runtime/accounts/deploy-record.ts';
import { sample } from '../../machine/samples.ts';

/** Minute 0 of every table. */
export const start = Date.parse('2026-01-05T10:00:00.000Z');
export const minute = (n: number): number => start + n * 60_000;

/** When in minutes, and what. */
export type Timed = readonly [number, DomainEvent];

export function recordOf(
  label: number,
  askedAt: number,
  events: readonly Timed[],
  more: Partial<DeployRecord['request']> = {},
): DeployRecord {
  const commit = { ...samples['deploy.requested'].commit, sha: commitOf(label) };
  const deploy = `${label}-${commit.sha.slice(0, 8)}`;
  const request = { ...samples['deploy.requested'], deploy, commit, ...more };
  let folded = begin(request, minute(askedAt));
  const step = (at: number, event: DomainEvent): RecordedStep => ({
    version: folded.version,
    position: label * 100 + folded.version,
    time: new Date(minute(at)).toISOString(),
    hash: `${label}${folded.version}`.padEnd(64, '0'),
    event,
    to: stateOf(folded),
    by: 'ana',
  });
  const first = step(askedAt, { type: 'deploy.requested', data: request });
  const others = events.map(([at, event]) => {
    const after = next(folded, event, minute(at));
    if (after === null) throw new Error(`the chart does not take ${event.type} there`);
    folded = after;
    return step(at, event);
  });
  return { deploy, request, steps: [first, ...others] };
}

export const commitOf = (label: number): string => `${label}`.padEnd(40, 'a');
export const releaseOf = (label: number) => ({ id: `release-${label}`, version: `v${label}` });

/** From the queue to production, with a minute in the queue, a minute locked, two of staging, three of its checks. */
export function toProduction(label: number, from: number, base = commitOf(label - 1)): Timed[] {
  const commit = commitOf(label);
  const artifact = { ...samples['staging.deployed'].artifact, commit };
  const notes = { ...samples['deploy.observed'].notes, base, head: commit, commits: [] };
  return [
    [from + 1, sample('lock.acquired')],
    [from + 2, sample('deploy.observed', { notes })],
    [from + 3, sample('staging.submitted')],
    [from + 3, sample('staging.released', { artifact })],
    [from + 4, sample('staging.deployed', { artifact })],
    [from + 5, sample('staging.instancesUp')],
    [from + 6, sample('staging.verified')],
    [from + 7, sample('gates.passed')],
    [from + 8, sample('production.submitted')],
    [from + 8, sample('production.released', { release: releaseOf(label).id, artifact: null })],
    [from + 9, sample('production.deployed', { release: releaseOf(label), artifact })],
    [from + 10, sample('production.instancesUp')],
  ];
}

/** Live eleven minutes after it was asked for. */
export const live = (label: number, askedAt: number, more = {}): DeployRecord =>
  recordOf(
    label,
    askedAt,
    [
      ...toProduction(label, askedAt),
      [askedAt + 11, sample('production.verified', { release: releaseOf(label) })],
    ],
    more,
  );

const { settings } = samples['deploy.requested'];
export const withCanary = { ...settings, canary: { ...settings.production, shares: null } };
/** With such settings: build 501, asked for at minute 0, to where its canary is verified. */
export const toCanary: readonly Timed[] = [
  ...toProduction(501, 0).slice(0, 8),
  ...(['submitted', 'released', 'deployed', 'instancesUp', 'verified'] as const).map(
    (word): Timed => [9, sample(`canary.${word}`)],
  ),
];

/** A deploy that failed at that step. */
export const failsWith = (code: string, message: string, step: Step): DomainEvent =>
  sample('deploy.failed', {
    step,
    failure: { ...samples['deploy.failed'].failure, code, message },
  });
export const canaryFails = failsWith('E_CANARY', 'it is unwell', 'checkCanaryHealth');
export const backFails = failsWith('E_BACK', 'it is away', 'restoreCanary');
