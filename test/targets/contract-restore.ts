/** The contract of taking a submission back: once, where it is what runs, and nowhere else. */
import { describe, expect, it } from 'vitest';
import { isSameArtifact } from '../../src/effects/targets/target.ts';
import type { Artifact } from '../../src/machine/events.ts';
import { toldFailureOf } from '../effects/lockstep-error.ts';
import { key, modes, one, stageOf, three, timeoutMs, two } from './fixture.ts';
import type { TargetHarness } from './world.ts';

export function restoreContract(harness: TargetHarness): void {
  /** Whatever was built of that commit. */
  const of = (commit: string): Artifact => ({ kind: 'any', id: 'any', digest: null, commit });
  const input = { key, to: [of(two)], timeoutMs };
  const backTo = (...to: readonly Artifact[]) => ({ ...input, to });

  describe.each(modes)('restore: the %s', (mode) => {
    const stage = stageOf(harness);

    it('has what is wanted run again, and tells its release and its artifact', async () => {
      stage.world.release('production', three);
      stage.world.release('production', two);
      const before = await stage.running();
      const { release } = await stage.deploy(mode);
      const restored = await stage.target.restore(backTo(before.artifact), stage.ports);
      if (restored.kind !== 'restored') throw new Error('it is untouched');
      expect(isSameArtifact(restored.artifact, before.artifact)).toBe(true);
      expect(restored.artifact.commit).toBe(two);
      const running = await stage.running();
      expect(running.release).toEqual(restored.release);
      expect(running.named).toBe(two);
      expect(running.release).not.toEqual(release);
      expect(stage.world.restorings('production')).toBe(1);
    });

    it('goes past what was left there since by a deploy that nobody carried on', async () => {
      stage.world.release('production', two);
      stage.world.release('production', three);
      await stage.deploy(mode);
      expect(await stage.target.restore(input, stage.ports)).toMatchObject({ kind: 'restored' });
      expect((await stage.running()).named).toBe(two);
    });

    it('is of the very artifact that is wanted, where there are several of its commit', async () => {
      stage.world.release('production', two);
      const { artifact } = await stage.running();
      stage.world.release('production', three);
      stage.world.release('production', two);
      expect(isSameArtifact((await stage.running()).artifact, artifact)).toBe(false);
      await stage.deploy(mode);
      await stage.target.restore(backTo(artifact), stage.ports);
      expect(isSameArtifact((await stage.running()).artifact, artifact)).toBe(true);
    });

    it('is written once for a submission: a later try, also another process’s, finds it', async () => {
      stage.world.release('production', two);
      await stage.deploy(mode);
      const first = await stage.target.restore(input, stage.ports);
      const again = await stage.target.restore(input, { ...stage.ports, again: true });
      expect(again).toEqual(first);
      expect(stage.world.restorings('production')).toBe(1);
    });

    it.each(['after', 'before'] as const)(
      'survives a reply that is lost %s it was carried out',
      async (when) => {
        stage.world.release('production', two);
        await stage.deploy(mode);
        stage.world.loseReply('production', when);
        expect(await stage.target.restore(input, stage.ports)).toMatchObject({ kind: 'restored' });
        expect(stage.world.restorings('production')).toBe(1);
        expect((await stage.running()).named).toBe(two);
      },
    );

    it('is made again where it was submitted again since', async () => {
      stage.world.release('production', two);
      await stage.deploy(mode);
      await stage.target.restore(input, stage.ports);
      await stage.deploy(mode);
      const second = await stage.target.restore(input, stage.ports);
      expect(second).toMatchObject({ kind: 'restored' });
      expect(await stage.target.restore(input, stage.ports)).toEqual(second);
      expect(stage.world.restorings('production')).toBe(2);
      expect((await stage.running()).named).toBe(two);
    });
  });

  describe('restore', () => {
    const stage = stageOf(harness);

    it.each<[string, boolean, () => Promise<unknown> | unknown]>([
      ['no code ever ran', false, () => {}],
      ['it was never submitted', false, () => stage.world.release('production', two)],
      ['what runs is of another key', false, () => deployUnder('503-11111111')],
      [
        'somebody released over it',
        false,
        () => deployUnder(key, () => stage.world.release('production', three)),
      ],
      [
        'somebody’s release over it is under way',
        true,
        () => deployUnder(key, () => stage.world.beginRelease('production', three)),
      ],
      [
        'somebody released over it, and went back to it',
        true,
        () =>
          deployUnder(key, () => {
            stage.world.release('production', three);
            stage.world.goBack('production');
          }),
      ],
      ['it failed', false, () => failedSubmission()],
    ])('writes nothing where %s, and says whether it runs (%s)', async (_, runsIt, happens) => {
      await happens();
      const before = await stage.target.observe(stage.ports);
      const untouched = { kind: 'untouched', runsIt };
      expect(await stage.target.restore(input, stage.ports)).toEqual(untouched);
      expect(stage.world.restorings('production')).toBe(0);
      expect(await stage.target.observe(stage.ports)).toEqual(before);
    });

    it.each([
      ['somebody’s release over it failed', () => stage.world.failRelease('production', three)],
      ['somebody configured it anew', () => stage.world.configure('production')],
    ])('goes on where %s', async (_, happens) => {
      await deployUnder(key, happens);
      expect(await stage.target.restore(input, stage.ports)).toMatchObject({ kind: 'restored' });
    });

    it.each<[string, string, () => void]>([
      ['nothing ran before it', 'E_NOTHING_TO_RESTORE', () => {}],
      [
        'what ran before it is gone',
        'E_RESTORE_GONE',
        () => stage.world.release('production', two),
      ],
    ])('is an error where %s, with what to do, and nothing is written', async (_, code, ran) => {
      ran();
      await stage.deploy('commit');
      stage.world.forget('production');
      const error = await toldFailureOf(stage.target.restore(input, stage.ports));
      expect(error.code).toBe(code);
      expect(error.hint).not.toBe('');
      expect(stage.world.restorings('production')).toBe(0);
      expect((await stage.running()).named).toBe(one);
    });

    it('E_NOTHING_TO_RESTORE: never goes back to what merely ran before', async () => {
      await deployUnder(key);
      const error = await toldFailureOf(stage.target.restore(backTo(of(three)), stage.ports));
      expect(error).toMatchObject({ code: 'E_NOTHING_TO_RESTORE' });
      expect(error.message).toContain(three);
      expect(error.hint).not.toBe('');
      expect(stage.world.restorings('production')).toBe(0);
    });

    it('is the first that ran there, of several that may run', async () => {
      stage.world.release('production', three);
      await deployUnder(key);
      const never = of('4'.repeat(40));
      await stage.target.restore(backTo(never, of(three), of(two)), stage.ports);
      expect((await stage.running()).named).toBe(three);
    });

    it('never goes back to what it takes back, though that ran there before', async () => {
      stage.world.release('production', two);
      await stage.deploy('artifact');
      stage.world.release('production', three);
      await stage.deploy('artifact');
      const { artifact, named } = await stage.running();
      expect(named).toBe(one);
      await stage.target.restore(backTo(artifact, of(two)), stage.ports);
      expect((await stage.running()).named).toBe(two);
    });

    it('is the first that ran there and is kept', async () => {
      stage.world.release('production', two);
      const { artifact } = await stage.running();
      stage.world.release('production', three);
      stage.world.forget('production');
      await stage.deploy('commit');
      await stage.target.restore(backTo(artifact, of(three)), stage.ports);
      expect((await stage.running()).named).toBe(three);
    });

    it('is no success where it fails, and is not tried again by itself', async () => {
      await deployUnder(key);
      stage.world.restoringsTo('production', 'fail');
      for (let attempt = 1; attempt <= 2; attempt++) {
        const error = await toldFailureOf(stage.target.restore(input, stage.ports));
        expect(error.code).toBe('E_RELEASE_FAILED');
      }
      expect(stage.world.restorings('production')).toBe(1);
      expect((await stage.running()).named).toBe(one);
    });

    it('waits until it runs, and no longer than it may', async () => {
      await deployUnder(key);
      stage.world.restoringsTo('production', 'stall');
      const { clock } = stage.ports;
      const begun = clock.now();
      const error = await toldFailureOf(stage.target.restore(input, stage.ports));
      expect(error.code).toMatch(/_TIMEOUT$/);
      expect(clock.now() - begun).toBeGreaterThanOrEqual(timeoutMs);
      expect(clock.now() - begun).toBeLessThan(3 * timeoutMs);
    });

    it('is written to its own place alone: production sees nobody go back', async () => {
      stage.world.release('staging', two);
      stage.world.release('production', three);
      await stage.deploy('artifact');
      const production = await stage.target.observe(stage.ports);
      const staging = stage.world.open('staging');
      expect(await staging.restore(input, stage.ports)).toMatchObject({ kind: 'restored' });
      expect([stage.world.restorings('staging'), stage.world.restorings('production')]).toEqual([
        1, 0,
      ]);
      expect(await stage.target.observe(stage.ports)).toEqual(production);
      expect(production.running?.isRollback).toBe(false);
      expect((await stage.running('staging')).named).toBe(two);
    });

    it('does not write once its signal says stop', async () => {
      await deployUnder(key);
      const ports = stage.world.ports({ signal: AbortSignal.abort(new Error('the lane is lost')) });
      await expect(stage.target.restore(input, ports)).rejects.toThrow('the lane is lost');
      expect(stage.world.restorings('production')).toBe(0);
    });

    /** Production runs commit `one`, submitted under that key, over `two`. */
    async function deployUnder(under: string, then: () => void = () => {}): Promise<void> {
      stage.world.release('production', two);
      const submission = await stage.submission('commit', { key: under });
      const { work } = await stage.submit(submission);
      await stage.arrive(work, null);
      then();
    }

    async function failedSubmission(): Promise<void> {
      stage.world.release('production', two);
      stage.world.submissionsTo('production', 'fail');
      const { work } = await stage.submit(await stage.submission('commit'));
      await toldFailureOf(stage.arrive(work, null));
    }
  });
}
