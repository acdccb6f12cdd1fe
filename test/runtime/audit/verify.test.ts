/**
 * A log that somebody changed, anyhow: each change is found where it is. Whoever recomputes all that follows is found by a head
 * that was signed, or kept elsewhere. By day a short log and a few changes; LOCKSTEP_SOAK=1: a thousand deploys, and all of them.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it } from 'vitest';
import { signHead, takeHead } from '../../../src/runtime/audit/head.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { type Audit, LogVerifier, type VerifyOptions } from '../../../src/runtime/audit/verify.ts';
import { verifyTables } from '../../../src/runtime/audit/verify-table.ts';
import { hashOf, noHash } from '../../../src/store/hash-chain.ts';
import type { FullBlocks } from '../../../src/store/head-chain.ts';
import { keptBlocks } from '../../../src/store/head-of-log.ts';
import type { EventLog, LogHead } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import type { EventRow } from '../../../src/store/tables.ts';
import { fc } from '../../fast-check.ts';
import { sample } from '../../machine/samples.ts';
import { isSoak } from '../../store/attacks/seed.ts';
import { recomputed, textColumns } from '../../store/attacks/tampering.ts';
import { run, wayToGates, wayToLive, writeDeploy, writeLane } from './written.ts';

const pair = generateKeyPairSync('ed25519');
const deploys = isSoak ? 1_000 : 24;
const numRuns = isSoak ? 50 : 12;

let log: EventLog;
let rows: readonly EventRow[];
let end: LogHead;

/** Deploys of two lanes of every end, a signed head behind each. */
beforeAll(async () => {
  log = await openLog('sqlite::memory:', { projections });
  let base: string | null = null;
  for (let n = 1; n <= deploys; n++) {
    const commit = n.toString(16).padStart(8, '0') + 'a'.repeat(32);
    const lane = n % 5 === 0 ? 'other' : 'acme-web';
    const gates = wayToGates(commit, base, `v${n}`);
    const ways = [
      wayToLive(commit, base, `v${n}`),
      [...gates, sample('production.held')],
      [...gates, sample('deploy.failed')],
      [sample('lock.waitTimedOut')],
      [...gates, sample('production.held'), sample('deploy.resumed')],
    ];
    const way = ways[n % 7] ?? ways[0] ?? [];
    await writeDeploy(log, { label: String(n), commit, lane }, way);
    await writeLane(
      log,
      { type: 'lane.enabled', data: { actor: 'a', observed: 'o', reason: `${n}` } },
      lane,
    );
    await takeHead(log, run, pair.privateKey);
    if (way === ways[0]) base = commit;
  }
  const stored: EventRow[] = [];
  for await (const page of log.stored()) stored.push(...page);
  rows = stored;
  end = await log.headDigest();
  return () => log.close();
}, 300_000);

function verified(changed: readonly EventRow[], options: VerifyOptions = {}): Audit {
  const verifier = new LogVerifier({ keys: [pair.publicKey], pinned: [end], ...options });
  for (const row of changed) verifier.take(row);
  return verifier.finish();
}

const placesOf = ({ findings }: Audit, kinds: readonly string[]): number[] =>
  findings.filter(({ kind }) => kinds.includes(kind)).map(({ position }) => position);

const altered = (text: string, at: number): string => {
  const place = at % text.length;
  const other = text[place] === '1' ? '2' : '1';
  return text.slice(0, place) + other + text.slice(place + 1);
};

const place = fc.nat(1_000_000);
const flip = (row: EventRow, field: number, at: number): EventRow => {
  if (field % 10 === 8) return { ...row, version: row.version + 1 + (at % 3) };
  if (field % 10 === 9) return { ...row, schema: row.schema + 1 + (at % 3) };
  const name = textColumns[field % 10] ?? 'data';
  return { ...row, [name]: altered(row[name], at) };
};

const headOfToday = (of: readonly EventRow[], position: number): LogHead =>
  verified(of.slice(0, position), { keys: [], pinned: [] }).head;

