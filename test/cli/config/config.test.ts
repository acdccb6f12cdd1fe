/** What `pipeline.yml` may say, what it means, and how its mistakes are told. */
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, toSettings } from '../../../src/cli/config/config.ts';
import { UsageError } from '../../../src/errors/error.ts';
import { settingsSchema } from '../../../src/machine/events.ts';
import { failureOf, toldFailureOf } from '../../effects/lockstep-error.ts';
import { fullConfig, leastConfig, loadText } from './config-text.ts';

const noLease = { leaseMs: null };

async function mistakesIn(text: string): Promise<string> {
  const error = await toldFailureOf(loadText(text));
  expect(error).toBeInstanceOf(UsageError);
  expect(error.code).toBe('E_CONFIG');
  return error.message;
}

/** The first lines of the mistakes: place and words, without the source and the caret. */
const placesOf = (message: string): string[] =>
  message.split('\n').filter((line) => line.startsWith('pipeline.yml:'));

const endpoints = (text: string): string =>
  `${leastConfig}  verify:\n    endpoints:\n      - ${text}\n`;

it('a file is closed once it is read, and one that cannot be read too', async () => {
  const open = () => readdirSync('/dev/fd').length;
  const before = open();
  for (let time = 0; time < 50; time += 1) await loadText(leastConfig);
  expect(open() - before).toBeLessThan(25);
});

describe('what is left out', () => {
  it('has its documented default', async () => {
    const instances = { timeoutMs: 600_000, settleMs: 10_000 };
    const same = { timeoutMs: 1_800_000, verify: { instances, endpoints: [], waive: [] } };
    expect(await loadText(leastConfig)).toMatchObject({
      branch: 'master',
      store: 'sqlite:.pipeline/log.db',
      stacking: 'skip',
      source: { submodules: 'refuse', lfs: 'refuse', export: 'refuse' },
      lock: { provider: 'store', timeout: 3_600_000, lease: 60_000 },
      staging: { submits: 'commit', ...same },
      production: { submits: 'artifact', ...same },
      gates: { rollback: 'hold', killSwitch: 'PRODUCTION_CD_ENABLED', stuckExit: 1 },
    });
  });

  it('and has no default: the settings’ repository is null, and nobody is told', async () => {
    const config = await loadText(leastConfig);
    expect(toSettings(config, noLease).repository).toBeNull();
    expect(config.notify.slack).toBeUndefined();
  });

  it('of an endpoint is one answer of 200 within two minutes', async () => {
    const settings = toSettings(await loadText(endpoints('url: https://www.acme.test/')), noLease);
    expect(settings.production.verify.endpoints).toEqual([
      {
        url: 'https://www.acme.test/',
        status: 200,
        timeoutMs: 120_000,
        successes: 1,
        body: null,
        header: null,
        revision: null,
      },
    ]);
  });
});

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['60m', 3_600_000],
    ['2h', 7_200_000],
  ])('%s are %i milliseconds', async (text, ms) => {
    expect((await loadText(`${leastConfig}lock: { timeout: ${text} }\n`)).lock.timeout).toBe(ms);
  });

  it.each(['0s', '1ms', '999ms'])('%s is too short for a lease', async (text) => {
    const [place] = placesOf(await mistakesIn(`${leastConfig}lock: { lease: ${text} }\n`));
    expect(place).toContain('pipeline.yml:6:16 lock.lease: has to be a second or more');
  });

  it.each(['soon', '10', '1d', '-5s', '1.5h'])('%s is none', async (text) => {
    expect(await mistakesIn(`${leastConfig}lock: { timeout: ${text} }\n`)).toContain('90s');
  });
});

