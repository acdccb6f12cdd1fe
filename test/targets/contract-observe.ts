/** The contract of observing: what runs, who decided so, what is under way; and what cannot be told is an error. */
import { describe, expect, it } from 'vitest';
import type { Ports } from '../../src/effects/ports.ts';
import { isSameArtifact, type Target } from '../../src/effects/targets/target.ts';
import { toldFailureOf } from '../effects/lockstep-error.ts';
import { key, one, stageOf, three, timeoutMs, two } from './fixture.ts';
import type { TargetHarness } from './world.ts';

export function observeContract(harness: TargetHarness): void {
  describe('observe', () => {
    const stage = stageOf(harness);

    it('says that nothing runs where no code ever ran', async () => {
      const seen = await stage.target.observe(stage.ports);
      expect(seen).toMatchObject({ running: null, before: null, failed: [], pending: null });
    });

    it('tells what runs, of which commit, and what other code ran before', async () => {
      stage.world.release('production', one);
      stage.world.release('production', two);
      const { running, before } = await stage.target.observe(stage.ports);
      expect(running).toMatchObject({ artifact: { commit: two }, named: two, isRollback: false });
      expect(running?.by).not.toBe('');
      expect(Number.isNaN(Date.parse(running?.at ?? ''))).toBe(false);
      expect(before?.release.id).not.toBe(running?.release.id);
      expect(isSameArtifact(before?.artifact ?? null, running?.artifact ?? null)).toBe(false);
      const { artifact } = before ?? {};
      expect(await stage.target.namedCommit(artifact ?? missing(), stage.ports)).toBe(one);
    });

    it('says of somebody who went back that it is one, to the artifact of then', async () => {
      stage.world.release('production', one);
      const { artifact } = await stage.running();
      stage.world.release('production', two);
      stage.world.goBack('production');
      const back = await stage.running();
      expect(back).toMatchObject({ isRollback: true, named: one });
      expect(isSameArtifact(back.artifact, artifact)).toBe(true);
    });

    it('tells who put there what runs, whoever changed its configuration since', async () => {
      stage.world.release('production', one);
      stage.world.release('production', two);
      const before = await stage.target.observe(stage.ports);
      stage.world.configure('production');
      const { running, ...seen } = await stage.target.observe(stage.ports);
      expect(running).toEqual(before.running);
      expect(seen.before).toEqual(before.before);
      stage.world.goBack('production');
      const back = await stage.running();
      stage.world.configure('production');
      expect(await stage.running()).toEqual(back);
      expect(back.isRollback).toBe(true);
    });

    it('tells a release that failed beside what goes on running', async () => {
      stage.world.release('production', one);
      stage.world.failRelease('production', two);
      const { running, failed } = await stage.target.observe(stage.ports);
      expect(running?.named).toBe(one);
      expect(failed).toHaveLength(1);
      stage.world.release('production', three);
      expect((await stage.target.observe(stage.ports)).failed).toEqual([]);
    });

    it('tells a release under way beside what goes on running', async () => {
      stage.world.release('production', one);
      stage.world.beginRelease('production', two);
      const { running, pending } = await stage.target.observe(stage.ports);
      expect(running?.named).toBe(one);
      expect(pending?.ageMs).toBeGreaterThanOrEqual(0);
    });

    it('tells nothing of what a part of production is given', async () => {
      stage.world.release('production', one);
      stage.world.release('canary', one);
      const before = await stage.target.observe(stage.ports);
      stage.world.release('canary', two);
      stage.world.goBack('canary');
      stage.world.failRelease('canary', two);
      stage.world.beginRelease('canary', three);
      expect(await stage.target.observe(stage.ports)).toEqual(before);
      expect(await stage.target.underWay([], stage.ports)).toEqual([]);
    });

    it('gives a cursor that moves on with every release', async () => {
      const cursors = new Set<string>();
      for (const commit of [one, two, three]) {
        stage.world.release('production', commit);
        cursors.add((await stage.target.observe(stage.ports)).cursor);
      }
      expect(cursors.size).toBe(3);
    });

    it('knows what ran before a release, and what did not', async () => {
      stage.world.release('production', one);
      const first = await stage.running();
      stage.world.release('production', two);
      const second = await stage.running();
      const ranBefore = (artifact: typeof first, release: typeof first) =>
        stage.target.ranBefore(artifact.artifact, release.release, stage.ports);
      expect(await ranBefore(first, second)).toBe(true);
      expect(await ranBefore(second, second)).toBe(false);
    });
  });

  describe('underWay', () => {
    const stage = stageOf(harness);

    it('is empty where all is over, also after what failed', async () => {
      stage.world.release('production', one);
      stage.world.failRelease('production', two);
      expect(await stage.target.underWay([], stage.ports)).toEqual([]);
    });

    it('names what somebody began, with its age', async () => {
      stage.world.release('production', one);
      stage.world.beginRelease('production', two);
      const [work, ...others] = await stage.target.underWay([], stage.ports);
      expect(others).toEqual([]);
      expect(work?.name).not.toBe('');
      expect(work?.ageMs).toBeGreaterThanOrEqual(0);
    });

    it('names a submission of ours that is not over', async () => {
      stage.world.submissionsTo('production', 'stall');
      const { work } = await stage.submit(await stage.submission('commit'));
      const named = [expect.objectContaining({ isSeen: true })];
      expect(await stage.target.underWay([], stage.ports)).toEqual(named);
      const asked = [{ work, release: null }];
      expect(await stage.target.underWay(asked, stage.ports)).toEqual(named);
    });

    it('names nothing of what was asked for and is over', async () => {
      const { work, release } = await stage.deploy('artifact');
      for (const id of [null, release.id]) {
        expect(await stage.target.underWay([{ work, release: id }], stage.ports)).toEqual([]);
      }
    });

    it.each([null, 'a release'])(
      'says of what was asked for, and is not there, that it is not seen: %s',
      async (release) => {
        const { work } = await stage.deploy('commit');
        const lost = { work: { ...work, id: 'unknown' }, release };
        const [one, ...others] = await stage.target.underWay([lost], stage.ports);
        expect(others).toEqual([]);
        expect(one).toMatchObject({ isSeen: false });
      },
    );
  });

  describe('keyOf', () => {
    const stage = stageOf(harness);
    const places = () => [
      stage.world.open('production').settings,
      stage.world.open('staging').settings,
    ];

    it.each(['commit', 'artifact'] as const)(
      'is the key of our own submission: %s',
      async (mode) => {
        await stage.deploy(mode);
        const running = await stage.running();
        expect(await stage.target.keyOf(running, places(), stage.ports)).toBe(key);
      },
    );

    it('is none of what somebody else released', async () => {
      await stage.deploy('commit');
      stage.world.release('production', two);
      const running = await stage.running();
      expect(await stage.target.keyOf(running, places(), stage.ports)).toBeNull();
    });
  });

  describe('an answer that says nothing', () => {
    const stage = stageOf(harness);
    const bodies = ['', 'null', '{', '<html>Bad gateway</html>', ...harness.nonsense];

    it.each(bodies)(
      'is an error of every operation that reads, and never "nothing": %j',
      async (body) => {
        const { work, release, artifact } = await stage.deploy('commit');
        const running = await stage.running();
        stage.world.answerReads(body);
        const wanted = { release: release.id, commit: one, artifact, timeoutMs };
        const watched = { release, artifact, timeoutMs, mayHaveNone: false };
        const reads: Readonly<Record<string, (target: Target, ports: Ports) => Promise<unknown>>> =
          {
            observe: (target, ports) => target.observe(ports),
            underWay: (target, ports) => target.underWay([], ports),
            namedCommit: (target, ports) => target.namedCommit(artifact, ports),
            ranBefore: (target, ports) => target.ranBefore(artifact, release, ports),
            keyOf: (target, ports) => target.keyOf(running, [target.settings], ports),
            follow: (target, ports) => target.follow({ work, timeoutMs }, ports),
            awaitRelease: (target, ports) => target.awaitRelease(wanted, ports),
            restore: (target, ports) => target.restore({ key, to: [artifact], timeoutMs }, ports),
            mustStillRun: (target, ports) => target.mustStillRun({ release, artifact }, ports),
            watch: (target, ports) => target.watch(watched, ports).look(),
          };
        for (const [name, read] of Object.entries(reads)) {
          const outcome = await read(stage.target, stage.ports).then(
            (answer) => `${name} gave ${JSON.stringify(answer)}`,
            (error: unknown) => (error as { code?: string }).code ?? String(error),
          );
          expect(outcome, name).toMatch(/^E_/);
        }
        expect(stage.world.restorings('production')).toBe(0);
      },
    );

    it('is an error of a submission before anything is written', async () => {
      const submission = await stage.submission('commit');
      stage.world.answerReads('null');
      await toldFailureOf(stage.submit(submission));
      expect(stage.world.submissions('production')).toBe(0);
    });
  });
}

function missing(): never {
  throw new Error('no artifact is told of it');
}
