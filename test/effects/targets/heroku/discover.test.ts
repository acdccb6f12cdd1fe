/** Which of an account's apps could be a lane, asked of the sandbox. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { surveyor } from '../../../../src/effects/targets/heroku/survey.ts';
import { AskingSandbox } from '../../asking-sandbox.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-discover-'));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const discover = (
  world = new AskingSandbox(),
  values: Readonly<Record<string, string | null>> = world.env,
  app = 'acme',
) => surveyor.discover({ app, values, around: { root, env: {} } }, world.ports());

describe('what Heroku has to deploy to', () => {
  it('is each pair of staging and production of a pipeline; a canary comes last', async () => {
    const { lanes, notes } = await discover();
    expect(lanes.map(({ production }) => production.settings.app)).toEqual([
      'acme-production',
      'acme-canary',
    ]);
    expect(lanes[0]).toMatchObject({
      name: 'acme',
      staging: { settings: { app: 'acme-staging' } },
    });
    expect(notes.join()).toContain('3 apps');
  });

  it('is nothing where no pipeline has both, which is said', async () => {
    const world = new AskingSandbox();
    world.sandbox.control.setStage({ app: 'acme-staging', stage: null });
    const { lanes, notes } = await discover(world);
    expect(lanes).toEqual([]);
    expect(notes.join()).toContain('in no pipeline: acme-staging');
  });

  it('is what the account sees of it: without apps, names and addresses that it is not told', async () => {
    const world = new AskingSandbox();
    world.lies.set('/pipeline-couplings', (all: { pipeline: object; stage: string }[]) => [
      ...all.map((one) => ({ ...one, pipeline: { ...one.pipeline, name: undefined } })),
      { ...all[0], app: { id: 'not-ours' } },
      { ...all[0], stage: undefined },
    ]);
    world.lies.set('/apps', (apps: object[]) => apps.map((one) => ({ ...one, web_url: null })));
    const { lanes, notes } = await discover(world);
    expect(lanes).toHaveLength(2);
    for (const { name, staging, production } of lanes) {
      expect(name).toMatch(/^[0-9a-f-]{36}$/);
      expect([staging.url, production.url]).toEqual([null, null]);
    }
    expect(notes).toEqual([
      `Heroku: 3 apps; of pipelines with staging and production: ${lanes[0]?.name}`,
    ]);
  });

  it('is the likelier, the more its names say that it is this repository’s', async () => {
    const world = new AskingSandbox();
    world.lies.set('/pipeline-couplings', (all: { app: { id: string }; stage: string }[]) => {
      const [staging, ...others] = all;
      const of = (one: object | undefined, name: string) => ({
        ...one,
        pipeline: { id: name, name },
      });
      return ['other', 'acme', 'the-acme-shop', 'acmeish'].flatMap((name) => [
        of(staging, name),
        of(
          others.find(({ stage }) => stage === 'production'),
          name,
        ),
      ]);
    });
    world.lies.set('/apps', (apps: { name: string }[]) =>
      apps.map((one) => ({ ...one, name: one.name.replace('acme', 'site') })),
    );
    const { lanes } = await discover(world);
    expect(lanes.map(({ name, likeliness }) => [name, likeliness])).toEqual([
      ['acme', 10],
      ['the-acme-shop', 10],
      ['other', 0],
      ['acmeish', 0],
    ]);
    // A name with a dash is one word.
    const likeliest = (await discover(world, world.env, 'the-acme-shop')).lanes[0];
    expect(likeliest).toMatchObject({ name: 'the-acme-shop', likeliness: 10 });
  });

  it('is nothing without a token, which is said', async () => {
    const found = await discover(new AskingSandbox(), { HEROKU_API_KEY: null });
    expect(found).toMatchObject({
      lanes: [],
      notes: [expect.stringContaining('HEROKU_API_KEY is not set')],
    });
  });

  it('tells of migrations that no release phase runs', async () => {
    mkdirSync(join(root, 'db/migrate'), { recursive: true });
    writeFileSync(join(root, 'Procfile'), 'web: puma\n');
    expect((await discover()).todo.join()).toContain('db:migrate');
    writeFileSync(join(root, 'Procfile'), 'web: puma\nrelease: rails db:migrate\n');
    expect((await discover()).todo).toEqual([]);
  });
});
