/** Texts of `pipeline.yml` for tests, and a way to load one from a real file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, loadConfig } from '../../../src/cli/config/config.ts';

/** As little as may be written. */
export const leastConfig = `app: acme-web
staging:
  heroku: { app: acme-staging }
production:
  heroku: { app: acme-production }
`;

/** Every part of the shape, as the documentation has it. */
export const fullConfig = `app: acme-web                # the lane's name
branch: master
store: sqlite:.pipeline/log.db
stacking: skip               # skip | every
lock: { provider: store, timeout: 60m, lease: 60s }   # store | circleci | github
repository: https://github.com/acme/web        # for links and notes
staging:
  heroku: { app: acme-staging, deploy: build } # build: upload this commit and build it
  verify:
    dynos: { timeout: 10m }
    endpoints:
      - { url: https://staging.acme.test/, status: 200, timeout: 2m }
production:
  heroku: { app: acme-production, deploy: promote }   # promote the release that staging verified | build
  verify:
    dynos: { timeout: 10m }
    endpoints:
      - { url: https://www.acme.test/, status: 200, revision: { header: x-revision } }
gates: { rollback: hold, killSwitch: PRODUCTION_CD_ENABLED }
notify:
  slack: { channel: '#alerts-deploy', oncall: '<!subteam^S0ONCALL>' }
`;

/** Writes the text to a file of its own, loads it, and clears it away. */
export async function loadText(text: string): Promise<Config> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-config-'));
  try {
    const file = join(folder, 'pipeline.yml');
    writeFileSync(file, text);
    return await loadConfig(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
