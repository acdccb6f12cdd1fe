/** Ten thousand changes behind the log's back: verify names the first wrong position, or the head digest differs. */
import { expect, it } from 'vitest';
import { hashOf, noHash, verifyRows } from '../../../src/store/hash-chain.ts';
import type { Verification } from '../../../src/store/log.ts';
import type { EventRow } from '../../../src/store/tables.ts';
import { emptyLog, type Inside, openBytes } from './inside.ts';
import { attackTimeoutMs, drawn, type Lot, often, tell } from './seed.ts';
import { isSameRow, put, type Recorded, recorded } from './tampered-log.ts';
import { type Tampering, tamperings } from './tampering.ts';

const changes = often(2_000, 1_000_000);
const changesPerLog = 500;
const changesOfControl = 500;
/** Puts these rows in place of the recorded ones, and verifies what is there then. */
async function verifyWith(inside: Inside, rows: readonly EventRow[]) {
  put(inside, rows);
  return inside.log.verify();
}

/**
 * What should be said of these rows, found without any hash: the first that is not the one recorded
 * at its place; a missing tail has none.
 */
function firstChanged(rows: readonly EventRow[], before: readonly EventRow[]): number | null {
  const at = rows.findIndex((row, n) => !isSameRow(row, before[n]));
  return at === -1 ? null : (rows[at]?.position ?? null);
}

/** Whether each row still names the hash of the one before it in its stream: what anybody sees without a hash function. */
function areChained(rows: readonly EventRow[]): boolean {
  const heads = new Map<string, string>();
  return rows.every(({ stream, hash, previous_hash }) => {
    const follows = previous_hash === (heads.get(stream) ?? noHash);
    heads.set(stream, hash);
    return follows;
  });
}

/** Null: it was found, and said rightly where. */
function problem(
  found: Verification,
  rows: readonly EventRow[],
  before: Recorded,
  { signs }: Tampering,
): string | null {
  const { headDigest, events } = before.verified;
  const changed = firstChanged(rows, before.rows);
  const named = found.fault?.position ?? null;
  const isSeen = found.headDigest !== headDigest || found.events !== events;
  if (named === null && !isSeen) return 'not found';
  // A forger who makes a hash anew is seen later in the stream; one who makes them all anew by the exported digest alone.
  const isPlaced = named === null ? areChained(rows) : named >= (changed ?? 0);
  const isRight = signs ? isPlaced : named === changed;
  return isRight ? null : `found at ${named}, not at ${changed}`;
}

async function tamperOften(
  lot: Lot,
  wanted: number,
  verify: (inside: Inside, rows: readonly EventRow[]) => Promise<Verification>,
): Promise<Map<string, string[]>> {
  const before = await recorded(lot);
  const inside = openBytes(before.bytes);
  const problems = new Map(Object.keys(tamperings).map((what) => [what, [] as string[]]));
  for (let n = 0; n < wanted; n++) {
    const [what, tampering] = lot.oneOf(Object.entries(tamperings));
    const rows = tampering.change(before.rows, lot);
    const found = problem(await verify(inside, rows), rows, before, tampering);
    if (found !== null) problems.get(what)?.push(found);
  }
  await inside.log.close();
  return problems;
}

const missed = (problems: ReadonlyMap<string, string[]>): Record<string, string[]> =>
  Object.fromEntries([...problems].filter(([, found]) => found.length > 0));

it(`${changes} changes are all found`, { timeout: attackTimeoutMs }, async () => {
  await drawn(async (lot, seed) => {
    const rounds = Math.ceil(changes / changesPerLog);
    for (let n = 0; n < rounds; n++) {
      expect(missed(await tamperOften(lot, changesPerLog, verifyWith))).toEqual({});
    }
    tell(`tampering: ${rounds * changesPerLog} changes to ${rounds} logs, seed ${seed}`);
  });
});

/** What these rows would be to a verifier that takes the hash column for granted. */
async function* believed(rows: readonly EventRow[]) {
  const heads = new Map<string, string>();
  yield rows.map((row) => {
    const follows = { ...row, previous_hash: heads.get(row.stream) ?? noHash };
    const hash = hashOf(follows);
    heads.set(row.stream, hash);
    return { ...follows, hash };
  });
}

it('a verifier that believes the stored hashes is found out', async () => {
  await drawn(async (lot) => {
    const verify = async (_: Inside, rows: readonly EventRow[]) => {
      const found = await verifyRows(believed(rows));
      return { ...found, headDigest: '' };
    };
    const blind = missed(await tamperOften(lot, changesOfControl, verify));
    expect(Object.keys(blind)).toEqual(expect.arrayContaining(['a bit', 'a row edited']));
  });
});

it('without the exported digest a cut tail is not found', async () => {
  await drawn(async (lot) => {
    const before = await recorded(lot);
    const inside = openBytes(before.bytes);
    const { headDigest, events } = before.verified;
    const cut = before.rows.slice(0, -1);
    const found = { ...(await verifyWith(inside, cut)), headDigest, events };
    expect(problem(found, cut, before, { change: (rows) => rows, signs: false })).toBe('not found');
    const same = await verifyWith(inside, before.rows);
    expect(same).toEqual(before.verified);
    await inside.log.close();
  });
});

// Events are verified by position; what is read by stream comes through an index.
it('an event that its stream’s index no longer has is found', async () => {
  const { connection, log } = openBytes(await emptyLog());
  for (let n = 1; n <= 6; n++) {
    const event = { id: `event ${n}`, type: 'thing.happened', data: { n }, metadata: {} };
    await log.append([{ stream: 'deploy/5', expected: n - 1, events: [event] }]);
  }
  const { handle } = connection;
  const find = "select rootpage from sqlite_schema where name = 'sqlite_autoindex_events_2'";
  const page = Number(handle.prepare(find).pluck().get());
  const pageSize = Number(handle.pragma('page_size', { simple: true }));
  const bytes = handle.serialize();
  await log.close();
  bytes[bytes.indexOf('deploy/5', (page - 1) * pageSize) + 7] = '6'.charCodeAt(0);

  const after = openBytes(bytes);
  const [inStream, all] = [await after.log.readStream('deploy/5'), await after.log.readAll()];
  const { fault } = await after.log.verify();
  await after.log.close();
  if (inStream.length !== 5 || all.length !== 6) return;
  expect(fault).not.toBeNull();
});