/** As earlier versions told it: over every stream's name, last version and last hash, in the order of the names' bytes. */
function earlierHead(of: readonly EventRow[], position: number): LogHead {
  const heads = new Map<string, EventRow>();
  for (const row of of.slice(0, position)) heads.set(row.stream, row);
  const named = [...heads.keys()].map((name) => Buffer.from(name)).sort(Buffer.compare);
  const sum = createHash('sha256');
  for (const name of named) {
    const { stream, version, hash } = heads.get(name.toString()) as EventRow;
    for (const field of [stream, version, hash]) {
      sum.update(`${Buffer.byteLength(`${field}`)}:${field},`);
    }
  }
  return { digest: sum.digest('hex'), position };
}

/** The log as an earlier version would have signed it. */
function signedEarlier(of: readonly EventRow[]): readonly EventRow[] {
  const made: EventRow[] = [];
  let last = noHash;
  for (const row of of) {
    if (row.stream !== 'heads') {
      made.push(row);
      continue;
    }
    const data = JSON.stringify(signHead(earlierHead(made, made.length), pair.privateKey));
    const signed = { ...row, schema: 1, data, previous_hash: last };
    last = hashOf(signed);
    made.push({ ...signed, hash: last });
  }
  return made;
}

const check = (property: Parameters<typeof fc.assert>[0]) =>
  fc.assert(property as never, { numRuns, seed: isSoak ? undefined : 7 } as never);

