/** A canary and a bake in `pipeline.yml`: between staging and production, in staging's place, whole or by shares. */
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toSettings } from '../../../src/cli/config/config.ts';
import { configJsonSchema } from '../../../src/cli/config/schema.ts';
import { targetKinds } from '../../../src/effects/targets/kinds.ts';
import type { Settings } from '../../../src/machine/events.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { loadText } from './config-text.ts';

/** A file of these environments, each of them as YAML on one line. */
const file = (environments: Readonly<Record<string, string>>): string =>
  [
    'app: acme-web',
    ...Object.entries(environments).map(([name, text]) => `${name}: ${text}`),
    '',
  ].join('\n');
const heroku = (app: string, more = '') => `{ heroku: { app: acme-${app}${more} } }`;
const programs =
  'deploy: bin/deploy, current: bin/current, health: bin/health, restore: bin/restore';
const command = (more = '') => `{ command: { ${programs}${more} } }`;

const [staging, canary, production] = ['staging', 'canary', 'production'].map((app) =>
  heroku(app),
) as [string, string, string];
const ours = { staging: command(), production: command() };

const settingsOf = async (text: string): Promise<Settings> =>
  toSettings(await loadText(text), { leaseMs: null });
async function mistakeIn(text: string): Promise<string> {
  const error = await toldFailureOf(loadText(text));
  expect(error.code).toBe('E_CONFIG');
  return error.message;
}

describe('a canary', () => {
  it('between staging and production is given what staging verified', async () => {
    const settings = await settingsOf(file({ staging, canary, production }));
    expect(settings).toMatchObject({
      staging: { submits: 'commit', shares: null },
      canary: { target: { name: 'acme-canary' }, submits: 'artifact', shares: null, bakeMs: 0 },
      production: { submits: 'artifact', shares: null },
    });
  });

  it('in staging’s place has the commit built, and production is given that', async () => {
    const settings = await settingsOf(file({ canary, production }));
    expect(settings).toMatchObject({
      staging: null,
      canary: { submits: 'commit' },
      production: { submits: 'artifact' },
    });
  });

  it('is none where the file has none', async () => {
    expect((await settingsOf(file({ staging, production }))).canary).toBeNull();
  });

  it.each([
    ['percent: 10', [10]],
    ['steps: [10, 50]', [10, 50]],
    ['steps: [1]', [1]],
  ])('of programs takes shares: %s', async (written, shares) => {
    const text = file({ ...ours, canary: command(`, ${written}`) });
    expect((await settingsOf(text)).canary?.shares).toEqual(shares);
  });

  it('of programs without any is a whole place', async () => {
    expect((await settingsOf(file({ ...ours, canary: command() }))).canary?.shares).toBeNull();
  });

  it.each(['percent: 10', 'steps: [10, 50]'])(
    'may be the very place that production is, as a share of it: %s',
    async (share) => {
      const text = file({
        staging: command(),
        canary: command(`, name: web, ${share}`),
        production: command(', name: web'),
      });
      const settings = await settingsOf(text);
      expect(settings.canary?.target.name).toBe(settings.production.target.name);
    },
  );
});

describe('a bake', () => {
  it.each([
    ['10m', 600_000],
    ['0s', 0],
    ['90s', 90_000],
  ])('may be on any of the three: %s', async (bake, bakeMs) => {
    const baked = (one: string) => one.replace(/ }$/, `, bake: ${bake} }`);
    const all = { staging, canary, production };
    for (const name of ['staging', 'canary', 'production'] as const) {
      const settings = await settingsOf(file({ ...all, [name]: baked(all[name]) }));
      expect(settings[name]?.bakeMs).toBe(bakeMs);
      const others = Object.keys(all).filter((one) => one !== name) as (keyof typeof all)[];
      expect(others.map((one) => settings[one]?.bakeMs)).toEqual([0, 0]);
    }
  });
});

