/** Each order that people give for a lane, as the log has it. */
import type { Order, OrderType } from '../../src/machine/orders.ts';

const person = {
  actor: 'Ana Lima <ana@acme.test>',
  observed: 'by git identity; ana on ws-7',
  reason: 'incident 4711',
};
const to = { id: '01234567-1000-4000-8000-000000000041', version: 'v41' };
const from = { id: '01234567-1000-4000-8000-000000000042', version: 'v42' };
const release = { id: '01234567-1000-4000-8000-000000000043', version: 'v43' };
const rollback = 'rollback-1a2b3c4d';
const target = 'heroku acme-production';
const commit = '4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e';
const back = { rollback, target, to, ...person };

const data: { readonly [T in OrderType]: Extract<Order, { type: T }>['data'] } = {
  'lane.disabled': person,
  'lane.enabled': person,
  'lock.broken': { deploy: '502-1a5f89db', token: 7, ...person },
  'rollback.begun': { ...back, from, commit },
  'rollback.done': { ...back, release, commit },
  'rollback.failed': {
    ...back,
    code: 'E_DYNOS_CRASHED',
    message: 'web.1 crashed on v43',
    made: { release, commit, runs: true },
  },
};

export const orderSamples: readonly Order[] = Object.entries(data).map(
  ([type, of]) => ({ type, data: of }) as Order,
);

type Failed = Extract<Order, { type: 'rollback.failed' }>;
export type FailedKind = 'runs' | 'late' | 'nothing' | 'unsaid';

/** A rollback that failed, by what it made; `unsaid` by an earlier version. */
export function failedRollback(kind: FailedKind): Failed {
  const { made: _, ...same } = data['rollback.failed'];
  if (kind === 'unsaid') return { type: 'rollback.failed', data: same };
  const made = kind === 'nothing' ? null : { release, commit, runs: kind === 'runs' };
  return { type: 'rollback.failed', data: { ...same, made } };
}

export const failedKinds: readonly FailedKind[] = ['runs', 'late', 'nothing', 'unsaid'];