// A thousand deploys take a while where much else runs.
describe('a log', { timeout: isSoak ? 600_000 : 60_000 }, () => {
  it('that nobody changed is what was recorded, up to its last signed head', () => {
    const audit = verified(rows);
    expect(audit).toMatchObject({
      ...{ events: rows.length, deploys, head: end, found: 0, findings: [] },
      pinned: [{ ...end, isRight: true }],
      signed: { heads: deploys, upTo: rows.length - 1, areChecked: true },
    });
  });

  it('in which any bytes were changed is found to be so at each of the two places', () => {
    check(
      fc.property(place, place, fc.nat(9), fc.nat(9), place, (i, j, field, other, at) => {
        const changed = [...rows];
        const places = new Set([i % rows.length, j % rows.length]);
        for (const [n, index] of [...places].entries()) {
          changed[index] = flip(rows[index] as EventRow, n === 0 ? field : other, at);
        }
        const found = placesOf(verified(changed), ['chain']);
        for (const index of places) expect(found).toContain(index + 1);
      }),
    );
  });

  it('from which an event was taken is found to be so at its place', () => {
    check(
      fc.property(place, (i) => {
        const index = i % (rows.length - 1);
        const audit = verified(rows.filter((_, at) => at !== index));
        expect(audit.findings[0]).toMatchObject({
          ...{ kind: 'chain', position: index + 2 },
          reason: `position ${index + 1} is missing: ${index + 2} comes next`,
        });
      }),
    );
  });

  it('in which two events changed places is found to be so at both, the first first', () => {
    check(
      fc.property(place, place, (i, j) => {
        const [a, b] = [i % rows.length, j % rows.length].sort((x, y) => x - y) as [number, number];
        if (a === b) return;
        const changed = [...rows];
        changed[a] = { ...(rows[b] as EventRow), position: a + 1 };
        changed[b] = { ...(rows[a] as EventRow), position: b + 1 };
        const found = placesOf(verified(changed), ['chain']);
        expect([found[0], found.includes(b + 1)]).toEqual([a + 1, true]);
      }),
    );
  });

  it('into which an event was put is found to be so there, or at the one behind it', () => {
    check(
      fc.property(place, place, fc.boolean(), (i, j, isHashed) => {
        const index = i % rows.length;
        const twin = rows[j % rows.length] as EventRow;
        const put = { ...twin, position: index + 1, id: `put-${j}` };
        const changed = [
          ...rows.slice(0, index),
          isHashed ? { ...put, hash: hashOf(put) } : put,
          ...rows.slice(index).map((row) => ({ ...row, position: row.position + 1 })),
        ];
        const [first = 0] = placesOf(verified(changed), ['chain']);
        expect([index + 1, index + 2]).toContain(first);
      }),
    );
  });

  it('whose end was cut off is found to be so by a head that was kept elsewhere', () => {
    check(
      fc.property(place, (i) => {
        const length = 1 + (i % (rows.length - 1));
        const { findings } = verified(rows.slice(0, length), { keys: [] });
        expect(findings).toMatchObject([{ kind: 'head', position: length }]);
        expect(findings[0]?.reason).toContain(
          `the log ends at ${length}, and the head was of ${rows.length}`,
        );
      }),
    );
  });

  it('of which all that follows was recomputed is found out by signed heads, between two of them', () => {
    check(
      fc.property(place, fc.nat(2), (i, how) => {
        const ours = rows.filter(({ stream }) => stream !== 'heads');
        const { position } = ours[i % ours.length] as EventRow;
        const index = position - 1;
        const old = rows[index] as EventRow;
        const lie = { ...old, metadata: old.metadata.replace('"git":"Ana', '"git":"Bob') };
        const changed = [...rows];
        if (how === 0) changed.splice(index, 1);
        else if (how === 1) changed.splice(index, 0, { ...old, id: `put-${i}` });
        else changed[index] = lie;
        const { findings } = verified(recomputed(changed), { pinned: [] });
        const heads = findings.filter(({ kind }) => kind === 'head');
        expect(heads.length, `${how} at ${position}`).toBe(1);
        const [first] = heads;
        const since = Number(/after position (\d+)$/.exec(first?.reason ?? '')?.[1]);
        expect(since).toBeLessThan(position);
        // Heads are compared so often that an eighth of the streams, or two deploys, are between two of them.
        const apart = (first?.position ?? 0) - since;
        expect(apart).toBeLessThanOrEqual(deploys / 8 + 40);
        expect(first?.position).toBeGreaterThanOrEqual(position - 1);
        expect(placesOf({ findings } as Audit, ['chain'])).toEqual([]);
      }),
    );
  });

  it('that nobody changed is held against heads of earlier versions, too', () => {
    const pinned = [0, 1, 40, rows.length].map((position) => earlierHead(rows, position));
    expect(verified(signedEarlier(rows), { pinned: [] })).toMatchObject({
      ...{ found: 0, signed: { heads: deploys, upTo: rows.length - 1 } },
    });
    const audit = verified(rows, { pinned: [...pinned, end] });
    expect(audit.findings).toEqual([]);
    expect(audit.pinned.map(({ isRight }) => isRight)).toEqual([true, true, true, true, true]);
    const wrong = { ...earlierHead(rows, 40), position: 41 };
    expect(verified(rows, { pinned: [wrong] }).findings).toMatchObject([{ kind: 'head' }]);
    // Nor is it right where the event of its position is gone.
    const without = rows.filter(({ position }) => position !== 41);
    expect(verified(without, { pinned: [wrong] }).pinned).toEqual([{ ...wrong, isRight: false }]);
  });

  it('is held against a head of today from which the 2- was not copied, and told of by its whole name', () => {
    const half = headOfToday(rows, 40);
    const bare = { ...half, digest: half.digest.replace('2-', '') };
    expect(verified(rows, { pinned: [bare] })).toMatchObject({
      ...{ found: 0, pinned: [{ ...half, isRight: true }] },
    });
    const wrong = { ...bare, position: 41 };
    const { findings, pinned } = verified(rows, { pinned: [wrong] });
    expect(pinned).toEqual([{ ...wrong, isRight: false }]);
    expect(findings.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('neither as an earlier version told heads nor with 2-; the change'),
    ]);
  });

  it.each([
    ['of today', (rows: readonly EventRow[], at: number) => headOfToday(rows, at)],
    ['of an earlier version', earlierHead],
  ])(
    'of which all that follows was recomputed is found out by a head %s that was pinned, behind the one before it',
    (_, headOf) => {
      const pins = [5, 20, 60, 100].map((at) => Math.floor((rows.length * at) / 100));
      const heads = pins.map((position) => headOf(rows, position));
      check(
        fc.property(place, (i) => {
          const index = i % rows.length;
          const old = rows[index] as EventRow;
          const changed = [...rows];
          changed[index] = { ...old, metadata: `${old.metadata.slice(0, -1)},"x":1}` };
          const { pinned, findings } = verified(recomputed(changed), { keys: [], pinned: heads });
          const right = pins.map((pin) => pin <= index);
          expect(pinned.map(({ isRight }) => isRight)).toEqual(right);
          const since = pins.findLast((pin) => pin <= index) ?? 0;
          const ofPins = findings.filter(({ reason }) => reason.includes('that the head'));
          expect(ofPins[0]?.reason).toMatch(new RegExp(`after position ${since}$`));
        }),
      );
    },
  );

  it('in which a transition was forged, and all recomputed, is found to be so at that event', () => {
    const moved = rows.filter(({ metadata }) => metadata.includes('"transition"'));
    check(
      fc.property(place, (i) => {
        const old = moved[i % moved.length] as EventRow;
        const metadata = old.metadata.replace(/"to":"[^"]*"/, '"to":"production.live"');
        if (metadata === old.metadata) return;
        const changed = rows.map((row) => (row === old ? { ...row, metadata } : row));
        const found = placesOf(verified(recomputed(changed), { keys: [], pinned: [] }), [
          'transition',
        ]);
        expect(found).toEqual([old.position]);
      }),
    );
  });

  it('that goes on behind the end of a deploy is found to do so', () => {
    const last = rows.findLast(({ type }) => type === 'production.verified') as EventRow;
    const { findings } = verified(
      recomputed([...rows, { ...last, id: 'again', time: rows.at(-1)?.time ?? '' }]),
      {
        keys: [],
        pinned: [],
      },
    );
    expect(findings).toMatchObject([{ kind: 'transition', position: rows.length + 1 }]);
  });

  it('whose heads somebody else signed again is found out by the key', () => {
    const other = generateKeyPairSync('ed25519');
    const changed: EventRow[] = [];
    for (const row of rows) {
      if (row.stream !== 'heads') changed.push(row);
      else {
        const head = { digest: 'a'.repeat(64), position: row.position - 1 };
        changed.push({ ...row, data: JSON.stringify(signHead(head, other.privateKey)) });
      }
    }
    const { findings, found, signed } = verified(recomputed(changed), { pinned: [] });
    expect([signed.upTo, found]).toEqual([0, deploys + 1]);
    expect(findings[0]?.reason).toContain('another key');
    expect(verified(rows, { keys: [pair.publicKey, other.publicKey] }).found).toBe(0);
  });
});

