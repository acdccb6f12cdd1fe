/** The contract of a person's rollback: to a release that ran there, once, and over nothing but what was seen to run. */
import { describe, expect, it } from 'vitest';
import type { Release } from '../../src/machine/events.ts';
import { toldFailureOf } from '../effects/lockstep-error.ts';
import { one, stageOf, three, timeoutMs, two } from './fixture.ts';
import type { TargetHarness } from './world.ts';

export function rollbackContract(harness: TargetHarness): void {
  describe('rollback', () => {
    const stage = stageOf(harness);
    const key = 'rollback-1a2b3c4d';
    /** The releases that it told of before they ran. */
    const told: Release[] = [];

    /** Production ran commit two, then one: from that one, back to the other. */
    async function ran() {
      told.length = 0;
      stage.world.release('production', two);
      const { release: to } = await stage.running();
      stage.world.release('production', one);
      const { release: from } = await stage.running();
      return { from, to, key, timeoutMs, onMade: (release: Release) => told.push(release) };
    }

    it('has the release run again, and says that it goes back', async () => {
      const input = await ran();
      const made = await stage.target.rollBack(input, stage.ports);
      const running = await stage.running();
      expect([running.named, running.isRollback]).toEqual([two, true]);
      expect(made).toMatchObject({ kind: 'restored', release: running.release });
      expect(running.release).not.toEqual(input.to);
      expect(stage.world.restorings('production')).toBe(1);
      expect(told).toEqual([running.release]);
    });

    it('is made once: a later try, also another process’s, finds it', async () => {
      const input = await ran();
      const first = await stage.target.rollBack(input, stage.ports);
      for (const again of [false, true]) {
        expect(await stage.target.rollBack(input, { ...stage.ports, again })).toEqual(first);
      }
      expect(stage.world.restorings('production')).toBe(1);
    });

    it.each(['before', 'after'] as const)(
      'survives a reply that is lost %s it was carried out',
      async (when) => {
        const input = await ran();
        stage.world.loseReply('production', when);
        const made = await stage.target.rollBack(input, stage.ports);
        expect(made.kind).toBe('restored');
        expect(stage.world.restorings('production')).toBe(1);
        expect((await stage.running()).named).toBe(two);
      },
    );

    it.each<[string, () => void]>([
      ['somebody released over it', () => stage.world.release('production', three)],
      ['somebody’s release is under way', () => stage.world.beginRelease('production', three)],
      [
        'it was made, and somebody released over that',
        () => {
          stage.world.goBack('production');
          stage.world.release('production', three);
        },
      ],
    ])('writes nothing where %s', async (_, happens) => {
      const input = await ran();
      happens();
      const before = await stage.target.observe(stage.ports);
      const made = await stage.target.rollBack(input, stage.ports);
      expect(made).toEqual({ kind: 'untouched', runsIt: false });
      expect(told).toEqual([]);
      expect(stage.world.restorings('production')).toBe(0);
      expect(await stage.target.observe(stage.ports)).toEqual(before);
    });

    it('E_RESTORE_GONE: the target keeps it no longer', async () => {
      const input = await ran();
      stage.world.forget('production');
      const error = await toldFailureOf(stage.target.rollBack(input, stage.ports));
      expect(error.code).toBe('E_RESTORE_GONE');
      expect(stage.world.restorings('production')).toBe(0);
    });

    it('is no success where it fails', async () => {
      const input = await ran();
      stage.world.restoringsTo('production', 'fail');
      const error = await toldFailureOf(stage.target.rollBack(input, stage.ports));
      expect(error.code).toBe('E_RELEASE_FAILED');
      expect((await stage.running()).named).toBe(one);
      const { failed } = await stage.target.observe(stage.ports);
      expect(told).toEqual(failed.map(({ release }) => release));
      expect(told).toHaveLength(1);
    });

    it('waits until it runs, and no longer than it may', async () => {
      const input = await ran();
      stage.world.restoringsTo('production', 'stall');
      const error = await toldFailureOf(stage.target.rollBack(input, stage.ports));
      expect(error.code).toMatch(/_TIMEOUT$/);
      const { pending } = await stage.target.observe(stage.ports);
      expect(told).toEqual([pending?.release]);
    });

    it('does not write once its signal says stop', async () => {
      const input = await ran();
      const ports = stage.world.ports({ signal: AbortSignal.abort(new Error('the lane is lost')) });
      await expect(stage.target.rollBack(input, ports)).rejects.toThrow();
      expect(stage.world.restorings('production')).toBe(0);
    });

    it('finds a release by its id and its version, and none that never came to run', async () => {
      const { to } = await ran();
      for (const name of [to.id, to.version]) {
        const found = await stage.target.findRelease(name, stage.ports);
        expect(found).toMatchObject({ release: to, artifact: { commit: two }, whyNot: null });
      }
      expect(await stage.target.findRelease('v999', stage.ports)).toBeNull();
      stage.world.failRelease('production', three);
      const { failed } = await stage.target.observe(stage.ports);
      const name = failed[0]?.release.version ?? '';
      expect(name).not.toBe('');
      expect(await stage.target.findRelease(name, stage.ports)).toBeNull();
    });

    it('tells of a release that the target keeps no longer why it cannot run again', async () => {
      const { to } = await ran();
      stage.world.forget('production');
      const found = await stage.target.findRelease(to.id, stage.ports);
      expect(found).toMatchObject({ release: to, whyNot: expect.stringMatching(/\w+ \w+/) });
    });

    it('finds no release that is under way', async () => {
      await ran();
      stage.world.beginRelease('production', three);
      const { pending } = await stage.target.observe(stage.ports);
      const name = pending?.release.version ?? '';
      expect(name).not.toBe('');
      expect(await stage.target.findRelease(name, stage.ports)).toBeNull();
    });
  });
}
