/**
 * What README and docs tell people to type is typed, in one world: on the sandbox, with a release that bo took back. What
 * they show is compared with what the program prints. What is not typed here stands in a list, with who does.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainView } from '../../src/cli/render/explain-view.ts';
import type { StatusDocument } from '../../src/cli/render/status-document.ts';
import { statusView } from '../../src/cli/render/status-view.ts';
import { createTerminal } from '../../src/cli/render/terminal.ts';
import { Rights } from '../../src/effects/channels/github/rights.ts';
import { VendorRefused } from '../../src/effects/http/errors.ts';
import { chart } from '../../src/machine/chart.ts';
import { definitionOf } from '../../src/machine/definition.ts';
import { describeStep } from '../../src/machine/step-words.ts';
import type { Explanation } from '../../src/runtime/audit/explanation.ts';
import { allBlocks, type Block, isHeldElsewhere, isOutput, readPage } from '../document-blocks.ts';
import { elsewhere, handedOn, story, type Typed } from './docs-story.ts';
import { defaultConfig, deployId, type Ended, quietConfig, Stage } from './stage.ts';

/** A person's machine. */
const shell = { CI: undefined };
let stage: Stage;
const run = (args: readonly string[]): Promise<Ended> => stage.run(args, shell);

/** The deploy that is held now. */
let held = '';
let firstRelease = '';
/** What the last run of the first deploy and of the held one printed. */
let logs: string[] = [];
const headOf = (printed = ''): string => /log head (\S+)/.exec(printed)?.[1] ?? '';

async function advance(build: number, commit: string): Promise<string> {
  const ended = await stage.advance(build, commit);
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
  return ended.stdout;
}

beforeAll(async () => {
  stage = await Stage.set({ within: true, config: quietConfig });
  stage.git('config', 'user.name', 'Ana Lima');
  stage.git('config', 'user.email', 'ana@acme.test');
  const titles = ['Sort the list', 'Count the visits', 'Greet people by name'];
  const [first = '', second = ''] = titles.slice(0, 2).map((title) => stage.commit(title));
  logs = [await advance(500, first)];
  const { releases = [] } = stage.state().apps['acme-production'] ?? {};
  firstRelease = `v${releases.find((one) => one.commit === first)?.version}`;
  await advance(501, second);
  stage.sandbox.control.rollback({ app: 'acme-production', byUser: 'bo@example.com' });
  stage.write('pipeline.yml', defaultConfig(stage.sandbox.urls));
  const third = stage.commit(titles[2] ?? '');
  stage.sandbox.control.pullRequest({ number: 812, commits: [third], base: 'master' });
  logs.push(await advance(502, third));
  held = deployId(502, third);
});
afterAll(() => stage.strike());

