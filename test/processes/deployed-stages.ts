/** Stages on which one deploy is live, their logs in SQLite or on a server of the file's own; all gone after its tests. */
import { afterAll, beforeAll, expect } from 'vitest';
import { PostgresServer } from '../postgres/server.ts';
import { Stage } from './stage.ts';

export function useDeployedStages() {
  let server: PostgresServer;
  const stages: Stage[] = [];
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(async () => {
    for (const stage of stages) await stage.strike();
    await server.stop();
  });
  return {
    /** Where a log on the server is. */
    postgresUrl: (): string => server.url('postgres'),
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