describe('a mistake', () => {
  it('is shown with its line and a caret under its place', async () => {
    expect(await mistakesIn(fullConfig.replace('stacking: skip ', 'stacking: both '))).toBe(
      [
        'pipeline.yml:4:11 stacking: has to be skip or every, not "both"',
        '    stacking: both               # skip | every',
        '              ^',
      ].join('\n'),
    );
  });

  it.each([
    [
      'an unknown key',
      fullConfig.replace('branch:', 'brnch:'),
      '2:1',
      ['brnch', 'did you mean branch?'],
    ],
    [
      'a nested unknown key',
      `${leastConfig}lock: { timeot: 1m }\n`,
      '6:9',
      ['lock.timeot', 'timeout?'],
    ],
    [
      'an unknown key like none',
      `${leastConfig}lock: { colour: red }\n`,
      '6:9',
      ['provider, timeout, lease'],
    ],
    ['a wrong type', `${leastConfig}lock: [1]\n`, '6:7', ['a map of keys']],
    [
      'a missing app, at its parent',
      leastConfig.replace('app: acme-staging', ''),
      '3:3',
      ['staging.heroku.app is missing'],
    ],
    ['a missing lane', leastConfig.replace(/^app.*\n/, ''), '1:1', ['app is missing']],
    [
      'no Heroku app’s name',
      leastConfig.replace('acme-staging', 'Acme_Staging'),
      '3:18',
      ['lower case'],
    ],
    ['no URL', endpoints('{ url: www.acme.test }'), '8:16', ['https://']],
    [
      'a password in a URL',
      endpoints('{ url: "https://ana:secret@x.test/" }'),
      '8:16',
      ['without a name or password'],
    ],
    ['a fraction', endpoints('{ url: https://x.test, status: 20.5 }'), '8:40', ['a whole number']],
    [
      'staging that would promote',
      fullConfig.replace('deploy: build', 'deploy: promote'),
      '8:40',
      ['has to be build'],
    ],
    ['a key twice', `${leastConfig}app: again\n`, '6:1', ['this key is there already']],
    ['a tab', `${leastConfig}lock:\n\tlease: 9s\n`, '7:1', ['Tabs']],
    ['two documents', `${leastConfig}---\napp: x\n`, '6:1', ['a second document begins here']],
    ['nothing', '', '1:1', ['key: value']],
    ['a list', '- app\n', '1:1', ['key: value']],
  ])('of this kind is placed and explained: %s', async (_, text, place, words) => {
    const [first, ...others] = placesOf(await mistakesIn(text));
    expect(others).toEqual([]);
    expect(first).toContain(`pipeline.yml:${place} `);
    for (const word of words) expect(first).toContain(word);
  });

  const verify = (text: string): string => `${leastConfig}  verify: ${text}\n`;
  const endpoint = (text: string): string =>
    verify(`{ endpoints: [{ url: https://x.test/, ${text} }] }`);
  const command = (text: string): string =>
    leastConfig.replace(/heroku: \{ app: acme-production \}/, `command: ${text}`);
  const top =
    '$schema, app, branch, store, stacking, lock, repository, source, staging, canary, production, gates, notify';

  it.each([
    [
      endpoint('status: 99'),
      '6:57 production.verify.endpoints[0].status: has to be 100 or more, not 99',
    ],
    [
      endpoint('status: 600'),
      '6:57 production.verify.endpoints[0].status: has to be 599 or less, not 600',
    ],
    [
      endpoint('successes: 0'),
      '6:60 production.verify.endpoints[0].successes: has to be 1 or more, not 0',
    ],
    [
      endpoint('body: ""'),
      '6:55 production.verify.endpoints[0].body: has to be a text that is not empty, not ""',
    ],
    [
      endpoint('tatus: 99'),
      '6:49 unknown key production.verify.endpoints[0].tatus; did you mean status?',
    ],
    [verify('{ endpoints: 3 }'), '6:24 production.verify.endpoints: has to be a list, not 3'],
    [
      verify('{ endpoints: [7] }'),
      '6:25 production.verify.endpoints[0]: has to be a map of keys, not 7',
    ],
    [
      verify('{ dynos: { timeuot: 1m } }'),
      '6:22 unknown key production.verify.dynos.timeuot; did you mean timeout?',
    ],
    [
      command('{ deploy: [], current: bin/now }'),
      '5:22 production.command.deploy: has to have an entry',
    ],
    [
      `${leastConfig}notify: { github: { environments: { staging: ${'x'.repeat(256)} } } }\n`,
      `6:46 notify.github.environments.staging: has to have 255 characters at most, not "${'x'.repeat(58)}…`,
    ],
    [`${leastConfig}stacking: { a: 1 }\n`, '6:11 stacking: has to be skip or every'],
    [`${leastConfig}stacking: null\n`, '6:11 stacking: has to be skip or every, not null'],
    [`${leastConfig}branch: 7\n`, '6:9 branch: has to be a text, not 7'],
    [`${leastConfig}source: null\n`, '6:9 source: has to be a map of keys, not null'],
    [`${leastConfig}source: []\n`, '6:9 source: has to be a map of keys, not a list'],
    [
      `${leastConfig}repository: 'https://['\n`,
      '6:13 repository: has to be a URL, not "https://["',
    ],
    [
      `${leastConfig}notify: { slack: { channel: '#a', oncall: { a: 1 } } }\n`,
      '6:43 notify.slack.oncall: has to be a text, not a map of keys',
    ],
    [`${leastConfig}colour: red\n`, `6:1 unknown key colour; known here: ${top}`],
    [`${leastConfig}"": red\n`, `6:1 unknown key ""; known here: ${top}`],
    [
      `${leastConfig}lock: { '': 1 }\n`,
      '6:9 unknown key lock.""; known here: provider, timeout, lease',
    ],
    ['a: &x 1\n<<: *y\n', '2:5 *y has no anchor &y before it'],
  ])('%s is told word by word', async (text, told) => {
    const { message } = await failureOf(loadText(text));
    expect(placesOf(message)).toEqual([`pipeline.yml:${told}`]);
  });

  it('in a revision says what would be right', async () => {
    const message = await mistakesIn(endpoints('{ url: https://x.test, revision: { hdr: a } }'));
    expect(placesOf(message)).toEqual([expect.stringMatching(/revision.*header.*url/)]);
  });

  it('does not hide the others: all are told at once', async () => {
    const text = 'app: acme-web\nstacking: 7\nstaging: 3\nproduction:\n  heroku: { ap: x }\n';
    const places = placesOf(await mistakesIn(text)).map((line) => line.split(' ')[0]);
    expect(new Set(places)).toEqual(
      new Set(['pipeline.yml:2:11', 'pipeline.yml:3:10', 'pipeline.yml:5:3', 'pipeline.yml:5:13']),
    );
  });
});

