/** A log that somebody changed: the page of a deploy that was left alone is shown, and says which other one cannot be read. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/effects/clock.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import { readToldDeploy } from '../../src/serve/read.ts';
import { startServer } from '../../src/serve/server.ts';
import { type EventLog, LogFault } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { wayToLive, writeDeploy } from '../runtime/audit/written.ts';

const [older, newer] = ['a', 'b'].map((letter) => letter.repeat(40)) as [string, string];
const deploys = { older: `501-${older.slice(0, 8)}`, newer: `502-${newer.slice(0, 8)}` };

let folder: string;
let log: EventLog;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-tampered-'));
  const store = `sqlite:${join(folder, 'log.db')}`;
  log = await openLog(store, { projections });
  await writeDeploy(log, { label: '501', commit: older }, wayToLive(older, null, 'v1'));
  await writeDeploy(log, { label: '502', commit: newer }, wayToLive(newer, older, 'v2'));
});
afterEach(async () => {
  await log.close();
  rmSync(folder, { recursive: true, force: true });
});

function tamper(sql: string): void {
  const handle = new Database(join(folder, 'log.db'));
  const triggers = handle.prepare<[], { name: string }>(
    "select name from sqlite_schema where type = 'trigger'",
  );
  for (const { name } of triggers.all()) handle.exec(`drop trigger ${name}`);
  handle.exec(sql);
  handle.close();
}

async function pageOf(deploy: string): Promise<{ status: number; text: string }> {
  const explain = async () => ({ kind: 'untold', message: '', hint: null }) as const;
  const server = await startServer(
    { log, explain },
    {
      ...{ host: '127.0.0.1', port: 0, ranMs: systemClock.ran },
      door: (port) => ({ names: [`127.0.0.1:${port}`], token: null }),
    },
  );
  server.ended.catch(() => {});
  try {
    const answer = await fetch(`http://127.0.0.1:${server.port}/deploys/${deploy}`);
    return { status: answer.status, text: await answer.text() };
  } finally {
    await server.close();
  }
}

const edits = {
  'an event': `update events set data = replace(data, 'a', 'e') where type = 'production.verified' and`,
  'its row': `update deploys set title = 'another' where deploy = `,
};

it.each(Object.entries({ older: deploys.newer, newer: deploys.older }))(
  'the %s of two is shown though the other was changed',
  async (whose, changed) => {
    const left = deploys[whose as keyof typeof deploys];
    for (const [what, edit] of Object.entries(edits)) {
      const of = what === 'an event' ? ` stream = 'deploy/${changed}'` : `'${changed}'`;
      tamper(edit + of);
      const { status, text } = await pageOf(left);
      expect([what, status]).toEqual([what, 200]);
      expect(text).toContain(`deploy/${changed}`);
      expect(text).toMatch(/role="alert">What became of it is not known/);
      // What hangs on the other one is not guessed; what is its own is there.
      expect(text).not.toMatch(/class="became (?!soft)/);
      expect(text.match(/<tr><td><time/g)).toHaveLength(14);
      // A report is a proof: there is none while the log does not add up.
      await expect(readToldDeploy(log, left)).rejects.toThrow(LogFault);
      const own = await pageOf(changed);
      expect([own.status, own.text.includes(`deploy/${changed}`)]).toEqual([500, true]);
    }
  },
);

it('says nothing of that where the whole lane adds up', async () => {
  for (const deploy of Object.values(deploys)) {
    expect((await pageOf(deploy)).text).not.toContain('is not known');
  }
});
