/** Every value of `pipeline.yml` in turn is made a wrong one: what is told of it are this program’s words, not a library’s. */
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { UsageError } from '../../../src/errors/error.ts';
import { fullConfig, loadText } from './config-text.ts';

const canary = `canary:
  command: { name: acme-canary, deploy: bin/deploy, current: bin/current, restore: bin/restore, percent: 10, timeout: 5m }
  bake: 10m
  verify: { waive: [no-instances], endpoints: [{ url: https://canary.acme.test/ }] }
`;
const rest = `source: { submodules: omit, lfs: pointers, export: ignore }
notify:
  github: { comments: true }
  slack: { channel: '#alerts-deploy', oncall: '<!subteam^S0ONCALL>' }
  hooks:
    - { on: [deploy.failed], run: bin/page }
    - { on: [deploy.failed], url: https://hooks.acme.test/, secret: ACME_SECRET }
`;
const withChecks = fullConfig
  .replace(
    'status: 200, revision',
    'status: 200, successes: 2, body: ok, header: { name: x-a, value: b }, revision',
  )
  .replace(/^notify:[\s\S]*$/m, '');

type Path = readonly (string | number)[];

const wrong: readonly unknown[] = [
  '',
  'no such word',
  ' ',
  -1,
  0,
  1.5,
  1e9,
  true,
  null,
  [],
  {},
  ['', 7],
  { a: 1 },
];
const librarysWords =
  /too (small|big|long|short)|invalid|expected|received|parseAll|must|, not this|undefined|\bNaN\b/i;

function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* pathsOf(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

function withValue(whole: unknown, [key, ...deeper]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const copy = structuredClone(whole) as Record<string | number, unknown>;
  copy[key] = withValue(copy[key], deeper, value);
  return copy;
}

async function mistakesOf(text: string): Promise<string | null> {
  try {
    await loadText(text);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code: 'E_CONFIG' });
    return (error as UsageError).message;
  }
}

const whole = parse(`${withChecks}${canary}${rest}`) as Record<string, unknown>;

it('the file is right before anything in it is made wrong', async () => {
  expect(await mistakesOf(stringify(whole))).toBeNull();
});

it.each(Object.keys(whole))('a wrong value in %s is told in words of one’s own', async (key) => {
  const foreign: string[] = [];
  let told = 0;
  const paths = [...pathsOf(whole)].filter(([first]) => first === key);
  for (const path of paths) {
    for (const value of wrong) {
      const message = await mistakesOf(stringify(withValue(whole, path, value)));
      if (message === null) continue;
      told++;
      const words = message.split('\n').filter((line) => line.startsWith('pipeline.yml:'));
      expect(words.length, path.join('.')).toBeGreaterThan(0);
      // What was written, between quotation marks, is the team’s.
      const bad = words.find((line) => librarysWords.test(line.replace(/"[^"]*"/g, '""')));
      if (bad !== undefined) foreign.push(`${path.join('.')} = ${JSON.stringify(value)}: ${bad}`);
    }
  }
  expect(told).toBeGreaterThan(paths.length * 4);
  expect(foreign).toEqual([]);
});

const valueAt = (path: Path): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], whole);
const named = (path: Path): string => path.join('.');
/** As every mistake is told: where, what is wrong, what was written. */
const toldOf = (path: Path, value: unknown) => mistakesOf(stringify(withValue(whole, path, value)));

it('no time limit is 0, for that is no time to do anything in; what may be left out by a 0 may be', async () => {
  const durations = [...pathsOf(whole)].filter((path) =>
    /^\d+(ms|s|m|h)$/.test(`${valueAt(path)}`),
  );
  const withSettle = [...durations, ['staging', 'verify', 'dynos', 'settle']];
  const taken: string[] = [];
  for (const path of withSettle) {
    for (const none of ['0s', '0ms', '000h']) {
      const message = await toldOf(path, none);
      if (message === null) taken.push(named(path));
      else if (named(path) !== 'lock.lease') {
        expect(message).toMatch(/^pipeline\.yml:\d+:\d+ /m);
        expect(message).toContain(
          `${named(path).replace(/\.(\d+)/g, '[$1]')}: has to be a duration longer than 0, such as 500ms`,
        );
      }
    }
  }
  expect([...new Set(taken)]).toEqual(['canary.bake', 'staging.verify.dynos.settle']);
  expect(durations.map(named)).toEqual(
    expect.arrayContaining([
      'lock.timeout',
      'staging.verify.endpoints.0.timeout',
      'canary.command.timeout',
    ]),
  );
});

const header = ['production', 'verify', 'endpoints', 0, 'header'];
const revision = ['production', 'verify', 'endpoints', 0, 'revision', 'header'];
const headerNames = ['x a', ' x-a', 'x-a ', 'x-a:', 'x\u00e4', 'x\ny', '"x"', 'x,y'];

/** What a vendor, HTTP or git can hold none of. */
const noNames: readonly (readonly [
  path: Path,
  wrong: readonly string[],
  right: readonly string[],
])[] = [
  [[...header, 'name'], headerNames, ['X-A', 'x_a', 'etag']],
  [revision, headerNames, ['X-Revision']],
  [
    [...header, 'value'],
    [' b', 'b ', 'a\nb', 'a\u0000b', 'a\u4e2d'],
    ['', 'a b', 'max-age=0, private'],
  ],
  [
    ['branch'],
    [
      'a b',
      'a..b',
      'a~1',
      'a^',
      'a:b',
      'a?',
      'a*',
      'a[b',
      'a\\b',
      '.a',
      'a/.b',
      'a.lock',
      'a//b',
      '/a',
      'a/',
      'a.',
      '@',
      '-a',
      'a@{1',
      'a\tb',
    ],
    ['main', 'release/1.2', 'gh-pages', 'a@b'],
  ],
  [
    ['notify', 'slack', 'channel'],
    ['#a b', 'a, b', '#a #b', ' #a'],
    ['#alerts-deploy', 'C0123ABCD'],
  ],
];

it.each(noNames.map((one) => [named(one[0]), ...one] as const))(
  '%s is a name that can be',
  async (_, path, no, yes) => {
    for (const name of yes) expect([name, await toldOf(path, name)]).toEqual([name, null]);
    for (const name of no) {
      const message = await toldOf(path, name);
      expect(message, name).toMatch(/^pipeline\.yml:\d+:\d+ .*: has to be /m);
    }
  },
);

it('takes no blank for a text, but where it is one that people look for', async () => {
  const texts = [...pathsOf(whole)].filter((path) => typeof valueAt(path) === 'string');
  const taken: string[] = [];
  for (const path of texts) if ((await toldOf(path, ' ')) === null) taken.push(named(path));
  expect(taken).toEqual(['production.verify.endpoints.0.body']);
});
