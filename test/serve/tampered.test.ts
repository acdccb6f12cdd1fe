/** A log that somebody changed: each page shows what was left alone, says what was not, and answers so that whoever watches over it notices. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/effects/clock.ts';
import { hide } from '../../src/redaction/gate.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import { readToldDeploy } from '../../src/serve/read.ts';
import { startServer } from '../../src/serve/server.ts';
import { writePages } from '../../src/serve/write-pages.ts';
import { type EventLog, LogFault } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { sample } from '../machine/samples.ts';
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

function tamper(sql: string, file = 'log.db'): void {
  const handle = new Database(join(folder, file));
  const triggers = handle.prepare<[], { name: string }>(
    "select name from sqlite_schema where type = 'trigger'",
  );
  for (const { name } of triggers.all()) handle.exec(`drop trigger ${name}`);
  handle.exec(sql);
  handle.close();
}

const pageOf = (deploy: string) => at(`/deploys/${deploy}`);

async function at(path: string): Promise<{ status: number; text: string }> {
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
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`);
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
      expect([what, status]).toEqual([what, 500]);
      expect(text).toContain(`deploy/${changed}`);
      expect(text).toContain('What became of it is not known');
      expectTold(text);
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

/** What is wrong, and what to type. */
function expectTold(text: string): void {
  const [, alert = ''] = /<div class="fault" role="alert">(.*?)<\/div>/s.exec(text) ?? [];
  expect(alert).toContain('the log does not add up at position');
  expect(alert).toContain('<pre><code>pipeline verify</code></pre>');
}

const changes = {
  ...{ 'an event': `${edits['an event']} stream = 'deploy/${deploys.newer}'` },
  ...{ 'a row': `${edits['its row']}'${deploys.newer}'` },
  'a row that is gone': `delete from deploys where deploy = '${deploys.newer}'`,
};

describe.each(Object.entries(changes))('where %s was changed', (what, sql) => {
  it('the lanes’ page shows the lanes that were left alone, and names the other', async () => {
    await writeDeploy(log, { label: '503', commit: newer, lane: 'other' }, []);
    tamper(sql);
    const { status, text } = await at('/');
    expect(status).toBe(500);
    expectTold(text);
    expect(text).toMatch(/<section class="lane" aria-label="other">.*href="\/deploys\/503-b/s);
    // Which lane a deploy without a row is of is not known.
    const isOfLane = what !== 'a row that is gone';
    expect(/aria-label="acme-web">\s*<h2>.*?How it stands is not known/s.test(text)).toBe(isOfLane);
  });

  it('a lane’s history shows the deploys that were left alone, and what became of none', async () => {
    await writeDeploy(log, { label: '503', commit: newer, lane: 'other' }, []);
    tamper(sql);
    const { status, text } = await at('/lanes/acme-web');
    expect(text.match(/<tr><td><a href="\/deploys\/501-a/g)).toHaveLength(1);
    expect((await at('/lanes/other')).status).toBe(200);
    if (what === 'a row that is gone') return;
    expect(status).toBe(500);
    expectTold(text);
    expect(text).not.toContain(`href="/deploys/${deploys.newer}"`);
    expect(text).not.toMatch(/class="became (?!soft)/);
    expect((await at('/lanes/acme-web?text=502')).text).toContain('none that can be read');
  });

  it('the chart is shown, and no page of the log is kept as files', async () => {
    tamper(sql);
    const { text } = await at('/chart');
    expect(text).toContain('class="chart"');
    await expect(writePages(log, join(folder, 'pages'), 100)).rejects.toThrow(LogFault);
    expect(existsSync(join(folder, 'pages', 'index.html'))).toBe(false);
  });
});

it('no page is kept as files where what was changed is only in the chart’s use, and older than any figures', async () => {
  const store = `sqlite:${join(folder, 'old.db')}`;
  const longAgo = await openLog(store, { projections, now: () => Date.now() - 60 * 86_400_000 });
  await writeDeploy(longAgo, { label: '501', commit: older }, wayToLive(older, null, 'v1'));
  await longAgo.close();
  const old = await openLog(store, { projections });
  // As many as a lane's standing is made of.
  for (let build = 502; build < 523; build++) {
    await writeDeploy(old, { label: `${build}`, commit: newer }, [sample('deploy.superseded')]);
  }
  tamper(
    edits['an event'].replace('production.verified', 'staging.deployed') +
      ` stream = 'deploy/${deploys.older}'`,
    'old.db',
  );
  await expect(writePages(old, join(folder, 'pages'), 1)).rejects.toThrow(LogFault);
  await old.close();
  expect(existsSync(join(folder, 'pages', 'index.html'))).toBe(false);
});

it('no page tells a secret that stands in a fault', async () => {
  const secret = 'npm-4Zq81vTkL0';
  await writeDeploy(log, { label: secret, commit: newer }, wayToLive(newer, older, 'v3'));
  tamper(`${edits['an event']} stream = 'deploy/${secret}-${newer.slice(0, 8)}'`);
  hide(secret);
  const paths = ['/', '/lanes/acme-web', '/chart'];
  const ofDeploys = [deploys.older, deploys.newer, `${secret}-${newer.slice(0, 8)}`];
  const told: string[] = [];
  for (const path of [...paths, ...ofDeploys.map((deploy) => `/deploys/${deploy}`)]) {
    const { status, text } = await at(path);
    expect([path, status]).toEqual([path, 500]);
    expectTold(text);
    if (text.includes(secret)) told.push(path);
  }
  expect(told).toEqual([]);
});

it('says nothing of that where the whole lane adds up', async () => {
  for (const deploy of Object.values(deploys)) {
    expect((await pageOf(deploy)).text).not.toContain('is not known');
  }
  for (const path of ['/', '/lanes/acme-web', '/chart']) {
    const { status, text } = await at(path);
    expect([path, status, text.includes('class="fault"')]).toEqual([path, 200, false]);
  }
});