describe('what is shown of the file', () => {
  it.each([
    ['the mistake itself', endpoints('{ url: "https://ana:hunter22@x.test/" }')],
    ['a long one', endpoints(`{ url: "https://ana:${'hunter22'.repeat(12)}@x.test/" }`)],
    ['on the line of another mistake', '{ app: 5, store: "postgres://ana:hunter22@db/x" }\n'],
    ['with an at sign in it', endpoints('{ url: "https://ana:hunter22@more@x.test/" }')],
  ])('holds no password of a URL: %s', async (_, text) => {
    const message = await mistakesIn(text);
    expect(message).not.toContain('hunter22');
    expect(message).not.toContain('ana');
  });

  it.each([
    'https://hooks.slack.com/services/T0/B0/hunter22',
    'hooks.slack.com/workflows/hunter22',
  ])('holds no address of a webhook, which is no channel: %s', async (address) => {
    const message = await mistakesIn(
      `${leastConfig}notify: { slack: { channel: "${address}" } }\n`,
    );
    expect(placesOf(message)).toEqual([expect.stringMatching(/notify\.slack\.channel.*#NAME/)]);
    expect(message).not.toContain('hunter22');
  });

  it('has its caret under the place after tabs and after a password', async () => {
    const tabs = await mistakesIn(`${leastConfig}lock: {\ttimeot: 1m }\n`);
    expect(tabs.split('\n').at(-1)).toBe(`    ${' '.repeat(7)}\t^`);
    const message = await mistakesIn('{ store: "postgres://ana:hunter22@db/x", stackng: skip }\n');
    const lines = message.split('\n');
    const at = lines.findIndex((line) => line.includes('unknown key stackng'));
    const [source = '', caret = ''] = lines.slice(at + 1);
    expect(source.slice(caret.indexOf('^'))).toMatch(/^stackng/);
  });

  it('is the part around the place where a line is very long', async () => {
    const value = 'x'.repeat(5_000);
    const message = await mistakesIn(`${leastConfig}lock: { lease: "${value}", timeot: 1m }\n`);
    const lines = message.split('\n');
    const at = lines.findIndex((line) => line.includes('unknown key lock.timeot'));
    const [source = '', caret = ''] = lines.slice(at + 1);
    expect(source.length).toBeLessThan(200);
    expect(source.slice(caret.indexOf('^'))).toMatch(/^timeot/);
  });

  it('is the first twenty mistakes, and how many more there are', async () => {
    const keys = Array.from({ length: 500 }, (_, i) => `key${i}: 1\n`).join('');
    const message = await mistakesIn(leastConfig + keys);
    expect(placesOf(message)).toHaveLength(20);
    expect(message).toMatch(/\nand 480 more$/);
  });
});

describe('aliases', () => {
  it('that multiply are refused, not expanded', async () => {
    const level = (name: string, of: string): string =>
      `${name}: &${name} [${`${of},`.repeat(9)}${of}]\n`;
    const bomb = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].reduce(
      (text, name, i, names) => text + level(name, i === 0 ? '1' : `*${names[i - 1]}`),
      '',
    );
    expect(await mistakesIn(bomb + leastConfig)).toContain('aliases');
  });

  it('of no anchor are named where they stand', async () => {
    const [first] = placesOf(await mistakesIn(leastConfig.replace('acme-web', '*nobody')));
    expect(first).toContain('pipeline.yml:1:6 ');
    expect(first).toContain('nobody');
  });

  it('are read as what they stand for', async () => {
    const text = leastConfig
      .replace('{ app: acme-staging }', '{ app: acme-staging, timeout: &long 2h }')
      .replace('{ app: acme-production }', '{ app: acme-production, timeout: *long }');
    expect((await loadText(text)).production.timeoutMs).toBe(7_200_000);
  });
});

describe('a file', () => {
  it('that is not there: E_CONFIG_MISSING, with a hint and without its folder', async () => {
    const path = join(tmpdir(), 'lockstep-no-such-folder', 'pipeline.yml');
    const error = await toldFailureOf(loadConfig(path));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.code).toBe('E_CONFIG_MISSING');
    expect(error.message).toContain('pipeline.yml');
    expect(error.hint).toContain('--config');
    expect(`${error.message}${error.hint}`).not.toContain('lockstep-no-such-folder');
  });

  it('that cannot be read says so', async () => {
    const error = await toldFailureOf(loadConfig(tmpdir()));
    expect(error.code).toBe('E_CONFIG_MISSING');
    expect(error.message).toContain('cannot be read');
  });

  it.each([
    ['a large one', `# ${'x'.repeat(70_000)}\n${leastConfig}`],
    ['one of many keys', Array.from({ length: 40_000 }, (_, i) => `k${i}: 1\n`).join('')],
  ])('that is too large to be a configuration is not parsed: %s', async (_, text) => {
    expect(await mistakesIn(text)).toBe('pipeline.yml is larger than 64 KiB');
  });

  it.runIf(existsSync('/dev/zero'))('that has no end is refused as well', async () => {
    const error = await toldFailureOf(loadConfig('/dev/zero'));
    expect(error.code).toBe('E_CONFIG');
  });

  it('with a byte order mark or Windows line ends is read all the same', async () => {
    const config = await loadText(`\ufeff${leastConfig.replaceAll('\n', '\r\n')}`);
    expect(config).toEqual(await loadText(leastConfig));
  });
});

describe('an environment in which nothing could fail', () => {
  const withVerify = (verify: string): string => `${leastConfig}  verify: ${verify}\n`;

  it.each([
    '{ dynos: { settle: 0ms } }',
    '{ dynos: { settle: 0s }, endpoints: [] }',
    '{ waive: [no-dynos] }',
    '{ dynos: { settle: 0ms }, waive: [no-dynos] }',
  ])('is refused, with its place and the way out: %s', async (verify) => {
    const [place] = placesOf(await mistakesIn(withVerify(verify)));
    expect(place).toMatch(/^pipeline\.yml:6:11 production\.verify: has nothing that could fail:/);
    expect(place).toMatch(/waive: \[no-checks\]$/);
  });

  it.each([
    '{ dynos: { settle: 0ms }, waive: [no-checks] }',
    '{ waive: [no-dynos, no-checks] }',
    '{ dynos: { settle: 1ms } }',
    '{ dynos: { settle: 0ms }, endpoints: [{ url: https://www.acme.test/ }] }',
    '{ waive: [no-dynos], endpoints: [{ url: https://www.acme.test/ }] }',
  ])('is another one: %s', async (verify) => {
    expect(await loadText(withVerify(verify))).toMatchObject({ app: 'acme-web' });
  });

  it('what is waived is named', async () => {
    expect(await mistakesIn(withVerify('{ waive: [dynos] }'))).toContain(
      'production.verify.waive[0]: has to be no-dynos or no-checks, not "dynos"',
    );
  });
});

describe('the exit code of a stuck lane', () => {
  it.each([
    ['-1', 'has to be 0 or more, not -1'],
    ['126', 'has to be 125 or less, not 126'],
    ['1.5', 'has to be a whole number from 0 to 125, not 1.5'],
    ["'1'", 'has to be a whole number from 0 to 125, not "1"'],
  ])('%s is none', async (value, right) => {
    const [place] = placesOf(await mistakesIn(`${leastConfig}gates: { stuckExit: ${value} }\n`));
    expect(place).toBe(`pipeline.yml:6:21 gates.stuckExit: ${right}`);
  });

  it.each([0, 1, 125])('%d is one, and pinned to the deploy', async (stuckExit) => {
    const config = await loadText(`${leastConfig}gates: { stuckExit: ${stuckExit} }\n`);
    expect(toSettings(config, noLease).gates.stuckExit).toBe(stuckExit);
  });
});

describe('settings', () => {
  it('are what the log’s schema takes, with durations in milliseconds', async () => {
    const settings = toSettings(await loadText(fullConfig), noLease);
    expect(settingsSchema.parse(settings)).toEqual(settings);
    expect(settings).toMatchObject({
      lock: { provider: 'store', timeoutMs: 3_600_000, leaseMs: 60_000 },
      repository: 'https://github.com/acme/web',
      staging: {
        target: { kind: 'heroku', name: 'acme-staging', settings: {} },
        submits: 'commit',
        timeoutMs: 1_800_000,
      },
      production: {
        target: { kind: 'heroku', name: 'acme-production', settings: {} },
        submits: 'artifact',
        verify: { endpoints: [{ revision: { header: 'x-revision' }, timeoutMs: 120_000 }] },
      },
    });
  });

  it('say in any target’s words what the file says in Heroku’s', async () => {
    const heroku = leastConfig.replace('app: acme-production', '$&, deploy: build');
    const text = `${heroku}  verify: { waive: [no-dynos, no-checks] }\n`;
    const { production } = toSettings(await loadText(text), noLease);
    expect(production.submits).toBe('commit');
    expect(production.verify.waive).toEqual(['no-instances', 'no-checks']);
  });

  it('take the lease of the environment before that of the file', async () => {
    const config = await loadText(fullConfig);
    expect(toSettings(config, { leaseMs: 5_000 }).lock.leaseMs).toBe(5_000);
  });
});