describe('what is found is said in words, where', () => {
  const at = (wanted: (row: EventRow) => boolean): EventRow =>
    rows.find(wanted) ?? expect.unreachable('the log has no such event');
  const replaced = (row: EventRow, by: Partial<EventRow>) =>
    rows.map((one) => (one === row ? { ...one, ...by } : one));
  const ofDeploy = () => at(({ type }) => type === 'staging.released');
  const ofLane = () => at(({ stream }) => stream === 'lane/acme-web');
  const ofHead = () => at(({ stream, position }) => stream === 'heads' && position > 60);
  const unseen = { keys: [], pinned: [] };

  it.each<[string, () => readonly EventRow[], VerifyOptions?]>([
    ['the data of an event of a deploy is no JSON', () => replaced(ofDeploy(), { data: '{' })],
    [
      'it is none, and all was recomputed',
      () => recomputed(replaced(ofDeploy(), { data: '{' })),
      unseen,
    ],
    [
      'an event of a deploy is of no type that there is',
      () => recomputed(replaced(ofDeploy(), { type: 'staging.painted' })),
      unseen,
    ],
    [
      'an event of a lane is of no type that there is',
      () => recomputed(replaced(ofLane(), { type: 'lane.painted' })),
      unseen,
    ],
    [
      'an event leads elsewhere than the chart',
      () => {
        const row = ofDeploy();
        const metadata = row.metadata.replace(/"to":"[^"]*"/, '"to":"production.live"');
        return recomputed(replaced(row, { metadata }));
      },
      unseen,
    ],
    [
      'an event stands behind the end of its deploy',
      () => {
        const last = rows.findLast(({ type }) => type === 'production.verified') as EventRow;
        return recomputed([...rows, { ...last, id: 'again', time: rows.at(-1)?.time ?? '' }]);
      },
      unseen,
    ],
    [
      'an event has no stream',
      () => rows.map((row) => (row === ofDeploy() ? { ...row, stream: null as never } : row)),
      unseen,
    ],
    [
      'a head was signed with a key of somebody else',
      () => {
        const { privateKey } = generateKeyPairSync('ed25519');
        const row = ofHead();
        const head = { digest: 'a'.repeat(64), position: row.position - 1 };
        return recomputed(replaced(row, { data: JSON.stringify(signHead(head, privateKey)) }));
      },
      { pinned: [] },
    ],
    [
      'a signature is not of its head',
      () => {
        const row = ofHead();
        const data = { ...JSON.parse(row.data), position: row.position - 2 };
        return recomputed(replaced(row, { data: JSON.stringify(data) }));
      },
      { pinned: [] },
    ],
    [
      'nothing was signed',
      () => recomputed(rows.filter(({ stream }) => stream !== 'heads').slice(0, 3)),
      { pinned: [] },
    ],
    ['its end was cut off', () => rows.slice(0, 40)],
    [
      'it is another one than was signed and pinned',
      () => {
        const row = ofDeploy();
        return recomputed(replaced(row, { metadata: `${row.metadata.slice(0, -1)},"x":1}` }));
      },
    ],
  ])('%s', (_, changed, options) => {
    const told = verified(changed(), options).findings.map(
      ({ kind, position, stream, reason }) => `${kind} at ${position} of ${stream}: ${reason}`,
    );
    const masked = told.join('\n').replace(/(2-)?[0-9a-f]{64}/g, '$1HASH');
    expect(masked).toMatchSnapshot();
  });

  it('it is the same everywhere: the first hundred of a kind are told, and all are counted', () => {
    const changed = rows.map((row) => ({ ...row, id: `${row.id}x` }));
    const { found, findings } = verified(changed, { pinned: [{ ...end, digest: 'a'.repeat(64) }] });
    const chain = findings.filter(({ kind }) => kind === 'chain');
    expect(chain.map(({ position }) => position)).toEqual(
      rows.slice(0, 100).map(({ position }) => position),
    );
    const others = findings.length - chain.length;
    expect(others).toBeGreaterThan(0);
    expect(found).toBe(rows.length + others);
  });
});

