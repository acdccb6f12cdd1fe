/** An environment names exactly one target, in the words of its kind; a further kind takes nothing but itself. */
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig, toSettings } from '../../../src/cli/config/config.ts';
import { configJsonSchema } from '../../../src/cli/config/schema.ts';
import { herokuKind } from '../../../src/effects/targets/heroku/kind.ts';
import type { TargetKind } from '../../../src/effects/targets/target-kind.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';

/** Another kind, whose words differ in every place. */
const machines: TargetKind = {
  ...herokuKind,
  kind: 'machines',
  name: 'Machines',
  config: async () => ({
    schema: (_, { timeLimit }) =>
      z
        .strictObject({
          host: z.string().min(2),
          slots: z.int().multipleOf(4).default(4),
          patience: timeLimit('how long it may take', '5m'),
        })
        .transform(({ host, patience }) => ({
          target: { kind: 'machines', name: host, settings: { port: 22 } },
          submits: 'commit' as const,
          shares: null,
          timeoutMs: patience,
          tellsInstances: true,
        })),
    nameField: 'host',
    verify: { instances: 'processes', waived: 'none counts as up' },
  }),
};
const kinds = [herokuKind, machines];

const file = (staging: string, production: string) =>
  `app: acme-web\nstaging:\n  ${staging}\nproduction:\n  ${production}\n`;
const heroku = 'heroku: { app: acme-web }';
const on = (host: string, verify = '{}') => `machines: { host: ${host} }\n  verify: ${verify}`;

const read = (text: string, of = kinds) => parseConfig(Buffer.from(text), 'pipeline.yml', of);
const refused = async (text: string, of = kinds) => (await toldFailureOf(read(text, of))).message;

describe('an environment', () => {
  it('is read in the words of its target’s kind, and pinned in nobody’s', async () => {
    const words = '{ processes: { settle: 3s }, waive: [no-processes, no-checks] }';
    const { staging, production } = toSettings(await read(file(heroku, on('blue', words))), {
      leaseMs: null,
    });
    expect(staging?.target).toEqual({ kind: 'heroku', name: 'acme-web', settings: {} });
    expect(production).toEqual({
      target: { kind: 'machines', name: 'blue', settings: { port: 22 } },
      submits: 'commit',
      shares: null,
      bakeMs: 0,
      timeoutMs: 300_000,
      verify: {
        instances: { timeoutMs: 600_000, settleMs: 3_000 },
        waive: ['no-instances', 'no-checks'],
        endpoints: [],
      },
    });
  });

  it.each([
    ['two', `${heroku}\n  machines: { host: blue }`, 'it has heroku and machines'],
    ['none', 'verify: {}', 'it has no target'],
  ])('with %s of them is refused, with its place and what may stand there', async (_, own, has) => {
    const message = await refused(file(own, on('blue')));
    expect(message).toContain('pipeline.yml:3:3 staging: has to have one target: heroku or mach');
    expect(message).toContain(has);
    expect(message).not.toContain('unknown key');
  });

  it.each([
    ['a key of another kind’s', '{ dynos: {} }', 'verify.dynos; known here: processes, endpoints'],
    ['a waiver of another kind’s', '{ waive: [no-dynos] }', 'has to be no-processes or no-checks'],
    ['nothing that could fail', '{ waive: [no-processes] }', 'has nothing that could fail'],
  ])('has under verify no words but its own kind’s: %s', async (_, verify, words) => {
    expect(await refused(file(heroku, on('blue', verify)))).toContain(words);
  });

  it('in which a kind’s own field is wrong is told by it, beside other mistakes', async () => {
    const text = file('machines: { hots: blue }', on('x'));
    const message = await refused(text);
    expect(message).toContain('unknown key staging.machines.hots; did you mean host?');
    expect(message).toContain('staging.machines.host is missing');
    expect(message).toContain('pipeline.yml:5:21 production.machines.host');
  });
});

it('what is wrong in a way that has no words here is told with its place and what stands there', async () => {
  const text = file(heroku, 'machines: { host: blue, slots: 3 }');
  expect(await refused(text)).toContain(
    'pipeline.yml:5:34 production.machines.slots: cannot be that, not 3',
  );
});

describe('staging and production', () => {
  it.each([
    ['heroku', file(heroku, heroku), 'production.heroku.app: has to be another app than staging’s'],
    [
      'another kind, by its own field',
      file(on('blue'), on('blue')),
      'production.machines.host: has to be another host than staging’s',
    ],
    [
      'heroku, beside another mistake',
      file(heroku, 'heroku: { app: acme-web, timeout: soon }'),
      'production.heroku.app: has to be another app than staging’s, not "acme-web"',
    ],
  ])('are two places of one kind: %s', async (_, text, words) => {
    expect(await refused(text)).toContain(words);
  });

  it('of two kinds may be called alike', async () => {
    expect((await read(file(heroku, on('acme-web')))).production.target.name).toBe('acme-web');
  });
});

describe('the schema for editors', async () => {
  const isValid = new Ajv({ allErrors: true }).compile(await configJsonSchema(kinds));

  it.each([file(heroku, on('blue')), file(on('blue'), heroku), file(on('blue'), on('green'))])(
    'takes what the program takes: %j',
    async (text) => {
      expect(isValid(parse(text)), JSON.stringify(isValid.errors)).toBe(true);
      await read(text);
    },
  );

  it.each([
    file(`${heroku}\n  machines: { host: blue }`, on('green')),
    file('verify: {}', on('green')),
    file(heroku, on('blue', '{ dynos: {} }')),
  ])('refuses what the program refuses: %j', async (text) => {
    expect(isValid(parse(text))).toBe(false);
    expect(await refused(text)).not.toBe('');
  });
});