/** Ids, times and durations differ; and by them the width of a column. */
const shape = (text: string): string =>
  text
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC)?|\b\d\d:\d\d:\d\dZ/g, 'TIME')
    .replace(/\b[0-9a-f]{64}\b|\b[0-9a-f]{4}…\(64 digits\)/g, 'DIGEST')
    .replace(/@\d+$/gm, '@POSITION')
    .replace(/\b[0-9a-f]{7,40}\b/g, 'ID')
    .replace(/\b(\d+(ms|h|m|s|d))+( ago)\b|\b(\d+(ms|h|m|s|d))+\b/g, 'DURATION$3')
    .replace(/http:\/\/127\.0\.0\.1:\d+\//g, 'https://www.acme.test/')
    .split('\n')
    .map((line) => line.trim().replace(/ +/g, ' '))
    .join('\n')
    .trim();

async function documentOf(...args: readonly string[]) {
  return JSON.parse((await run([...args, '--json'])).stdout);
}

const { stdout, stderr } = process;
const paper = createTerminal({ stdout, stderr, env: {}, noColor: true });

/** As `status` shows it to somebody who watches. */
async function seenStatus(
  change = (found: StatusDocument): StatusDocument => found,
): Promise<string> {
  return statusView(change(await documentOf('status')), { ...paper, columns: 120 }).join('\n');
}

/** With a chart in which a deploy that is held fails, and a bake that there was not. */
async function changedWays(): Promise<string> {
  const { transitions, ...rest } = definitionOf(chart);
  const changed = transitions.map((one) =>
    one.event === 'production.held' ? { ...one, target: 'failed' } : one,
  );
  stage.write('chart.json', JSON.stringify({ ...rest, transitions: changed }));
  const args = ['--chart', 'chart.json', '--set', 'production.bake=5m', '--since', '2026-01-01'];
  const { stdout, stderr } = await run(['whatif', ...args]);
  return stdout + stderr;
}

/** Each block that shows what is printed, by its page and its first words: what prints it. */
const shown: readonly (readonly [page: string, begins: string, prints: () => Promise<string>])[] = [
  ['README.md', 'acme-web\n', () => seenStatus()],
  ['docs/status.md', 'acme-web\n', () => seenStatus()],
  ['docs/explain.md', '1a5f89db “', async () => (await run(['explain', 'HEAD'])).stdout],
  ['docs/audit.md', 'log head ', async () => /log head .*/.exec(logs[0] ?? '')?.[0] ?? ''],
  ['docs/whatif.md', 'With the chart ', changedWays],
];

const minutesAgo = (at: string, minutes: number): string =>
  new Date(Date.parse(at) - minutes * 60_000).toISOString();

/** What a page quotes in a sentence, and what prints it; `…` stands for anything. */
const quoted: readonly (readonly [page: string, words: string, prints: () => Promise<string>])[] = [
  [
    'docs/status.md',
    'lane held   by 504-7c3d2e1f for 3m: checking that staging stays healthy',
    () =>
      seenStatus(({ lanes, ...found }) => {
        const doing = describeStep('checkStagingHealth');
        const since = minutesAgo(found.at, 3);
        const holder = { deploy: '504-7c3d2e1f', since, doing, running: true };
        return { ...found, lanes: lanes.map((lane) => ({ ...lane, holder })) };
      }),
  ],
  [
    'docs/explain.md',
    'Not certain, for …',
    async () => {
      const { commit, lanes } = await documentOf('explain', 'HEAD');
      const unsure = lanes.map((lane: Explanation) => ({ ...lane, lacks: 'it is shallow' }));
      return explainView({ commit, lanes: unsure }, paper).join('\n');
    },
  ],
  [
    'docs/github.md',
    'GITHUB_TOKEN lacks deployments: write …',
    async () => {
      const told: unknown[] = [];
      const no = { method: 'POST', status: 403, id: null } as const;
      const refused = new VendorRefused('E_VENDOR_AUTH', 'GitHub answered 403', no);
      await new Rights().use(
        'deployments',
        () => Promise.reject(refused),
        (error) => told.push(error),
      );
      return String(told[0]);
    },
  ],
  [
    'README.md',
    '{"error": {"code", "message", "hint", "details", "exit"}}',
    async () => {
      const { error } = await documentOf('status', '--nonsense');
      const keys = Object.keys(error).map((key) => JSON.stringify(key));
      return `{"error": {${keys.join(', ')}}}`;
    },
  ],
];

describe('what a page shows', () => {
  const all = allBlocks.filter((block) => isOutput(block) && !isHeldElsewhere(block));
  const printerOf = ({ page, text }: Block) =>
    shown.find(([of, begins]) => of === page && text.startsWith(begins));

  it.each(all)('$page:$line is what is printed', async (block) => {
    const [, , prints] = printerOf(block) ?? [];
    if (prints === undefined) throw new Error('nothing in this test prints it');
    const text = await prints();
    expect(shape(text)).toBe(shape(block.text));
  });

  it('is all that is printed here', () => {
    expect(all.map(printerOf).length).toBe(shown.length);
  });

  it.each(quoted)('in %s as %s is what is printed', async (page, words, prints) => {
    expect(readPage(page)).toContain(words);
    for (const part of words.split('…')) expect(await prints()).toContain(part.trim());
  });

  it('of `doctor --json` has what is printed', async () => {
    const [example] = allBlocks.filter(
      ({ page, language }) => page === 'docs/doctor.md' && language === 'json',
    );
    const told = JSON.parse((await run(['doctor', '--json'])).stdout);
    const documented = JSON.parse(example?.text ?? '');
    expect(told.version).toBe(documented.version);
    expect(Object.keys(told)).toEqual(Object.keys(documented));
    const [check] = documented.checks;
    const same = told.checks.find(({ id }: { id: string }) => id === check.id);
    expect(Object.keys(same)).toEqual(Object.keys(check));
    expect(same.why.startsWith(check.why.replace('…', '').trim())).toBe(true);
    expect(Object.keys(same.findings[0])).toEqual(Object.keys(check.findings[0]));
  });
});

async function hold(): Promise<void> {
  const commit = stage.commit('One that is held');
  await advance(503, commit);
  held = deployId(503, commit);
}

/** What stands for something of the reader's own. */
const own = (line: string): string =>
  line
    .replaceAll(/502-1a5f89db|(?<=(log|replay|report|--deploy|comparison) )502\b/g, held)
    .replace(/1a5f89d$/, held.split('-')[1] ?? '')
    .replace(' v41 ', ` ${firstRelease} `)
    .replace('2-3f0c…@1742', headOf(logs[0]))
    .replace('2-91ab…@2210', headOf(logs[1]))
    .replace('2026-01-05T13:04Z', new Date(Date.now() + 60_000).toISOString())
    .replace('postgres://…', `sqlite:${join(stage.folder, '../elsewhere/log.db')}`)
    .replace('sqlite:.pipeline/log.db', stage.storeUrl);

const words = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );

async function type(line: string, { commit, more = [], asProcess = false }: Typed): Promise<Ended> {
  if (commit === 'held') await hold();
  if (commit === 'new') stage.commit('The cause is mended');
  const [typedLine = '', file] = own(line).split(' > ');
  const [, ...args] = words(typedLine);
  const all = [...args, ...more];
  const ended = await (asProcess ? stage.start(all, shell).ended : run(all));
  if (file !== undefined) stage.write(file, ended.stdout);
  return ended;
}

const lines = allBlocks
  .filter((block) => block.language === 'sh' && !isHeldElsewhere(block))
  .flatMap(({ text }) => text.split('\n'))
  .map((line) => line.replace(/(^|\s+)#\s.*$/, '').trim())
  .filter((line) => line !== '');

describe('what a page tells people to type', () => {
  it('is typed here, or by somebody who is named', () => {
    const typed = new Set(story.map(([line]) => line));
    const rest = lines.filter(
      (line) =>
        !typed.has(line.split(' | ')[0] ?? line) &&
        ![...elsewhere.map(([one]) => one), ...handedOn].some((one) => one.test(line)),
    );
    expect(rest).toEqual([]);
    const stale = [
      ...[...typed].filter((line) => !lines.some((one) => one.split(' | ')[0] === line)),
      ...[...elsewhere.map(([one]) => one), ...handedOn]
        .filter((one) => !lines.some((line) => one.test(line)))
        .map(String),
    ];
    expect(stale).toEqual([]);
  });

  it.each(story.map(([line, how = {}]) => ({ line, how })))('$line', async ({ line, how }) => {
    const { exit = 0, says } = how;
    const ended = await type(line, how);
    expect(ended, `${line}\n${ended.stdout}${ended.stderr}`).toMatchObject({ exit });
    if (says !== undefined) expect(ended.stdout + ended.stderr).toContain(says);
  });

  // Where there is no jq, as on a small runner, node does what it does.
  it('in jq gives the hash by which the log names the chart', async () => {
    const line = lines.find((one) => one.startsWith('jq ')) ?? '';
    const { status, stdout } = spawnSync('sh', ['-c', line], {
      cwd: stage.folder,
      encoding: 'utf8',
    });
    const streams = await stage.read((log) => log.streams({ prefix: 'chart/', limit: 2 }));
    expect(streams.length).toBe(1);
    if (status !== 127) expect(`chart/${stdout.split(' ')[0]}`).toBe(streams[0]?.stream);
  });

  it('in SQL is answered by the views', () => {
    const [block] = allBlocks.filter(({ language }) => language === 'sql');
    const database = new Database(stage.logFile, { readonly: true });
    try {
      database.exec(readFileSync(join(stage.folder, 'views.sql'), 'utf8'));
      const asked = (block?.text ?? '').split(/(?<=;)\n+/).filter((one) => one.trim() !== '');
      expect(asked.length).toBeGreaterThan(2);
      for (const question of asked) {
        expect(database.prepare(question).all().length, question).toBeGreaterThan(0);
      }
    } finally {
      database.close();
    }
  });
});