it('what the next head is computed from is held against the events', async () => {
  const kept = await openLog('sqlite::memory:');
  const many = Array.from({ length: 1_300 }, (_, n) => ({
    ...{ id: `${n}`, type: 'thing.happened', data: {}, metadata: {} },
  }));
  await kept.append([{ stream: 'a', expected: 'any', events: many }]);
  await kept.headDigest();
  const blocks = (await keptBlocks(kept)) as FullBlocks;
  const stored: EventRow[] = [];
  for await (const page of kept.stored()) stored.push(...page);
  const findingsOf = (expected: FullBlocks | null, of: readonly EventRow[] = stored) => {
    const verifier = new LogVerifier();
    verifier.expect(expected);
    for (const row of of) verifier.take(row);
    return verifier.finish().findings;
  };
  expect(findingsOf(blocks)).toEqual([]);
  expect(findingsOf(null)).toEqual([]);
  const lie = { ...blocks, digest: 'a'.repeat(64) };
  expect(findingsOf(lie)).toEqual([
    {
      ...{ kind: 'table', position: blocks.position, stream: '' },
      reason: `what the next head is computed from is not what the events up to ${blocks.position} make`,
    },
  ]);
  expect(findingsOf(blocks, stored.slice(0, 1_100))).toMatchObject([
    { kind: 'table', position: 1_100 },
  ]);
  await kept.close();
});

