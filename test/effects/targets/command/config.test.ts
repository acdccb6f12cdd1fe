/** `pipeline.yml` of places that a team's own programs serve: what is given, what has to be, what is waived by name. */
import { describe, expect, it } from 'vitest';
import { parseConfig, toSettings } from '../../../../src/cli/config/config.ts';
import { timeLimit } from '../../../../src/cli/config/fields.ts';
import { config } from '../../../../src/effects/targets/command/config.ts';
import { toldFailureOf } from '../../lockstep-error.ts';

const all = `
    current: [bin/current, 'production of all']
    health: bin/health
    restore: bin/restore`;
const file = (production: string, verify = '{}') =>
  `app: acme-web
staging:
  command:
    deploy: bin/deploy staging
    current: bin/current staging
    health: bin/health staging
production:
  command:
    deploy: bin/deploy production${production}
  verify: ${verify}
`;
const read = (text: string) => parseConfig(Buffer.from(text), 'pipeline.yml');
const refused = async (text: string) => (await toldFailureOf(read(text))).message;
const noInstances = '{ waive: [no-instances, no-checks] }';

describe('a place of programs', () => {
  it('is pinned by the words of its programs, and named by the app and the environment', async () => {
    const settings = toSettings(await read(file(all)), { leaseMs: null });
    expect(settings.staging?.submits).toBe('commit');
    expect(settings.production).toMatchObject({
      target: {
        kind: 'command',
        name: 'acme-web-production',
        settings: {
          environment: 'production',
          deploy: ['bin/deploy', 'production'],
          current: ['bin/current', 'production of all'],
          health: ['bin/health'],
          restore: ['bin/restore'],
          waive: [],
        },
      },
      submits: 'artifact',
      timeoutMs: 1_800_000,
    });
    expect(settings.production).not.toHaveProperty('tellsInstances');
  });

  it('without `current` is one whose order and rollback somebody waived by name', async () => {
    const waived = '\n    waive: [rollback, order]';
    const { target } = (await read(file(waived, noInstances))).production;
    expect(target.settings).toMatchObject({ current: null, waive: ['order', 'rollback'] });
  });

  it.each<[string, string, string, string]>([
    ['nothing that tells what runs', '', noInstances, 'or say waive: [order, rollback]'],
    ['only one of both waived', '\n    waive: [order]', noInstances, 'production.command.current'],
    [
      'a waiver of what is told',
      `${all}\n    waive: [order, rollback]`,
      '{}',
      'waives what `current` tells',
    ],
    [
      'a program that restores without one that tells what',
      '\n    restore: bin/restore\n    waive: [order, rollback]',
      noInstances,
      'restore: needs `current`',
    ],
    [
      'nothing that tells of instances',
      '\n    current: bin/current',
      '{}',
      'production.verify.waive: has to have no-instances, for nothing tells of its instances',
    ],
    [
      'a command line for a shell',
      `${all}\n    name: a | b`,
      '{}',
      'a name of letters, digits, dots, dashes',
    ],
    [
      'a shell’s own',
      ' | tee log\n    current: bin/current',
      noInstances,
      'has |, but no shell runs it',
    ],
    ['no program', '\n    current: []', noInstances, 'current'],
    [
      'a waiver of something else',
      '\n    waive: [tests]',
      noInstances,
      'has to be order or rollback',
    ],
  ])('is refused where it has %s', async (_, production, verify, words) => {
    expect(await refused(file(production, verify))).toContain(words);
  });

  it('is another one than staging’s, where both are named', async () => {
    const named = file(`${all}\n    name: web`).replace(
      '    health: bin/health staging',
      '    name: web\n    health: bin/health staging',
    );
    expect(await refused(named)).toContain(
      'production.command.name: has to be another name than staging’s',
    );
  });
});

describe('a canary', () => {
  const fields = { app: 'acme-web', timeLimit, isFirst: false };
  const canary = config.schema('canary', fields);
  const given = { deploy: 'bin/deploy', current: 'bin/current', restore: 'bin/restore' };

  it.each([
    [{ percent: 10 }, [10]],
    [{ steps: [10, 50] }, [10, 50]],
    [{}, null],
  ])('takes its share: %j', (share, shares) => {
    const read = canary.parse({ ...given, ...share });
    expect(read.shares).toEqual(shares);
    expect(read.target).toMatchObject({
      name: 'acme-web-canary',
      settings: { environment: 'canary' },
    });
  });

  it.each([
    [{ percent: 0 }, 'has to be 1 or more'],
    [{ percent: 100 }, 'has to be 99 or less'],
    [{ percent: 2.5 }, 'a whole number of percent'],
    [{ steps: [50, 10] }, 'has to grow from step to step'],
    [{ steps: [10, 10] }, 'has to grow from step to step'],
    [{ steps: [] }, 'has to have a step'],
    [{ percent: 10, steps: [10, 50] }, 'says what percent says too'],
    [{ restore: undefined }, 'a canary that fails has to be taken back'],
    [
      { restore: undefined, current: undefined, waive: ['order', 'rollback'] },
      'a canary that fails has to be taken back',
    ],
  ])('is refused where it says %j', (wrong, words) => {
    const { error } = canary.safeParse({ ...given, ...wrong });
    expect(error?.issues.map(({ message }) => message).join()).toContain(words);
  });

  it.each<[string | string[], string]>([
    ['', 'names no program'],
    [[''], 'names no program'],
    [['', 'production'], 'names no program'],
    [
      'bin/deploy\nproduction',
      'has a line end, but no shell runs it: quote it, or put it into a script',
    ],
    ['bin/deploy > log', 'has >, but no shell runs it: quote it, or put it into a script'],
  ])('is refused where its program is %j', (deploy, words) => {
    const { error } = canary.safeParse({ ...given, deploy });
    expect(error?.issues.map(({ message }) => message)).toEqual([words]);
  });

  it('is no word of another environment', () => {
    const staging = config.schema('staging', fields);
    expect(staging.safeParse({ ...given, percent: 10 }).success).toBe(false);
  });
});
