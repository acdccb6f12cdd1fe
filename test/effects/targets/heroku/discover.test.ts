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
) => surveyor.discover({ app: 'acme', values, around: { root, env: {} } }, world.ports());

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
