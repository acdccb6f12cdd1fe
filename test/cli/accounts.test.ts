/** What is told of many deploys, by the command itself, on a log in a file. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { samples } from '../../src/machine/samples.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { startAnsweringServer } from '../effects/answering-server.ts';
import { sample } from '../machine/samples.ts';
import { wayToGates, wayToLive, writeDeploy, writeLane } from '../runtime/audit/written.ts';
import { CommandHere } from './command-here.ts';

let folder: string;
let here: CommandHere;
let store: string;
const [first, second] = ['b', 'c'].map((digit) => digit.repeat(40)) as [string, string];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-accounts-'));
  store = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(store, { projections });
  await writeDeploy(log, { label: '501', commit: first }, wayToLive(first, null, 'v1'));
  await writeDeploy(log, { label: '502', commit: second }, [
    ...wayToGates(second, first, 'v2'),
    sample('production.held'),
  ]);
  await writeDeploy(log, { label: '7', commit: first, lane: 'acme-api' }, []);
  await log.close();
  here = new CommandHere(folder, { PIPELINE_STORE: store });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('export in a standard’s words', () => {
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('cdevents: a line each, in the log’s order, the same again', async () => {
    const { exit, stdout, stderr } = await here.run(['export', '--format', 'cdevents']);
    expect([exit, stderr]).toEqual([0, expect.stringMatching(/^exported \d+ events\n$/)]);
    const positions = lines(stdout).map(({ id }) => Number.parseInt(id, 10));
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(new Set(positions).size).toBe(24);
    expect((await here.run(['export', '--format', 'cdevents'])).stdout).toBe(stdout);
  });

  it('cdevents of one deploy, into a file that is there whole or not at all', async () => {
    const file = join(folder, 'events.jsonl');
    const args = ['export', '--format', 'cdevents', '--deploy', '502', '--output', file];
    expect(await here.run(args)).toMatchObject({ exit: 0, stdout: '' });
    const chains = lines(readFileSync(file, 'utf8')).map(({ data }) => data.context.chainId);
    expect(new Set(chains).size).toBe(1);
    const none = [...args.slice(0, 3), '--lane', 'nothing', '--output', join(folder, 'none')];
    expect(await here.run(none)).toMatchObject({ exit: 2 });
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it('otel: a trace for each deploy that is over; who is under way is counted', async () => {
    const { stdout, stderr } = await here.run(['export', '--format', 'otel']);
    expect(stderr).toBe('exported 2 traces; 1 deploy under way left out\n');
    expect(lines(stdout).map((one) => Object.keys(one))).toEqual([
      ['resourceSpans'],
      ['resourceSpans'],
    ]);
  });

  const { build, commit } = samples['deploy.requested'];
  it.each([
    ['cdevents', commit.title],
    ['otel', String(build.url)],
  ])('%s has no secret of this environment', async (format, secret) => {
    const args = ['export', '--format', format];
    expect((await here.run(args)).stdout).toContain(secret);
    const elsewhere = new CommandHere(folder, { PIPELINE_STORE: store, NPM_TOKEN: secret });
    const { exit, stdout } = await elsewhere.run(args);
    expect(exit).toBe(0);
    expect(stdout).toContain('[secret]');
    expect(stdout).not.toContain(secret);
  });

  it.each<[string[], number]>([
    [['--format', 'cdevents'], 9],
    [['--format', 'otel'], 9],
    [[], 9],
    // Of the lane: its words are told one by one.
    [['--format', 'cdevents'], 1],
    [[], 1],
  ])('of a log that is not what was recorded ends by that: %j at %i', async (format, position) => {
    const other = `sqlite:${join(folder, `changed-${format.join('')}-${position}.db`)}`;
    const log = await openLog(other, { projections });
    const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'not yet' };
    await writeLane(log, { type: 'lane.disabled', data: person });
    await writeDeploy(log, { label: '501', commit: first }, wayToLive(first, null, 'v1'));
    await log.close();
    const outside = new Database(other.slice('sqlite:'.length));
    outside.exec('drop trigger events_no_update');
    outside.exec(`update events set data = data || ' ' where position = ${position}`);
    outside.close();
    const { exit, stderr } = await here.run(['export', ...format, '--store', other]);
    expect([exit, stderr]).toEqual([1, expect.stringContaining('E_LOG_FAULT')]);
  });

  describe('sent to a receiver', () => {
    const key = 'otlp-key-9f8e7d6c5b4a';
    const sending = (url: string, more: readonly string[] = []) =>
      here.run(['export', '--otlp', url, ...more], {
        PIPELINE_OTLP_HEADERS: `api-key=${key},x-a=b%20c`,
      });

    it('as JSON, with the headers that the environment has, a request a deploy', async () => {
      const server = await startAnsweringServer(() => ({ status: 200, body: '{}' }));
      const { exit, stdout, stderr } = await sending(server.url, ['--lane', 'acme-web']);
      await server.close();
      expect([exit, stdout, stderr]).toEqual([0, '', 'sent 2 traces\n']);
      expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'POST /v1/traces',
        'POST /v1/traces',
      ]);
      expect(server.asked[0]?.headers).toMatchObject({
        ...{ 'content-type': 'application/json', 'api-key': key, 'x-a': 'b c' },
      });
      expect(JSON.parse(server.asked[0]?.body ?? '')).toHaveProperty('resourceSpans');
    });

    const partly = JSON.stringify({
      partialSuccess: { rejectedSpans: '3', errorMessage: 'too old' },
    });
    it.each([
      [{ status: 400, body: `none ${key}` }, 'E_VENDOR_INVALID'],
      [{ status: 413, body: 'too large' }, 'E_VENDOR_FAILED'],
      [{ status: 200, body: partly }, 'too old'],
    ])('that refuses one with %j is sent the others: %s', async (answer, why) => {
      let asked = 0;
      const server = await startAnsweringServer(() =>
        ++asked === 1 ? answer : { status: 200, body: '{}' },
      );
      const { exit, stderr } = await sending(server.url);
      await server.close();
      expect(server.asked).toHaveLength(2);
      expect([exit, stderr]).toEqual([1, expect.stringContaining('E_TRACES_REJECTED')]);
      expect(stderr).toMatch(/1 of 2 traces was refused, or not taken whole/);
      expect(stderr).toMatch(/^501-bbbbbbbb: .+/m);
      expect(stderr).toContain(why);
      expect(stderr).not.toContain(key);
    });

    it.each([
      [{ status: 401, body: `no ${key}` }, 'E_VENDOR_AUTH'],
      [{ status: 404, body: 'none' }, 'E_VENDOR_NOT_FOUND'],
      [{ status: 301, body: '' }, 'E_VENDOR_MOVED'],
      [{ status: 307, body: '' }, 'E_VENDOR_MOVED'],
      [{ status: 405, body: '' }, 'E_VENDOR_FAILED'],
      [{ status: 407, body: '' }, 'E_VENDOR_FAILED'],
    ])('that would refuse all of them with %j is not asked again: %s', async (answer, code) => {
      const server = await startAnsweringServer(() => answer);
      const { exit, stderr } = await sending(server.url);
      await server.close();
      expect([exit, stderr]).toEqual([1, expect.stringContaining(code)]);
      expect(stderr).not.toContain(key);
      expect(server.asked).toHaveLength(1);
    });

    it.each([
      [429, 'E_VENDOR_RATE_LIMIT', 6],
      [503, 'E_VENDOR_FAILED', 1],
    ])(
      'that goes on answering %i is asked no more: the next one would meet it, too',
      async (status, code, times) => {
        vi.spyOn(Math, 'random').mockReturnValue(0);
        const headers = { 'retry-after': '0' };
        const server = await startAnsweringServer(() => ({ status, headers, body: '' }));
        const { exit, stderr } = await sending(server.url);
        await server.close();
        vi.mocked(Math.random).mockRestore();
        expect([exit, stderr]).toEqual([1, expect.stringContaining(code)]);
        expect(stderr).not.toContain('E_TRACES_REJECTED');
        expect(server.asked).toHaveLength(times);
      },
    );
  });

  it.each([
    [['--otlp', 'nonsense'], 'E_USAGE'],
    [['--otlp', 'http://collector.acme.test:4318'], 'E_PLAIN_HTTP'],
    [['--otlp', 'http://127.0.0.1:1', '--format', 'cdevents'], 'E_USAGE'],
    [['--otlp', 'http://127.0.0.1:1', '--output', 'x'], 'E_USAGE'],
    [['--format', 'xml'], 'E_USAGE'],
  ])('%j is refused: %s', async (flags, code) => {
    const { exit, stderr } = await here.run(['export', ...flags]);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(code)]);
  });
});

describe('export of a part', () => {
  const parts = [
    ...[
      ['--deploy', '501'],
      ['--lane', 'acme-web'],
      ['--since', '1h'],
    ],
    ['--until', '2999-01-01'],
  ];

  it.each(parts)('by %s %s is told to be one, with no digest of a whole', async (flag, value) => {
    const { exit, stderr } = await here.run(['export', flag, value]);
    expect(exit).toBe(0);
    expect(stderr).toMatch(
      new RegExp(
        `^exported \\d+ events, a part of the log; for one to import, leave ${flag} out\n$`,
      ),
    );
  });

  it.each([[[]], ...parts.map((part) => [part])])(
    'without a secret that the log holds is not what was recorded, and ends so: %j',
    async (part) => {
      const secret = samples['deploy.requested'].commit.title;
      const elsewhere = new CommandHere(folder, { PIPELINE_STORE: store, NPM_TOKEN: secret });
      const { exit, stdout, stderr } = await elsewhere.run(['export', ...part]);
      expect([exit, stderr]).toEqual([1, expect.stringContaining('E_EXPORT_SECRET')]);
      expect(stdout).not.toContain(secret);
    },
  );
});

describe('report', () => {
  it('csv: a row for each change of production, and the log’s head beside it', async () => {
    const { exit, stdout, stderr } = await here.run(['report']);
    expect(exit).toBe(0);
    expect(stdout.split('\r\n')).toHaveLength(3);
    expect(stdout).toMatch(/,acme-web,deploy,production,live,501-bbbbbbbb,v1,/);
    expect(stderr).toMatch(/^1 change of production; log head 2-[0-9a-f]{64}@24\n$/);
  });

  it('json and html, into a file', async () => {
    const json = await here.run(['report', '--format', 'json', '--since', '2026-01-01']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      version: 1,
      lanes: ['acme-api', 'acme-web'],
      changes: [{ kind: 'outside' }, { kind: 'deploy' }],
    });
    const file = join(folder, 'changes.html');
    await here.run(['report', '--format', 'html', '--output', file, '--since', '2026-01-01']);
    expect(readFileSync(file, 'utf8')).toContain('releases made elsewhere</dt><dd>1</dd>');
  });

  it('of one deploy: a page by itself, that loads nothing', async () => {
    const { exit, stdout } = await here.run(['report', '502']);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/pipeline verify --head 2-[0-9a-f]{64}@24</);
    expect(stdout).not.toMatch(/<script|<link rel="stylesheet"|@import|url\((?!#)/);
    expect(stdout.match(/<td class="hash">/g)).toHaveLength(9);
  });

  it('of one deploy: has the kill switch by which production was written, where it was', async () => {
    const told = 'right before production was written: PRODUCTION_CD_ENABLED: true';
    expect((await here.run(['report', '501'])).stdout).toContain(told);
    expect((await here.run(['report', '502'])).stdout).not.toContain('right before production');
  });

  it('of several lanes: in the order in which production was changed, whosever it was', async () => {
    const store = `sqlite:${join(folder, 'lanes.db')}`;
    const log = await openLog(store, { projections });
    const lanes = ['acme-web', 'acme-api', 'acme-web'];
    for (const [nth, lane] of lanes.entries()) {
      await writeDeploy(
        log,
        { label: `${nth}`, commit: first, lane },
        wayToLive(first, first, 'v1'),
      );
    }
    await log.close();
    const { stdout } = await here.run(['report', '--store', store, '--format', 'json']);
    const { changes } = JSON.parse(stdout) as { changes: { at: string; lane: string }[] };
    const times = changes.map(({ at }) => at);
    expect(new Set(changes.map(({ lane }) => lane))).toEqual(new Set(lanes));
    expect(times).toEqual(times.toSorted());
  });

  it.each([
    [['502', '--format', 'csv'], 'E_USAGE'],
    [['--html', 'x.html'], 'E_USAGE'],
    [['--format', 'pdf'], 'E_USAGE'],
    [['nothing'], 'E_NO_DEPLOY'],
    [['--lane', 'nothing'], 'E_NO_LANE'],
  ])('%j is refused: %s', async (flags, code) => {
    const { exit, stderr } = await here.run(['report', ...flags]);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(code)]);
  });
});

describe('import', () => {
  it('of what a log goes on from: tells where it is by now, and no digest of another end', async () => {
    const at = (name: string) => `sqlite:${join(folder, name)}`;
    const log = await openLog(at('longer.db'), { projections });
    await writeDeploy(log, { label: '1', commit: first }, []);
    const file = join(folder, 'earlier.jsonl');
    await here.run(['export', '--store', at('longer.db'), '--output', file]);
    await writeDeploy(log, { label: '2', commit: first }, []);
    const position = await log.head();
    await log.close();
    const into = ['import', file, '--json', '--store'];
    const again = await here.run([...into, at('longer.db')]);
    expect(JSON.parse(again.stdout)).toMatchObject({ imported: 0, position, headDigest: null });
    const whole = await here.run([...into, at('new.db')]);
    expect(JSON.parse(whole.stdout).headDigest).toMatch(/^2-[0-9a-f]{64}$/);
  });
});

it('an import whose last event is another than the log’s last is refused', async () => {
  const [one, other] = ['one', 'other'].map((name) => `sqlite:${join(folder, `${name}.db`)}`);
  for (const store of [one, other]) {
    const log = await openLog(store ?? '', { projections });
    await writeDeploy(log, { label: '1', commit: first }, []);
    await log.close();
  }
  const { exit, stderr } = await here.run(['import', `${one}`, '--store', `${other}`]);
  expect([exit, stderr]).toEqual([2, expect.stringContaining('another event there')]);
});

describe('metrics', () => {
  it('tells each lane’s figures, the window and how they are made', async () => {
    const { exit, stdout } = await here.run(['metrics', '--until', '2999-01-01', '--since', '1h']);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^from .* until 2999-01-01 00:00:00Z$/m);
    expect(stdout).toMatch(/^acme-api\n[\s\S]*^acme-web\n {2}deployment frequency +1 deploy,/m);
    expect(stdout).toMatch(/^ {2}change fail rate +0.0% \(0 of 1\)$/m);
    expect(stdout).toMatch(/^ {2}lead time for changes +none; of 1 more commit git says no time$/m);
    expect(stdout).toContain('How they are made (docs/metrics.md):');
  });

  it('as a document, of one lane', async () => {
    const { stdout } = await here.run(['metrics', '--lane', 'acme-web', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      lanes: [{ lane: 'acme-web', deployments: { count: 1 }, rework: { count: 0, of: 1 } }],
    });
    const earlier = await here.run(['metrics', '--json', '--until', '2026-02-01']);
    expect(JSON.parse(earlier.stdout)).toMatchObject({
      ...{ since: '2026-01-02T00:00:00.000Z', until: '2026-02-01T00:00:00.000Z' },
    });
    const ofDays = async (days: number) => {
      const since = ['--since', `${days * 24}h`];
      const { stdout } = await here.run(['metrics', '--lane', 'acme-web', '--json', ...since]);
      return JSON.parse(stdout).lanes[0].deployments.perDay;
    };
    expect(await ofDays(10)).toBeCloseTo(0.1, 3);
    expect(await ofDays(1)).toBeCloseTo(1, 3);
  });

  it.each([
    [['--lane', 'nothing'], 'E_NO_LANE'],
    [['--since', 'soon'], 'E_USAGE'],
    [['--since', '2026-01-02', '--until', '2026-01-01'], 'E_USAGE'],
    [['--since', '2999-01-01'], 'E_USAGE'],
    [['--since', '2026-01-01', '--until', '2026-01-01'], 'E_USAGE'],
  ])('%j is refused: %s', async (flags, code) => {
    const { exit, stdout } = await here.run(['metrics', '--json', ...flags]);
    expect([exit, JSON.parse(stdout).error.code]).toEqual([2, code]);
  });
});

describe('views', () => {
  it('prints the SQL of the log’s engine, and opens none', async () => {
    const { exit, stdout } = await here.run(['views', '--store', 'sqlite:/nowhere/log.db']);
    expect([exit, stdout.match(/^create temporary view lockstep_/gm)?.length]).toEqual([0, 4]);
    expect(stdout).toMatchSnapshot('of SQLite');
    const kept = await here.run([
      'views',
      '--store',
      'postgres://db.acme.test/x',
      '--schema',
      'reporting',
    ]);
    expect(kept.stdout).toMatch(/^create schema if not exists "reporting";\n/);
    expect(kept.stdout).toMatchSnapshot('of PostgreSQL');
  });

  it.each([
    ['sqlite:x.db', 'reporting'],
    ['postgres://db.acme.test/x', 'lockstep'],
    ['postgres://db.acme.test/x', 'a"; drop schema lockstep; --'],
  ])('of %s in a schema %s is refused', async (store, schema) => {
    const { exit, stdout, stderr } = await here.run([
      'views',
      '--store',
      store,
      '--schema',
      schema,
    ]);
    expect([exit, stdout, stderr]).toEqual([2, '', expect.stringContaining('E_USAGE')]);
  });
});
