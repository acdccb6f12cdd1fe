/** What each story of a canary is played on, whatever kind of target it is at. */
import { expect } from 'vitest';
import { deployId, type Ended, type Stage } from '../stage.ts';
import { recorded } from './recorded.ts';

export type PlaceName = 'staging' | 'canary' | 'production';

export abstract class CanaryStage {
  readonly stage: Stage;

  protected constructor(stage: Stage) {
    this.stage = stage;
  }

  abstract advance(build: number, commit: string): Promise<Ended>;
  abstract run(...args: readonly string[]): Promise<Ended>;
  /** The commit that runs there. */
  abstract runs(place: PlaceName): string | null | undefined;
  /** What was released there since the story began, the oldest first. */
  abstract released(place: PlaceName): readonly { readonly commit: string | null }[];

  /** Until the deploy has so many events of that type. */
  recorded(build: number, commit: string, type: string, times = 1): Promise<void> {
    return recorded(this.stage.logFile, { build, commit, type, times });
  }

  /** Which events the deploy has, in order. */
  async types(build: number, commit: string): Promise<readonly string[]> {
    return (await this.stage.events(build, commit)).map(({ type }) => type);
  }
}

/** The next commit ships, whatever became of the canary before. */
export async function expectNextShips(stage: CanaryStage, build: number): Promise<void> {
  const commit = stage.stage.commit('The next');
  const ended = await stage.advance(build, commit);
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
  for (const place of ['canary', 'production'] as const) expect(stage.runs(place)).toBe(commit);
  expect(stage.released('production').filter((made) => made.commit === commit)).toHaveLength(1);
}

export async function expectReplays(
  stage: CanaryStage,
  build: number,
  commit: string,
): Promise<void> {
  const replay = await stage.run('replay', deployId(build, commit));
  expect(replay, replay.stdout).toMatchObject({ exit: 0 });
}
