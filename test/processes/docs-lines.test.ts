/**
 * What README and docs tell people to type is typed, in their order, in one world: on the sandbox, with a release that bo
 * took back. What they show of it is compared with what the program prints. What is not run stands in a list, with who does.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusView } from '../../src/cli/render/status-view.ts';
import { createTerminal } from '../../src/cli/render/terminal.ts';
import { deployId, type Ended, Stage } from './stage.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (page: string): string => readFileSync(join(root, page), 'utf8');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
].filter((page) => page.endsWith('.md'));

/** Blocks of a page that are for a shell or show what is printed, by their language. */
const blocks = (page: string): { language: string; text: string }[] =>
  [...read(page).matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', text = '']) => ({
      language: language.split(' ')[0] ?? '',
      text,
    }),
  );
const linesOf = (page: string): string[] =>
  blocks(page)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '');

/** Lines of these pages are run elsewhere, or are others' own. */
const pagesElsewhere: Readonly<Record<string, string>> = {
  'docs/install.md': 'test/processes/install.test.ts',
  'docs/hooks.md': 'test/effects/channels/hooks/docs.test.ts',
  'docs/targets.md': 'test/targets/docs.test.ts',
};
const elsewhere: readonly (readonly [line: RegExp, by: string])[] = [
  [/^npm ci && npm (run demo|test)$/, 'test/processes/demo.test.ts; CI'],
  [/^pipeline (init|doctor)$/, 'test/processes/install.test.ts'],
  [/^npx --no lockstep advance$/, 'the same program; test/processes/install.test.ts'],
  [/^pipeline serve( --port 0)?$/, 'test/serve/server.test.ts: it runs until somebody ends it'],
  [/^openssl /, 'OpenSSL’s own'],
  [/^heroku /, 'Heroku’s own'],
  [/ --public-key head-key\.pub$/, 'test/processes/verify.test.ts, with a key of OpenSSL’s kind'],
  [/ --otlp /, 'test/cli/accounts.test.ts, with a receiver'],
];

/** A person's machine. */
const shell = { CI: undefined };
let stage: Stage;
let commits: string[];

const run = (args: readonly string[], env = {}) => stage.run(args, { ...shell, ...env });
async function advance(build: number, commit: string): Promise<void> {
  const ended = await stage.advance(build, commit);
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
}

beforeAll(async () => {
  stage = await Stage.set({ within: true });
  const titles = ['Sort the list', 'Count the visits', 'Greet people by name'];
  const [first = '', second = ''] = titles.slice(0, 2).map((title) => stage.commit(title));
  await advance(500, first);
  await advance(501, second);
  stage.sandbox.control.rollback({ app: 'acme-production', byUser: 'bo@example.com' });
  const third = stage.commit(titles[2] ?? '');
  stage.sandbox.control.pullRequest({ number: 812, commits: [third], base: 'master' });
  commits = [first, second, third];
  await advance(502, third);
}, 120_000);
afterAll(() => stage.strike());

/** Ids, times and durations differ; and by them the width of a column. */
const shape = (text: string): string =>
  text
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC)?/g, 'TIME')
    .replace(/\b[0-9a-f]{8,40}\b/g, 'ID')
    .replace(/\b(\d+(ms|h|m|s|d))+( ago)\b|\b(\d+(ms|h|m|s|d))+\b/g, 'DURATION$3')
    .split('\n')
    .map((line) => line.trim().replace(/ +/g, ' '))
    .join('\n')
    .trim();

const shown = (page: string, beginning: RegExp): string => {
  const block = blocks(page).find(({ text }) => beginning.test(text));
  if (block === undefined) throw new Error(`${page} shows nothing of the kind`);
  return shape(block.text);
};

describe('what a page shows', () => {
  it('of status is what it prints', async () => {
    const { stdout } = await run(['status', '--json'], { GITHUB_TOKEN: undefined });
    const { stdout: out, stderr: err } = process;
    const paper = createTerminal({ stdout: out, stderr: err, env: {}, noColor: true });
    const view = statusView(JSON.parse(stdout), { ...paper, columns: 100 });
    expect(shape(view.join('\n'))).toBe(shown('docs/status.md', /^acme-web\n/));
  });

  it('of explain is what it prints', async () => {
    const { stdout } = await run(['explain', 'HEAD']);
    expect(shape(stdout)).toBe(shown('docs/explain.md', /“Greet people by name”/));
  });
});

/** What stands for something of the reader's own. */
const own = (line: string): string =>
  line
    .replaceAll('502-1a5f89db', deployId(502, commits[2] ?? ''))
    .replace('1a5f89d ', `${commits[2]?.slice(0, 7)} `)
    .replace(/1a5f89d$/, commits[2]?.slice(0, 7) ?? '')
    .replace('postgres://…', `sqlite:${join(stage.folder, '../elsewhere.db')}`)
    .replace('sqlite:.pipeline/log.db', stage.storeUrl);

/** Those that do not just end with 0 as they stand: what goes before, and how they end. */
interface Typed {
  readonly before?: () => Promise<unknown>;
  readonly more?: readonly string[];
  readonly exit?: number;
  readonly says?: string;
}
const typed: Readonly<Record<string, Typed>> = {
  // It asks, where there is a terminal.
  'pipeline rollback --reason "errors since 503"': { more: ['--yes'] },
};

const words = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );

async function type(line: string): Promise<Ended> {
  const { before, more = [] } = typed[line] ?? {};
  await before?.();
  const [program, ...args] = words(own(line));
  expect(program, `${line} is no command that this test knows`).toBe('pipeline');
  return run([...args, ...more]);
}

describe('what a page tells people to type', () => {
  const all = pages
    .filter((page) => !(page in pagesElsewhere))
    .flatMap((page) => linesOf(page).map((line) => ({ page, line })))
    .filter(({ line }) => !elsewhere.some(([one]) => one.test(line)));

  it('is run', () => {
    expect(all.length).toBeGreaterThan(25);
    const lines = pages.flatMap(linesOf);
    for (const [one] of elsewhere)
      expect(
        lines.some((line) => one.test(line)),
        `${one}`,
      ).toBe(true);
    for (const line of Object.keys(typed)) expect(lines).toContain(line);
  });

  it.each(all)('$page: $line', async ({ line }) => {
    const { exit = 0, says } = typed[line] ?? {};
    const ended = await type(line);
    expect(ended, `${line}\n${ended.stdout}${ended.stderr}`).toMatchObject({ exit });
    if (says !== undefined) expect(ended.stdout + ended.stderr).toContain(says);
  });
});
