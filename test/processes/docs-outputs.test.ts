/** What the pages show of `status` and `explain`, beside what the program prints: on the sandbox, with a release that bo took back. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusView } from '../../src/cli/render/status-view.ts';
import { createTerminal } from '../../src/cli/render/terminal.ts';
import { Stage } from './stage.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (page: string): string => readFileSync(join(root, page), 'utf8');
/** Blocks of a page, each with its language. */
const blocks = (page: string): { language: string; text: string }[] =>
  [...read(page).matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', text = '']) => ({
      language: language.split(' ')[0] ?? '',
      text,
    }),
  );
/** A person's machine. */
const shell = { CI: undefined };
let stage: Stage;

const run = (args: readonly string[], env = {}) => stage.run(args, { ...shell, ...env });
async function advance(build: number, commit: string): Promise<void> {
  const ended = await stage.advance(build, commit);
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
}

beforeAll(async () => {
  stage = await Stage.set({ within: true });
  stage.git('config', 'user.name', 'Ana Lima');
  stage.git('config', 'user.email', 'ana@acme.test');
  const titles = ['Sort the list', 'Count the visits', 'Greet people by name'];
  const [first = '', second = ''] = titles.slice(0, 2).map((title) => stage.commit(title));
  await advance(500, first);
  await advance(501, second);
  stage.sandbox.control.rollback({ app: 'acme-production', byUser: 'bo@example.com' });
  const third = stage.commit(titles[2] ?? '');
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
    const view = statusView(JSON.parse(stdout), { ...paper, columns: 120 });
    expect(shape(view.join('\n'))).toBe(shown('docs/status.md', /^acme-web\n/));
  });

  it('of explain is what it prints', async () => {
    const { stdout } = await run(['explain', 'HEAD']);
    expect(shape(stdout)).toBe(shown('docs/explain.md', /“Greet people by name”/));
  });
});
