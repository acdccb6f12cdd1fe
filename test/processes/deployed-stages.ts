/** Stages on which one deploy is live, their logs in SQLite or in a database of the file's own; all gone after its tests. */
import { afterAll, beforeAll, expect } from 'vitest';
import { usePostgres } from '../postgres/use-postgres.ts';
import type { TestStore } from '../store/events.ts';
import { Stage } from './stage.ts';

export function useDeployedStages() {
  const { store: create } = usePostgres();
  let database: TestStore;
  const stages: Stage[] = [];
  beforeAll(async () => {
    database = await create();
  });
  afterAll(async () => {
    for (const stage of stages) await stage.strike();
    // The database is not given back: what tests did to it is nobody else's.
  });
  return {
    postgresUrl: (): string => database.url,
    /** Build 501 of the first commit is live. */
    async deployed(store?: string): Promise<{ stage: Stage; commit: string }> {
      const stage = await Stage.set(store === undefined ? {} : { store });
      stages.push(stage);
      const commit = stage.commit('The first');
      expect(await stage.advanceHere(501, commit)).toMatchObject({ exit: 0 });
      return { stage, commit };
    },
  };
}
