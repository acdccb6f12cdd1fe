/**
 * kill -9 of a deploy by programs, at each boundary of the program and after each event: the same command finishes it,
 * and the commit comes to run once. In every run the part where production is written; the rest at night.
 */
import { describe, expect, it } from 'vitest';
import { deployId } from '../stage.ts';
import { type Environment, FolderStage, soon } from './folders.ts';

const isSoak = process.env.LOCKSTEP_SOAK === '1';
const boundaries = ['locked', 'made', 'switched'];
const build = 501;

/** The tests run beside one another: each has its own stage, struck at its end. */
async function onFolders(test: (folders: FolderStage) => Promise<void>): Promise<void> {
  const folders = await FolderStage.set();
  try {
    await test(folders);
  } finally {
    await folders.strike();
  }
}

/** The same command goes on, and all is as if nothing had been killed. */
async function finishes(folders: FolderStage, commit: string): Promise<void> {
  const ended = await folders.advance(build, commit);
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
  for (const environment of ['staging', 'production'] as const) {
    expect(folders.shipped(environment, commit), environment).toBe(1);
    expect(await folders.asked(environment)).toBe(commit);
  }
  const replay = await folders.stage.run(['replay', deployId(build, commit)]);
  expect(replay, replay.stdout).toMatchObject({ exit: 0 });
}

async function killed(
  folders: FolderStage,
  environment: Environment,
  boundary: string,
  whom: 'Lockstep alone' | 'both' | 'the program alone',
): Promise<void> {
  const commit = folders.stage.commit('The first');
  const stopsThere = { FOLDERS_STOP_AT: boundary };
  // It stops in staging too, on the way to production.
  const job = folders.start(build, commit, stopsThere);
  if (environment === 'production') {
    await folders.stoppedAt('staging', boundary);
    folders.letGo('staging');
  }
  const program = await folders.stoppedAt(environment, boundary);
  if (whom !== 'the program alone') job.process.kill('SIGKILL');
  if (whom === 'Lockstep alone') folders.letGo(environment);
  else process.kill(-program, 'SIGKILL');
  if (whom === 'the program alone') folders.letGo(environment);
  const { exit } = await job.ended;
  expect(exit).toBe(whom === 'the program alone' ? 0 : 'SIGKILL');
  await finishes(folders, commit);
}

describe.concurrent('killed at a boundary of the program', { timeout: 120_000 }, () => {
  const always = ['made', 'switched'].map((boundary) => ['production', boundary, 'both'] as const);
  const others = (['staging', 'production'] as const).flatMap((environment) =>
    boundaries.flatMap((boundary) =>
      (['Lockstep alone', 'the program alone', 'both'] as const).map(
        (whom) => [environment, boundary, whom] as const,
      ),
    ),
  );
  const isAlways = (one: readonly string[]) => always.some((two) => `${two}` === `${one}`);
  const orphan = ['production', 'made', 'Lockstep alone'] as const;
  const chosen = isSoak
    ? others
    : others.filter((one) => isAlways(one) || `${one}` === `${orphan}`);

  it.each(chosen)('in %s, %s: %s', (environment, boundary, whom) =>
    onFolders((folders) => killed(folders, environment, boundary, whom)),
  );
});

describe.concurrent('killed right after event', { timeout: 120_000 }, () => {
  /** Events of a deploy that goes live; in every run, those on either side of the write to production. */
  const live = 14;
  const all = Array.from({ length: live }, (_, i) => i + 1);

  it.each(isSoak ? all : [10])('%i: once there, once live', (count) =>
    onFolders(async (folders) => {
      const commit = folders.stage.commit('The first');
      const job = folders.start(build, commit);
      while (folders.stage.eventCount(build, commit) < count) await soon();
      job.process.kill('SIGKILL');
      await job.ended;
      await finishes(folders, commit);
    }),
  );
});

describe('cancelled', { timeout: 60_000 }, () => {
  it('ends with the program and all that it began, and goes on later', () =>
    onFolders(async (folders) => {
      const commit = folders.stage.commit('The first');
      const job = folders.start(build, commit, { FOLDERS_STOP_AT: 'made' });
      const program = await folders.stoppedAt('staging', 'made');
      job.process.kill('SIGTERM');
      expect(await job.ended).toMatchObject({ exit: 143 });
      expect(() => process.kill(program, 0)).toThrow('ESRCH');
      expect(folders.shipped('staging', commit)).toBe(0);
      await finishes(folders, commit);
    }));
});
