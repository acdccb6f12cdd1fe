/** What a check-up does to the log: it leaves nothing behind that holds anybody up. */
import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/cli/config/config.ts';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { storeChecks } from '../../../src/cli/doctor/store-checks.ts';
import { openLog } from '../../../src/store/open.ts';
import { configText } from './world.ts';

it('gives back the lease by which it finds that the log can be written', async () => {
  const log = await openLog('sqlite::memory:');
  const config = await parseConfig(Buffer.from(configText), 'pipeline.yml');
  const { checks, close } = storeChecks({
    ...{ storeUrl: 'sqlite:/srv/log.db', config },
    ...{ environment: readEnvironment({}), isCi: false, folder: '/srv' },
    openLog: async () => log,
  });
  const found = await checks.find(({ id }) => id === 'store.writable')?.look();
  expect(found).toMatchObject([{ verdict: 'ok' }]);
  expect(await log.lease('doctor')).toMatchObject({ released: true });
  await close();
});