/** What is refused, with its place and its words; `false`: the published schema, which knows no program's words, takes it. */
const rows: readonly (readonly [string, string, string, boolean?])[] = [
  ['neither of them', file({ production }), 'pipeline.yml:1:1 staging is missing'],
  [
    'an empty canary',
    file({ staging, canary: '', production }),
    'pipeline.yml:3:9 canary: has to be a map of keys',
  ],
  [
    'one app for the canary and production',
    file({ staging, canary: production, production }),
    'pipeline.yml:4:30 production.heroku.app: has to be another app than the canary’s',
    false,
  ],
  [
    'one app for staging and the canary',
    file({ staging, canary: staging, production }),
    'pipeline.yml:3:26 canary.heroku.app: has to be another app than staging’s',
    false,
  ],
  [
    'one place for the whole canary and production',
    file({
      staging: command(),
      canary: command(', name: web'),
      production: command(', name: web'),
    }),
    'production.command.name: has to be another name than the canary’s',
    false,
  ],
  [
    'a share of staging',
    file({
      staging: command(', name: web'),
      canary: command(', name: web, percent: 10'),
      production: command(),
    }),
    'canary.command.name: has to be another name than staging’s',
    false,
  ],
  [
    'nothing to promote to the canary that comes first',
    file({ canary: heroku('canary', ', deploy: promote'), production }),
    'pipeline.yml:2:47 canary.heroku.deploy: has to be build',
    false,
  ],
  [
    'no artifact for the canary that comes first',
    file({ canary: command(', submits: artifact'), production: command() }),
    'canary.command.submits: has to be commit',
    false,
  ],
  [
    'a share on Heroku',
    file({ staging, canary: heroku('canary', ', percent: 10'), production }),
    'pipeline.yml:3:39 unknown key canary.heroku.percent; known here: app, deploy, timeout',
  ],
  [
    'a share that is no canary’s',
    file({ ...ours, production: command(', percent: 10') }),
    'unknown key production.command.percent',
  ],
  [
    'two ways to say the shares',
    file({ ...ours, canary: command(', percent: 10, steps: [10]') }),
    'canary.command.steps: says what percent says too: leave one of them out',
    false,
  ],
  [
    'shares that do not grow',
    file({ ...ours, canary: command(', steps: [10, 10]') }),
    'canary.command.steps: has to grow from step to step',
    false,
  ],
  [
    'no shares',
    file({ ...ours, canary: command(', steps: []') }),
    'canary.command.steps: has to have a step',
  ],
  [
    'a share of nothing',
    file({ ...ours, canary: command(', percent: 0') }),
    'canary.command.percent: has to be 1 or more, not 0',
  ],
  [
    'a share of all',
    file({ ...ours, canary: command(', steps: [10, 100]') }),
    'canary.command.steps[1]: has to be 99 or less, not 100',
  ],
  [
    'half a percent',
    file({ ...ours, canary: command(', percent: 0.5') }),
    'canary.command.percent: has to be a whole number of percent from 1 to 99, not 0.5',
  ],
  [
    'a canary that nothing takes back',
    file({ ...ours, canary: '{ command: { deploy: bin/a, current: bin/b, health: bin/c } }' }),
    'canary.command.restore: is missing: a canary that fails has to be taken back',
    false,
  ],
  [
    'a bake that is no time',
    file({ staging: staging.replace(/ }$/, ', bake: soon }'), production }),
    'pipeline.yml:2:49 staging.bake: has to be a duration',
  ],
  [
    'a bake on nothing',
    `${file({ staging, production })}bake: 10m\n`,
    'pipeline.yml:4:1 unknown key bake',
  ],
];

const mistakes = rows.map(([what, text, words, knows = true]) => ({ what, text, words, knows }));

describe('a mistake is told with its place and what would be right', () => {
  it.each(mistakes)('$what', async ({ text, words }) => {
    expect(await mistakeIn(text)).toContain(words);
  });
});

describe('the published schema', () => {
  let isValid: (value: unknown) => boolean;
  beforeAll(async () => {
    isValid = new Ajv().compile(await configJsonSchema(targetKinds));
  });

  it.each([
    ['a canary between', file({ staging, canary, production })],
    ['a canary in staging’s place', file({ canary, production })],
    ['a share', file({ ...ours, canary: command(', percent: 10') })],
    ['steps', file({ canary: command(', steps: [10, 50]'), production: command() })],
    ['a bake', file({ canary, production: production.replace(/ }$/, ', bake: 10m }') })],
  ])('and the program both take %s', async (_, text) => {
    expect(isValid(parse(text))).toBe(true);
    expect((await loadText(text)).app).toBe('acme-web');
  });

  it.each(mistakes)('refuses what it can know: $what', ({ text, knows }) => {
    expect(isValid(parse(text))).toBe(!knows);
  });
});
