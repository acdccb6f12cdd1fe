/** Leases in SQLite: who holds what, under which token. Every function runs inside the caller's transaction. */
import { sql } from 'kysely';
import { type Fence, FencedOff, type JsonObject, type Lease } from './log.ts';
import type { SqliteConnection, Statement } from './sqlite-connection.ts';
import type { LeaseRow } from './sqlite-schema.ts';

export interface Grant extends Fence {
  readonly owner: JsonObject;
  readonly ttlMs: number;
}

export class SqliteLeases {
  readonly #now: () => number;
  readonly #one: Statement<{ resource: string }, LeaseRow>;
  readonly #many: Statement<{ prefix: string; length: number }, LeaseRow>;
  readonly #put: Statement<LeaseRow, unknown>;
  readonly #renew: Statement<Fence & { expiresAt: number }, unknown>;
  readonly #release: Statement<Fence & { expiresAt: number }, unknown>;

  /** @param now milliseconds since 1970: the log's clock */
  constructor(connection: SqliteConnection, now: () => number) {
    this.#now = () => Math.round(now());
    const { db } = connection;
    this.#one = connection.prepare((value: { resource: string }) =>
      db.selectFrom('leases').selectAll().where('resource', '=', value.resource),
    );
    this.#many = connection.prepare((value: { prefix: string; length: number }) =>
      db
        .selectFrom('leases')
        .selectAll()
        .where(sql<boolean>`substr(resource, 1, ${value.length}) = ${value.prefix}`)
        .orderBy('resource'),
    );
    this.#put = connection.prepare((value: LeaseRow) => {
      const { resource, token, owner, expires_at, released } = value;
      return db
        .insertInto('leases')
        .values({ resource, token, owner, expires_at, released })
        .onConflict((conflict) =>
          conflict.column('resource').doUpdateSet((eb) => ({
            token: eb.ref('excluded.token'),
            owner: eb.ref('excluded.owner'),
            expires_at: eb.ref('excluded.expires_at'),
            released: eb.ref('excluded.released'),
          })),
        );
    });
    const whileHeld = (set: { released?: 1 }) => (value: Fence & { expiresAt: number }) =>
      db
        .updateTable('leases')
        .set({ expires_at: value.expiresAt, ...set })
        .where('resource', '=', value.resource)
        .where('token', '=', value.token)
        .where('released', '=', 0);
    this.#renew = connection.prepare(whileHeld({}));
    this.#release = connection.prepare(whileHeld({ released: 1 }));
  }

  find(resource: string): Lease | null {
    const row = this.#one.get({ resource });
    return row === undefined ? null : toLease(row, this.#now());
  }

  list(prefix: string): Lease[] {
    const now = this.#now();
    return this.#many.all({ prefix, length: [...prefix].length }).map((row) => toLease(row, now));
  }

  /** Null: somebody holds it. */
  take(resource: string, owner: JsonObject, ttlMs: number): Lease | null {
    const last = this.find(resource);
    if (last !== null && !last.released && last.expiresInMs > 0) return null;
    this.#give({ resource, token: (last?.token ?? 0) + 1, owner, ttlMs });
    return this.find(resource);
  }

  /** @throws FencedOff the token is not above the last one */
  grant(grant: Grant): void {
    const current = this.#one.get({ resource: grant.resource })?.token ?? 0;
    if (!(grant.token > current)) throw new FencedOff(fenceOf(grant), current);
    this.#give(grant);
  }

  #give({ resource, token, owner, ttlMs }: Grant): void {
    const expires_at = this.#expiry(ttlMs);
    this.#put.run({ resource, token, owner: JSON.stringify(owner), expires_at, released: 0 });
  }

  renew(fence: Fence, ttlMs: number): boolean {
    return this.#renew.run({ ...fence, expiresAt: this.#expiry(ttlMs) }) === 1;
  }

  /** The token stays on record: the next one has to be above it. */
  release(fence: Fence): boolean {
    return this.#release.run({ ...fence, expiresAt: this.#now() }) === 1;
  }

  /** @throws FencedOff another holder was given the resource, or it was released */
  assertHeld(fence: Fence): void {
    const row = this.#one.get({ resource: fence.resource });
    if (row === undefined || row.token !== fence.token || row.released === 1) {
      throw new FencedOff(fenceOf(fence), row?.token ?? 0);
    }
  }

  #expiry(ttlMs: number): number {
    return this.#now() + Math.round(ttlMs);
  }
}

const fenceOf = ({ resource, token }: Fence): Fence => ({ resource, token });

function toLease(row: LeaseRow, now: number): Lease {
  const released = row.released === 1;
  const leftMs = row.expires_at - now;
  return {
    resource: row.resource,
    token: row.token,
    owner: JSON.parse(row.owner) as JsonObject,
    expiresInMs: released ? Math.min(0, leftMs) : leftMs,
    released,
  };
}
