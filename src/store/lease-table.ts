/** The table of leases: who holds what, under which token. */
import { type Kysely, sql } from 'kysely';
import { type Fence, FencedOff, type JsonObject, type Lease } from './log.ts';
import { type BoundStatement, clock, lookUp, type Procedure, Statement } from './procedure.ts';
import { storedObject } from './stored-event.ts';
import { type LeaseRow, type LogTables, lastCharacter } from './tables.ts';

export interface LeaseGrant extends Fence {
  readonly owner: JsonObject;
  readonly ttlMs: number;
}

type Prolonged = Fence & { readonly expiresAt: number };

const columns = ['resource', 'token', 'owner', 'expires_at', 'released'] as const;
const one = new Statement((db, { resource }: { resource: string }) =>
  db.selectFrom('leases').select(columns).where('resource', '=', resource),
);
const between = (db: Kysely<LogTables>, { from, to }: { from: string; to: string }) =>
  db
    .selectFrom('leases')
    .select(columns)
    .where('resource', '>=', from)
    .where('resource', '<', to)
    .orderBy('resource');
const many = new Statement(between);
/** A literal, as in the index of those that are held: an engine does not look into a value. */
const manyHeld = new Statement((db, range: { from: string; to: string }) =>
  between(db, range).where('released', '=', sql.lit(0)),
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

/** Several as they stand, and then how far a stream is. */
export function* standing(
  resources: readonly string[],
  head: BoundStatement<{ version: number }>,
): Procedure<{ leases: (Lease | null)[]; version: number }> {
  const now = yield* clock();
  // The stream last: what was appended to it since the events were read is then seen.
  const found = yield* lookUp({ rows: resources.map(leaseLook), heads: [head] });
  const leases = found.rows.map((row) => (row === undefined ? null : toLease(row, now)));
  return { leases, version: found.heads[0]?.version ?? 0 };
}

export function* listLeases(prefix: string, held: boolean): Procedure<Lease[]> {
  const range = { from: prefix, to: prefix + lastCharacter };
  const rows = yield* (held ? manyHeld : many).all(range);
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

/** The lease as it is granted. @throws FencedOff the token is not above the last one */
export function* grantedLease(grant: LeaseGrant, last: LeaseRow | undefined): Procedure<LeaseRow> {
  const current = last?.token ?? 0;
  if (!(grant.token > current)) throw new FencedOff(fenceOf(grant), current);
  return rowOf(grant, yield* clock());
}

export const putLease = (row: LeaseRow) => put.with(row);

function* give(grant: LeaseGrant): Procedure<Lease> {
  const now = yield* clock();
  const row = rowOf(grant, now);
  yield* put.run(row);
  return toLease(row, now);
}

const rowOf = ({ resource, token, owner, ttlMs }: LeaseGrant, now: number): LeaseRow => ({
  ...{ resource, token, owner: JSON.stringify(owner) },
  expires_at: now + Math.round(ttlMs),
  released: 0,
});

/** False: it is not this token's any more. */
export function* renewLease({ resource, token }: Fence, ttlMs: number): Procedure<boolean> {
  const expiresAt = (yield* clock()) + Math.round(ttlMs);
  return (yield* prolong.run({ resource, token, expiresAt })) === 1;
}

/** The token stays on record: the next one has to be above it. */
export function* releaseLease(fence: Fence): Procedure<boolean> {
  return (yield* giveBack.run(released(fence, yield* clock()))) === 1;
}

/** As `releaseLease`, for who knows that it is held. */
export function* leaseRelease(fence: Fence): Procedure<BoundStatement> {
  return giveBack.with(released(fence, yield* clock()));
}

const released = ({ resource, token }: Fence, now: number): Prolonged => ({
  ...{ resource, token, expiresAt: now },
});

/** The look for a lease as it stands. */
export const leaseLook = (resource: string) => one.with({ resource });

/** @throws FencedOff another holder was given the resource, or it was released */
export function assertHeld(fence: Fence, row: LeaseRow | undefined): void {
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
