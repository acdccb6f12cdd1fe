/**
 * A rollback of real targets that is killed at each call of the log, of Heroku and of a program: the same command finishes it,
 * and production is taken back once. Of two who want it at once one does it.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpClient } from '../../../src/effects/http/request.ts';
import type { Programs } from '../../../src/effects/targets/command/program.ts';
import { commandTargets } from '../../../src/effects/targets/command/target.ts';
import type { Running, Target } from '../../../src/effects/targets/target.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { laneStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { often } from '../../store/attacks/seed.ts';
import { FolderWorld, settingsOf } from '../../targets/command-world.ts';
import { one, two } from '../../targets/fixture.ts';
import { HerokuTargetWorld } from '../../targets/heroku-world.ts';
import type { TargetWorld } from '../../targets/world.ts';
import { begin, Life, lane, type Production, shippedOf } from './processes.ts';

/** How far apart kills are tried; carry-out.test.ts tries each, at a place that is made up. */
const step = often(5, 1);

const worlds: readonly [string, () => Promise<TargetWorld>][] = [
  ['heroku, on Cedar', () => HerokuTargetWorld.start('cedar')],
  ['heroku, on Fir', () => HerokuTargetWorld.start('fir')],
  ['command', async () => new FolderWorld()],
];

/** A program is begun by a process that may be dead by the time it ends. */
const programsOver = (life: Life, programs: Programs): Programs => ({
  check: (words) => programs.check(words),
  file: (bytes) => programs.file(bytes),
  start: (program) => {
    life.count();
    const { ended, stop } = programs.start(program);
    const heard = ended.then((end) => {
      life.count();
      return end;
    });
    return { ended: heard, stop };
  },
});

/** Production that ran two commits, both verified by the lane, the second still. */
class Ran implements Production {
  readonly #world: TargetWorld;
  running!: Running;
  readonly shipped: ReturnType<typeof shippedOf>[] = [];

  constructor(world: TargetWorld) {
    this.#world = world;
  }

  async begin(): Promise<this> {
    for (const commit of [one, two]) {
      this.#world.release('production', commit);
      await this.look();
      this.shipped.unshift(shippedOf(this.running, `50${commit[0]}-${commit.slice(0, 8)}`));
    }
    return this;
  }

  async look(): Promise<Running> {
    const { running } = await this.#world.open('production').observe(this.#world.ports());
    if (running === null) throw new Error('nothing runs there');
    this.running = running;
    return running;
  }

  target(life: Life): Target {
    const world = this.#world;
    if (!(world instanceof FolderWorld)) return world.open('production');
    return commandTargets(programsOver(life, world))(settingsOf('production'));
  }

  http(life: Life): HttpClient {
    const { http } = this.#world.ports();
    return {
      vendorClock: http.vendorClock,
      send: (...request) => life.step(() => http.send(...request)),
      assertHeld: async () => life.count(),
    } as HttpClient;
  }
}

let log: EventLog;
let world: TargetWorld;
let isOpen = false;
afterEach(close);

async function close(): Promise<void> {
  if (!isOpen) return;
  isOpen = false;
  await log.close();
  await world.close();
}

async function fresh(start: () => Promise<TargetWorld>): Promise<Ran> {
  await close();
  log = await openLog('sqlite::memory:');
  world = await start();
  isOpen = true;
  return new Ran(world).begin();
}

const types = async (): Promise<string[]> =>
  (await log.readStream(laneStream(lane))).map(({ type }) => type);

describe.each(worlds)('a rollback of %s', (_, start) => {
  it('that is killed anywhere is finished by the same command, and takes production back once', async () => {
    const whole = new Life();
    const clean = await fresh(start);
    await (await begin(log, clean, whole)).ended();
    expect(whole.calls).toBeGreaterThan(30);
    for (let dies = 0; dies < whole.calls; dies += step) {
      const place = await fresh(start);
      const killed = await (await begin(log, place, new Life(dies)))
        .ended()
        .then(() => false)
        .catch(() => true);
      await place.look();
      if (killed && !(await types()).includes('rollback.done'))
        await (await begin(log, place)).ended();
      const { named, isRollback } = await place.look();
      const seen = { dies, named, isRollback, times: world.restorings('production') };
      expect(seen).toEqual({ dies, named: one, isRollback: true, times: 1 });
      expect((await types()).filter((type) => type === 'rollback.done')).toHaveLength(1);
      const { grant, rollback } = await readLane(log, lane);
      expect([dies, rollback, grant?.released]).toEqual([dies, null, true]);
    }
  });
});
