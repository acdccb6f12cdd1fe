/** The contract of what follows a submission: bounded, resumable, and no release is taken for another. */
import { describe, expect, it } from 'vitest';
import { isSameArtifact } from '../../src/effects/targets/target.ts';
import { toldFailureOf } from '../effects/lockstep-error.ts';
import { modes, one, stageOf, timeoutMs, two } from './fixture.ts';
import type { TargetHarness } from './world.ts';

export function releaseContract(harness: TargetHarness): void {
  describe.each(modes)('follow and awaitRelease: the %s', (mode) => {
    const stage = stageOf(harness);

    it('come from the submission to what runs there, of this commit', async () => {
      const { release, artifact } = await stage.deploy(mode);
      expect(artifact.commit).toBe(one);
      const running = await stage.running();
      expect(running.release).toEqual(release);
      expect(isSameArtifact(running.artifact, artifact)).toBe(true);
    });

    it('are resumed from what a process knew that died, and come to the same', async () => {
      const { work, release, artifact } = await stage.deploy(mode);
      const again = await stage.arrive(work, artifact);
      expect(again.release).toEqual(release);
      expect(stage.world.submissions('production')).toBe(1);
    });

    it('end when the time is up, where the submission does not', async () => {
      stage.world.submissionsTo('production', 'stall');
      const submission = await stage.submission(mode);
      const { work } = await stage.submit(submission);
      const { clock } = stage.ports;
      const begun = clock.now();
      const error = await toldFailureOf(stage.arrive(work, submission.verified?.artifact ?? null));
      expect(error.code).toMatch(/_TIMEOUT$/);
      expect(clock.now() - begun).toBeGreaterThanOrEqual(timeoutMs);
      expect(clock.now() - begun).toBeLessThan(3 * timeoutMs);
    });

    it('end at once when the signal says stop', async () => {
      stage.world.submissionsTo('production', 'stall');
      const { work } = await stage.submit(await stage.submission(mode));
      const ports = stage.world.ports({ signal: AbortSignal.abort(new Error('the lane is lost')) });
      const following = stage.target.follow({ work, timeoutMs }, ports);
      await expect(following).rejects.toThrow('the lane is lost');
    });

    it('fail where the submission does, and what ran before goes on', async () => {
      stage.world.release('production', two);
      const before = await stage.running();
      stage.world.submissionsTo('production', 'fail');
      const submission = await stage.submission(mode);
      const { work } = await stage.submit(submission);
      const error = await toldFailureOf(stage.arrive(work, submission.verified?.artifact ?? null));
      expect(error.code).not.toMatch(/_TIMEOUT$/);
      expect((await stage.running()).release).toEqual(before.release);
    });
  });

  describe('awaitRelease', () => {
    const stage = stageOf(harness);

    const refusedAs = async (over: Partial<Parameters<typeof stage.target.awaitRelease>[0]>) => {
      const { release, artifact } = await stage.running();
      const wanted = { release: release.id, commit: one, artifact, timeoutMs, ...over };
      return (await toldFailureOf(stage.target.awaitRelease(wanted, stage.ports))).code;
    };

    it('takes no release of another commit for ours, though it runs', async () => {
      stage.world.release('production', two);
      expect(await refusedAs({})).toMatch(/^E_RELEASE_(?!NOT_CURRENT)/);
    });

    it('takes no release of another artifact for ours, though it is of our commit', async () => {
      const { artifact } = await stage.deploy('commit');
      stage.world.release('production', one);
      expect(await refusedAs({ artifact })).toMatch(/^E_RELEASE_(?!NOT_CURRENT)/);
    });

    it('takes none for ours that does not run any more', async () => {
      const { release, artifact } = await stage.deploy('commit');
      stage.world.release('production', two);
      expect(await refusedAs({ release: release.id, artifact })).toBe('E_RELEASE_NOT_CURRENT');
    });
  });

  describe('mustStillRun', () => {
    const stage = stageOf(harness);

    it('throws where the release was told to be of the artifact that a later one of its commit has', async () => {
      const { release } = await stage.deploy('commit');
      stage.world.release('production', one);
      const { artifact } = await stage.running();
      const error = await toldFailureOf(
        stage.target.mustStillRun({ release, artifact }, stage.ports),
      );
      expect(error.code).toMatch(/^E_(PROGRAM_ANSWER|RELEASES_)/);
    });

    const stillRuns = async (change: () => void): Promise<string> => {
      stage.world.release('production', two);
      const shipped = await stage.deploy('commit');
      change();
      return stage.target.mustStillRun(shipped, stage.ports).then(
        () => 'it runs',
        (error: { code?: string }) => error.code ?? String(error),
      );
    };

    it.each([
      ['nothing happened', () => {}],
      ['somebody’s release failed', () => stage.world.failRelease('production', two)],
    ])('is content with what runs where %s', async (_, change) => {
      expect(await stillRuns(change)).toBe('it runs');
    });

    it.each([
      ['somebody released other code', () => stage.world.release('production', two)],
      ['somebody went back', () => stage.world.goBack('production')],
      ['other code is under way', () => stage.world.beginRelease('production', two)],
    ])('throws where %s', async (_, change) => {
      expect(await stillRuns(change)).toBe('E_RELEASE_NOT_CURRENT');
    });
  });
}
