/** The contract of submitting: once for a key, whatever gets lost; and not at all where it is refused. */
import { describe, expect, it } from 'vitest';
import { modes, one, refusal, stageOf, two } from './fixture.ts';
import type { TargetHarness } from './world.ts';

export function submitContract(harness: TargetHarness): void {
  describe.each(modes)('submit: the %s', (mode) => {
    const stage = stageOf(harness);

    it('is written once for a key: a later try, also another process’s, adopts it', async () => {
      const submission = await stage.submission(mode);
      const first = await stage.submit(submission);
      const again = await stage.submit(submission);
      expect([first.adopted, again.adopted]).toEqual([false, true]);
      expect(stage.world.submissions('production')).toBe(1);
      const artifact = submission.verified?.artifact ?? null;
      const [mine, adopted] = [
        await stage.arrive(first.work, artifact),
        await stage.arrive(again.work, artifact),
      ];
      expect(adopted.release).toEqual(mine.release);
    });

    it('looks before it asks: what is there already is neither cleared nor made again', async () => {
      const submission = await stage.submission(mode);
      await stage.submit(submission);
      const called: string[] = [];
      const { adopted } = await stage.submit({
        ...submission,
        clear: async () => {
          called.push('clear');
          return refusal;
        },
        archive: async () => {
          called.push('archive');
          return new Uint8Array();
        },
      });
      expect({ adopted, called }).toEqual({ adopted: true, called: [] });
    });

    it('asks `clear` right before the write: nothing is asked of the vendor in between', async () => {
      const at: number[] = [];
      const clear = async () => {
        at.push(stage.world.asked.length);
        return null;
      };
      await stage.submit(await stage.submission(mode, { clear }));
      expect(at).toHaveLength(1);
      expect(at[0]).toBeGreaterThan(0);
      const after = stage.world.asked.slice(at[0]);
      expect(after[0]).toBe('submission');
    });

    it('writes nothing where it is refused, and gives the refusal', async () => {
      const submission = await stage.submission(mode, { clear: async () => refusal });
      expect(await stage.target.submit(submission, stage.ports)).toEqual(refusal);
      expect(stage.world.submissions('production')).toBe(0);
    });

    it('writes nothing where `clear` cannot tell', async () => {
      const clear = () => Promise.reject(new Error('the gates cannot be read'));
      const submission = await stage.submission(mode, { clear });
      await expect(stage.submit(submission)).rejects.toThrow('the gates cannot be read');
      expect(stage.world.submissions('production')).toBe(0);
    });

    it.each([
      ['after it was carried out', 'after', true],
      ['before it arrived', 'before', false],
    ] as const)('survives a reply that is lost %s', async (_, when, adopted) => {
      const submission = await stage.submission(mode);
      stage.world.loseReply('production', when);
      const submitted = await stage.submit(submission);
      expect(submitted.adopted).toBe(adopted);
      expect(stage.world.submissions('production')).toBe(1);
      const { artifact } = await stage.arrive(
        submitted.work,
        submission.verified?.artifact ?? null,
      );
      expect(artifact.commit).toBe(one);
    });

    it('does not write once its signal says stop', async () => {
      const stop = new AbortController();
      const clear = async () => {
        stop.abort(new Error('the lane is lost'));
        return null;
      };
      const submission = await stage.submission(mode, { clear });
      const ports = stage.world.ports({ signal: stop.signal });
      await expect(stage.target.submit(submission, ports)).rejects.toThrow('the lane is lost');
      expect(stage.world.submissions('production')).toBe(0);
    });
  });

  describe('submit', () => {
    const stage = stageOf(harness);

    it('is made anew where other code was released over what it came to', async () => {
      await stage.deploy('commit');
      stage.world.release('production', two);
      const { release } = await stage.deploy('commit');
      expect(stage.world.submissions('production')).toBe(2);
      expect((await stage.running()).release).toEqual(release);
    });

    it('takes another key’s submission of the same commit for another one', async () => {
      const submission = await stage.submission('commit');
      await stage.submit(submission);
      const { adopted } = await stage.submit({ ...submission, key: '503-11111111' });
      expect(adopted).toBe(false);
      expect(stage.world.submissions('production')).toBe(2);
    });
  });
}
