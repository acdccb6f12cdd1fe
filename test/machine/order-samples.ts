/** Each order that people give for a lane, as the log has it. */
import type { Order, OrderType } from '../../src/machine/orders.ts';
import { givenUp } from '../../src/machine/taken-back.ts';

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

const begun = { ...back, from, commit };

const data: { readonly [T in OrderType]: Extract<Order, { type: T }>['data'] } = {
  'lane.disabled': person,
  'lane.enabled': person,
  'lock.broken': { deploy: '502-1a5f89db', token: 7, ...person },
  'rollback.begun': begun,
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

/** As a person's `rollback --give-up` ends it. */
export const givenUpByBo = givenUp(begun, {
  actor: 'bo',
  observed: 'bo on ws-3',
  reason: 'it is mended',
}).data;

type Failed = Extract<Order, { type: 'rollback.failed' }>;
export type FailedKind = 'runs' | 'late' | 'nothing' | 'unsaid';

/**
 * A rollback that failed, by what it made; `unsaid`: nobody looked.
 *
 * @param by what it ended by
 */
export function failedRollback(
  kind: FailedKind,
  by: Pick<Failed['data'], 'code' | 'message'> = data['rollback.failed'],
): Failed {
  const { made: _, ...ofAll } = data['rollback.failed'];
  const same = { ...ofAll, code: by.code, message: by.message };
  if (kind === 'unsaid') return { type: 'rollback.failed', data: same };
  const made = kind === 'nothing' ? null : { release, commit, runs: kind === 'runs' };
  return { type: 'rollback.failed', data: { ...same, made } };
}

export const failedKinds: readonly FailedKind[] = ['runs', 'late', 'nothing', 'unsaid'];
