/** What a run is put together from: the lease, the folder and the log of its own configuration, wherever the command is typed. */
import { expect, it } from 'vitest';
import { detectCi } from '../../../src/cli/ci/ci.ts';
import { parseConfig, toSettings } from '../../../src/cli/config/config.ts';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { type Here, partsOf } from '../../../src/cli/workspace/here.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { anActor } from '../../actor.ts';
import { leastConfig } from '../config/config-text.ts';

const run = newRun({ actor: anActor, ci: null, program: 'test' });

it.each([
  ['sqlite:.pipeline/log.db', {}, true],
  ['sqlite:/srv/lockstep/log.db', { CI: 'true' }, true],
  ['sqlite:.pipeline/log.db', { CI: 'true' }, false],
  ['sqlite::memory:', { CI: 'true' }, false],
  ['postgres://db.acme.test/lockstep', { CI: 'true' }, true],
])('of a log at %s, with %j, is kept: %j', async (storeUrl, env, isLogKept) => {
  const text = `${leastConfig}lock: { provider: circleci, lease: 45s }\n`;
  const config = await parseConfig(Buffer.from(text), 'pipeline.yml');
  const environment = readEnvironment({});
  const place = { file: '/acme/web/pipeline.yml', directory: '/acme/web' };
  const here = {
    ...{ environment, ci: detectCi(env), settings: toSettings(config, environment) },
    workspace: { config, ...place, storeUrl, notices: [] },
  } as unknown as Here;
  expect(partsOf(here, run)).toMatchObject({
    ...{ config, environment, run, isLogKept },
    folder: '/acme/web',
    leaseMs: 45_000,
    env: process.env,
  });
});
