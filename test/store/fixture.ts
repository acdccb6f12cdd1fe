/** One empty store a test, opened as often as the test likes and removed after it. */
import { afterEach, beforeEach } from 'vitest';
import { type OpenOptions, openLog } from '../../src/store/open.ts';
import type { ProjectedLog } from '../../src/store/projection.ts';
import type { TestStore } from './events.ts';

export interface Fixture<S extends TestStore = TestStore> {
  store(): S;
  /** One more connection to the test's store. */
  open(options?: OpenOptions): Promise<ProjectedLog>;
}

export function storeFixture<S extends TestStore>(create: () => Promise<S>): Fixture<S> {
  let store: S | undefined;
  let opened: ProjectedLog[] = [];
  beforeEach(async () => {
    store = await create();
    opened = [];
  });
  afterEach(async () => {
    for (const log of opened) await log.close();
    await store?.remove();
  });
  const current = () => {
    if (store === undefined) throw new Error('there is a store inside a test only');
    return store;
  };
  return {
    store: current,
    async open(options) {
      const log = await openLog(current().url, options);
      opened.push(log);
      return log;
    },
  };
}