it('a row of the table is held against the events, too, where they are the log’s last', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-verify-'));
  const file = join(folder, 'log.db');
  const commit = 'b'.repeat(40);
  const kept = await openLog(`sqlite:${file}`, { projections });
  await writeDeploy(kept, { label: '0', commit }, wayToLive(commit, null, 'v0'));
  await kept.close();
  const database = new Database(file);
  database.exec("update deploys set state = 'failed'");
  database.close();
  const read = await openLog(`sqlite:${file}`, { projections, readOnly: true });
  const verifier = new LogVerifier();
  for await (const page of read.stored()) for (const row of page) verifier.take(row);
  const found = await verifyTables(read, verifier, await read.head());
  expect(found).toMatchObject([{ reason: 'the table of deploys has another state' }]);
  await read.close();
  rmSync(folder, { recursive: true });
});

it('a table of deploys that is not what the events say is found to be so, row by row', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-verify-'));
  const file = join(folder, 'log.db');
  const kept = await openLog(`sqlite:${file}`, { projections });
  const commits = ['b', 'c', 'd'].map((digit) => digit.repeat(40));
  for (const [n, commit] of commits.entries()) {
    await writeDeploy(kept, { label: `${n}`, commit }, wayToLive(commit, null, `v${n}`));
  }
  const person = { actor: 'a', observed: 'o', reason: 'r' };
  await writeLane(kept, { type: 'lane.enabled', data: person });
  await writeLane(kept, { type: 'lane.disabled', data: person });
  await kept.close();
  const audited = async () => {
    const read = await openLog(`sqlite:${file}`, {
      projections,
      readOnly: true,
    });
    const verifier = new LogVerifier();
    for await (const page of read.stored()) for (const row of page) verifier.take(row);
    const found = await verifyTables(read, verifier, await read.head());
    await read.close();
    expect(verifier.finish().found).toBe(0);
    return found.map(({ stream, reason }) => [stream, reason]);
  };
  expect(await audited()).toEqual([]);
  // What is written while it is verified is behind what was read, and no finding.
  const growing = await openLog(`sqlite:${file}`, { projections });
  const verifier = new LogVerifier();
  for await (const page of growing.stored()) for (const row of page) verifier.take(row);
  const head = await growing.head();
  const [commit = ''] = commits;
  await writeDeploy(growing, { label: '3', commit }, wayToLive(commit, null, 'v3'));
  await writeLane(growing, { type: 'lane.enabled', data: person });
  await writeLane(growing, { type: 'lane.enabled', data: person }, 'another');
  expect(await verifyTables(growing, verifier, head)).toEqual([]);
  await growing.close();
  const database = new Database(file);
  database.exec(`update deploys set state = 'failed' where deploy like '0-%';
    delete from deploys where deploy like '1-%';
    insert into deploys (deploy, requested_at, reason, lane, commit_id, title, branch, build, state, since,
      requested_position, settled, version, position, people, title_sought, names_sought)
      select 'x', requested_at, reason, lane, commit_id, title, branch, build, state, since,
      requested_position + 1000, settled, version, 7, people, title_sought, names_sought from deploys where deploy like '2-%'`);
  database.exec(
    `update lane_marks set version = version + 1 where mark = 'lane.enabled' and lane = 'acme-web'`,
  );
  database.exec(`update lane_marks set position = 1 where mark = 'lane.disabled'`);
  database.close();
  expect(await audited()).toEqual([
    ['deploy/0-bbbbbbbb', 'the table of deploys has another state'],
    ['deploy/x', 'the table of deploys has a row of no deploy'],
    ['deploy/1-cccccccc', 'the table of deploys has no row'],
    ['lane/acme-web', 'the index of lanes has another last lane.enabled'],
    ['lane/acme-web', 'the index of lanes has another last lane.disabled'],
  ]);
  rmSync(folder, { recursive: true });
});
