/** The table of leases: who holds what, under which token. */
import { type Kysely, sql } from 'kysely';
import { type Fence, FencedOff, type JsonObject, type Lease } from './log.ts';
import { clock, type Procedure, Statement } from './procedure.ts';
import { storedObject } from './stored-event.ts';
import type { LeaseRow, LogTables } from './tables.ts';

export interface LeaseGrant extends Fence {
  readonly owner: JsonObject;
  readonly ttlMs: number;
}

type Prolonged = Fence & { readonly expiresAt: number };

const one = new Statement((db, { resource }: { resource: string }) =>
  db.selectFrom('leases').selectAll().where('resource', '=', resource),
);
const many = new Statement((db, value: { prefix: string; length: number }) =>
  db
    .selectFrom('leases')
    .selectAll()
    .where(sql<boolean>`substr(resource, 1, ${value.length}) = ${value.prefix}`)
    .orderBy('resource'),
);
const put = new Statement((db, { resource, token, owner, expires_at, released }: LeaseRow) =>
  db
    .insertInto('leases')
    .values({ resource, token, owner, expires_at, released })
    .onConflict((conflict) =>
      conflict.column('resource').doUpdateSet((eb) => ({
        token: eb.ref('excluded.token'),
        owner: eb.ref('excluded.owner'),
        expires_at: eb.ref('excluded.expires_at'),
        released: eb.ref('excluded.released'),
      })),
    ),
);
const whileHeld =
  (set: { released?: 1 }) =>
  (db: Kysely<LogTables>, { resource, token, expiresAt }: Prolonged) =>
    db
      .updateTable('leases')
      .set({ expires_at: expiresAt, ...set })
      .where('resource', '=', resource)
      .where('token', '=', token)
      .where('released', '=', 0);
const prolong = new Statement(whileHeld({}));
const giveBack = new Statement(whileHeld({ released: 1 }));

export function* findLease(resource: string): Procedure<Lease | null> {
  const row = yield* one.first({ resource });
  return row === undefined ? null : toLease(row, yield* clock());
}

export function* listLeases(prefix: string): Procedure<Lease[]> {
  const rows = yield* many.all({ prefix, length: [...prefix].length });
  const now = yield* clock();
  return rows.map((row) => toLease(row, now));
}

/** @param last the lease as it stands. Null: somebody holds it. */
export function* takeLease(
  { resource, owner, ttlMs }: Omit<LeaseGrant, 'token'>,
  last: Lease | null,
): Procedure<Lease | null> {
  if (last !== null && !last.released && last.expiresInMs > 0) return null;
  return yield* give({ resource, token: (last?.token ?? 0) + 1, owner, ttlMs });
}

/** @throws FencedOff the token is not above the last one */
export function* grantLease(grant: LeaseGrant): Procedure<void> {
  const { resource } = grant;
  const current = (yield* one.first({ resource }))?.token ?? 0;
  if (!(grant.token > current)) throw new FencedOff(fenceOf(grant), current);
  yield* give(grant);
}

function* give({ resource, token, owner, ttlMs }: LeaseGrant): Procedure<Lease> {
  const now = yield* clock();
  const expires_at = now + Math.round(ttlMs);
  const row = { resource, token, owner: JSON.stringify(owner), expires_at, released: 0 } as const;
  yield* put.run(row);
  return toLease(row, now);
}

/** False: it is not this token's any more. */
export function* renewLease({ resource, token }: Fence, ttlMs: number): Procedure<boolean> {
  const expiresAt = (yield* clock()) + Math.round(ttlMs);
  return (yield* prolong.run({ resource, token, expiresAt })) === 1;
}

/** The token stays on record: the next one has to be above it. */
export function* releaseLease({ resource, token }: Fence): Procedure<boolean> {
  return (yield* giveBack.run({ resource, token, expiresAt: yield* clock() })) === 1;
}

/** @throws FencedOff another holder was given the resource, or it was released */
export function* assertHeld(fence: Fence): Procedure<void> {
  const row = yield* one.first({ resource: fence.resource });
  if (row === undefined || row.token !== fence.token || row.released === 1) {
    throw new FencedOff(fenceOf(fence), row?.token ?? 0);
  }
}

const fenceOf = ({ resource, token }: Fence): Fence => ({ resource, token });

function toLease(row: LeaseRow, now: number): Lease {
  const released = row.released === 1;
  const leftMs = row.expires_at - now;
  return {
    resource: row.resource,
    token: row.token,
    owner: storedObject(row.owner, `the owner of the lease ${row.resource}`),
    expiresInMs: released ? Math.min(0, leftMs) : leftMs,
    released,
  };
}
