/** The contract of looking at instances: each once, on this release, and none is not "up". */
import { describe, expect, it } from 'vitest';
import type { InstancesSeen, InstanceWatch } from '../../src/effects/targets/target.ts';
import { toldFailureOf } from '../effects/lockstep-error.ts';
import { type Deployed, stageOf, timeoutMs, two } from './fixture.ts';
import type { TargetHarness, ToldInstance } from './world.ts';

export function instancesContract(harness: TargetHarness): void {
  describe('instances', () => {
    const stage = stageOf(harness);
    const [first, second] = harness.instances ?? ['web.1', 'web.2'];
    let deployed: Deployed;

    /** Two are wanted; `listed` says what is there, by our release's version and the one before. */
    async function watch(
      listed: (ours: string, before: string) => ToldInstance[],
      { wanted = 2, mayHaveNone = false } = {},
    ): Promise<InstanceWatch> {
      stage.world.release('production', two);
      const before = (await stage.running()).release.version;
      deployed = await stage.deploy('commit');
      stage.world.want('production', wanted);
      stage.world.instances('production', listed(deployed.release.version, before));
      const { release, artifact } = deployed;
      return stage.target.watch({ release, artifact, timeoutMs, mayHaveNone }, stage.ports);
    }

    const up = (name: string, version: string, life = 1): ToldInstance => ({
      name,
      version,
      state: 'up',
      life,
    });
    const namesOf = ({ up: seen }: InstancesSeen) => seen.map(({ name }) => name).sort();

    it('are up when as many as are wanted are, each once and on this release', async () => {
      const look = await (await watch((ours) => [up(first, ours), up(second, ours)])).look();
      expect(look.missing).toBe('');
      expect(namesOf(look)).toEqual([first, second]);
      expect(new Set(look.up.map(({ version }) => version))).toEqual(
        new Set([deployed.release.version]),
      );
    });

    it.each<[string, (ours: string, before: string) => ToldInstance[], string[]]>([
      ['one is listed twice', (ours) => [up(first, ours), up(first, ours)], [first]],
      ['there is none', () => [], []],
      [
        'one is of the release before',
        (ours, before) => [up(first, ours), up(second, before)],
        [first],
      ],
      [
        'one only starts',
        (ours) => [up(first, ours), { ...up(second, ours), state: 'starting' }],
        [first],
      ],
    ])('are missing, in words, while %s', async (_, listed, names) => {
      const look = await (await watch(listed)).look();
      expect(look.missing).toMatchSnapshot();
      expect(namesOf(look)).toEqual(names);
    });

    it('have another life after a restart, and the same one until then', async () => {
      const watched = await watch((ours) => [up(first, ours), up(second, ours)]);
      const lives = async () => (await watched.look()).up.map(({ name, life }) => [name, life]);
      const before = await lives();
      expect(await lives()).toEqual(before);
      const { version } = deployed.release;
      stage.world.instances('production', [up(first, version), up(second, version, 2)]);
      const after = await lives();
      expect(after[0]).toEqual(before[0]);
      expect(after[1]).not.toEqual(before[1]);
    });

    it('of which one crashed are an error at once', async () => {
      const watched = await watch((ours) => [
        up(first, ours),
        { ...up(second, ours), state: 'crashed' },
      ]);
      expect((await toldFailureOf(watched.look())).code).toBe('E_INSTANCE_CRASHED');
    });

    it('of other code that was released meanwhile are an error', async () => {
      const watched = await watch((ours) => [up(first, ours), up(second, ours)]);
      stage.world.release('production', two);
      const { version } = (await stage.running()).release;
      stage.world.instances('production', [up(first, version), up(second, version)]);
      expect((await toldFailureOf(watched.look())).code).toBe('E_RELEASE_NOT_CURRENT');
    });

    it('that nobody wants are an error in the end, and never up', async () => {
      const watched = await watch(() => [], { wanted: 0 });
      const { clock } = stage.ports;
      const until = clock.now() + timeoutMs;
      const looking = async () => {
        while (clock.now() <= until) {
          const { up: seen, missing } = await watched.look();
          expect(seen).toEqual([]);
          expect(missing).not.toBe('');
          await clock.sleep(5_000);
        }
      };
      expect((await toldFailureOf(looking())).code).toBe('E_NO_INSTANCES');
    });

    it('that nobody wants are up where a person said so', async () => {
      const watched = await watch(() => [], { wanted: 0, mayHaveNone: true });
      expect(await watched.look()).toEqual({ up: [], missing: '' });
    });
  });

  describe('overlapMs', () => {
    const stage = stageOf(harness);

    it('is a time from now on, and not negative', async () => {
      const { release } = await stage.deploy('commit');
      const overlap = await stage.target.overlapMs(release, stage.ports);
      expect(Number.isFinite(overlap) && overlap >= 0).toBe(true);
    });
  });
}
