/** The dynos' check: all of the formation, on the new release, and who crashed. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awaitInstances } from '../../../../src/effects/checks/instances.ts';
import type { App, Dyno, Release } from '../../../../src/sandbox/heroku/state.ts';
import { toldFailureOf } from '../../lockstep-error.ts';
import { createVirtualClock, type VirtualClock } from '../../virtual-clock.ts';
import { dyno as dynoOf } from './hand-set.ts';
import { SandboxHeroku } from './sandbox-heroku.ts';

let clock: VirtualClock;
let world: SandboxHeroku;
let app: App;
let release: Release;
let slug: string;

beforeEach(async () => {
  clock = createVirtualClock();
  world = await SandboxHeroku.start({ clock });
  app = world.app('acme', { formation: [{ type: 'web', quantity: 2 }] });
  world.release(app, world.slug('b'.repeat(40)));
  slug = world.slug('a'.repeat(40));
  release = world.release(app, slug);
});
afterEach(() => world.close());

const dyno = (name: string, version: number, state: Dyno['state'] = 'up'): Dyno =>
  dynoOf(app, name, version, { state });

const check = (timeoutMs = 60_000, mayHaveNone = false) =>
  awaitInstances(
    world.target('acme'),
    {
      release: { id: release.id, version: `v${release.version}` },
      artifact: { kind: 'slug', id: slug, digest: null, commit: null },
      timeoutMs,
      mayHaveNone,
    },
    world.ports(),
    Promise.resolve(null),
  );

/** The dynos at the first ask, at the second, and so on; the last ones stay. */
function over(...moments: Dyno[][]): void {
  world.onAsked = (request) => {
    if (request === 'GET /apps/acme/dynos') app.dynos = moments.shift() ?? app.dynos;
  };
}

describe('awaitInstances at an app', () => {
  it('waits until as many dynos as the formation wants are up on the release', async () => {
    over(
      [dyno('web.1', 1), dyno('web.2', 1)],
      [dyno('web.1', 2), dyno('web.2', 2, 'starting')],
      [dyno('web.1', 2), dyno('web.2', 2)],
    );
    const { kind, instances, waitedMs } = await check();
    expect(kind).toBe('up');
    expect(instances).toEqual([
      { name: 'web.1', version: 'v2' },
      { name: 'web.2', version: 'v2' },
    ]);
    expect(waitedMs).toBeGreaterThan(0);
    expect(world.progress.at(-1)).toContain('web: 1 of 2 (web.2 starting on v2)');
  });

  it('waits for every process type', async () => {
    app.formation = [
      { type: 'web', quantity: 1 },
      { type: 'worker', quantity: 1 },
    ];
    app.dynos = [dyno('web.1', 2), dyno('worker.1', 1)];
    const error = await toldFailureOf(check());
    expect(error.code).toBe('E_INSTANCES_TIMEOUT');
    expect(error.message).toContain('worker: 0 of 1 (worker.1 up on v1)');
    expect(error.message).not.toContain('web');
  });

  it('leaves one-off dynos, release phases and the scheduler’s alone, crashed or old', async () => {
    app.dynos = [
      dyno('web.1', 2),
      dyno('web.2', 2),
      dyno('run.7812', 1),
      dyno('release.1', 2, 'crashed'),
      dyno('scheduler.4', 1, 'crashed'),
    ];
    app.formation = [...app.formation, { type: 'release', quantity: 1 }];
    expect(await check()).toMatchObject({ kind: 'up' });
  });

  it('waits for a process type that is called as Heroku Scheduler’s dynos, and not for those', async () => {
    app.formation = [{ type: 'scheduler', quantity: 1 }];
    const job = dyno('scheduler.3472', 2, 'crashed');
    app.dynos = [dyno('scheduler.1', 1), { ...job, state: 'up' }];
    expect(await toldFailureOf(check())).toMatchObject({
      code: 'E_INSTANCES_TIMEOUT',
      message: expect.stringContaining('scheduler: 0 of 1 (scheduler.1 up on v1)'),
    });
    app.dynos = [dyno('scheduler.1', 2, 'crashed')];
    expect(await toldFailureOf(check())).toMatchObject({ code: 'E_INSTANCE_CRASHED' });
    app.dynos = [dyno('scheduler.1', 2), job];
    expect(await check()).toMatchObject({ instances: [{ name: 'scheduler.1', version: 'v2' }] });
  });

  it('a type scaled to nothing is not waited for', async () => {
    app.formation = [...app.formation, { type: 'worker', quantity: 0 }];
    app.dynos = [dyno('web.1', 2), dyno('web.2', 2)];
    expect(await check()).toMatchObject({ kind: 'up' });
  });

  it.each([
    ['scaled to nothing', [{ type: 'web', quantity: 0 }]],
    ['without a formation', []],
    ['with a release phase only', [{ type: 'release', quantity: 1 }]],
  ])('an app %s is not up, unless that was waived', async (_, formation) => {
    app.formation = formation;
    app.dynos = [dyno('web.1', 2), dyno('release.1', 2)];
    const error = await toldFailureOf(check());
    expect(error.code).toBe('E_NO_INSTANCES');
    expect(error.hint).toContain('waive: [no-dynos]');
    expect(await check(60_000, true)).toMatchObject({ kind: 'up', instances: [] });
  });

  it('a formation that lags behind the app’s first release is waited for', async () => {
    let asked = 0;
    app.formation = [];
    world.onAsked = (request) => {
      if (request === 'GET /apps/acme/formation' && ++asked === 4) {
        app.formation = [{ type: 'web', quantity: 1 }];
      }
    };
    app.dynos = [dyno('web.1', 2)];
    expect(await check()).toMatchObject({ kind: 'up' });
  });

  it('a formation that lags twice is waited for as long each time', async () => {
    const input = {
      release: { id: release.id, version: `v${release.version}` },
      artifact: { kind: 'slug', id: slug, digest: null, commit: null },
      ...{ timeoutMs: 600_000, mayHaveNone: false },
    };
    const watch = world.target('acme').watch(input, world.ports());
    const none = 'its formation asks for no dynos';
    const { formation } = app;
    for (const lags of [true, false, true]) {
      app.formation = lags ? [] : formation;
      for (let seconds = 0; seconds < 20; seconds += 10) {
        expect((await watch.look()).missing === none).toBe(lags);
        await clock.sleep(10_000);
      }
    }
    await clock.sleep(10_000);
    expect((await toldFailureOf(watch.look())).code).toBe('E_NO_INSTANCES');
  });

  describe('how many dynos the formation wants', () => {
    const asked = { formation: [] as number[], dynos: [] as number[] };
    const watched = (more: () => void = () => {}): void => {
      for (const at of Object.values(asked)) at.length = 0;
      world.onAsked = (request) => {
        if (request === 'GET /apps/acme/formation') asked.formation.push(clock.ran());
        if (request !== 'GET /apps/acme/dynos') return;
        asked.dynos.push(clock.ran());
        more();
      };
    };

    it('is asked for again every ten seconds, and not at each look', async () => {
      app.dynos = [dyno('web.1', 2, 'starting'), dyno('web.2', 2)];
      watched(() => {
        if (asked.dynos.length === 12) app.dynos = [dyno('web.1', 2), dyno('web.2', 2)];
      });
      const { kind, instances } = await check(300_000);
      expect(kind).toBe('up');
      expect(instances).toHaveLength(2);
      const { formation, dynos } = asked;
      expect(dynos).toHaveLength(12);
      expect(formation.length).toBeLessThan(dynos.length);
      for (const [at, time] of formation.entries()) {
        expect(time - (formation[at - 1] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(
          10_000,
        );
      }
      for (const time of dynos) {
        const believed = formation.findLast((one) => one <= time) ?? Number.NEGATIVE_INFINITY;
        expect(time - believed).toBeLessThan(10_000);
      }
    });

    it('is asked for at each look as long as it is nothing', async () => {
      app.formation = [];
      app.dynos = [dyno('web.1', 2)];
      watched(() => {
        if (asked.dynos.length === 4) app.formation = [{ type: 'web', quantity: 1 }];
      });
      expect(await check()).toMatchObject({ kind: 'up' });
      expect(asked.formation).toHaveLength(asked.dynos.length);
    });

    it('is waited for where it is more than at first', async () => {
      app.dynos = [dyno('web.1', 2), dyno('web.2', 2, 'starting')];
      watched(() => {
        if (asked.dynos.length === 2) app.formation = [{ type: 'web', quantity: 4 }];
        if (asked.formation.length === 2) {
          app.dynos = [1, 2, 3].map((number) => dyno(`web.${number}`, 2));
        }
      });
      expect(await toldFailureOf(check())).toMatchObject({
        code: 'E_INSTANCES_TIMEOUT',
        message: expect.stringContaining('web: 3 of 4'),
      });
    });
  });

  it('a dyno that is listed twice counts once: by its name, by its id', async () => {
    const twice: Dyno[][] = [
      [dyno('web.1', 2), dyno('web.1', 2)],
      [dyno('web.1', 2), { ...dyno('web.1', 2), id: 'another' }],
      [
        { ...dyno('web.1', 2), id: 'one' },
        { ...dyno('web.2', 2), id: 'one' },
      ],
    ];
    for (const dynos of twice) {
      app.dynos = dynos;
      expect((await toldFailureOf(check())).message).toContain('web: 1 of 2');
    }
  });

  it('a dyno of another app, or without a release, does not count', async () => {
    app.dynos = [dyno('web.1', 2), dyno('web.2', 2)];
    /** The second one is listed with these changes. */
    const listedWith = (change: object): void => {
      world.lies.set('GET /apps/acme/dynos', ([first, second]: object[]) => [
        first ?? {},
        { ...second, ...change },
      ]);
    };
    listedWith({ app: { id: app.id, name: 'acme-staging' } });
    expect((await toldFailureOf(check())).message).toContain('web: 1 of 2');
    listedWith({ release: null });
    expect((await toldFailureOf(check())).message).toContain(
      'web: 1 of 2 (web.2 up on no release)',
    );
  });

  it('a process type that is listed twice is wanted as often as the larger says', async () => {
    app.dynos = [dyno('web.1', 2)];
    for (const quantities of [
      [1, 2],
      [2, 1],
    ]) {
      app.formation = quantities.map((quantity) => ({ type: 'web', quantity }));
      expect((await toldFailureOf(check())).message).toContain('web: 1 of 2');
    }
  });

  it('a dyno that crashed on the new release fails at once, with the way to its log', async () => {
    app.dynos = [dyno('web.1', 2), dyno('web.2', 2, 'crashed')];
    const error = await toldFailureOf(check());
    expect(error.code).toBe('E_INSTANCE_CRASHED');
    expect(error.message).toBe('acme: web.2 crashed on v2');
    expect(error.hint).toContain('heroku logs -a acme -d web.2 -n 200');
    expect(clock.slept).toEqual([]);
  });

  it('a dyno that crashed on a later release of the same code fails at once too', async () => {
    world.release(app, slug, { description: 'Set FOO config vars' });
    app.dynos = [dyno('web.1', 2), dyno('web.2', 3, 'crashed')];
    expect((await toldFailureOf(check())).message).toBe('acme: web.2 crashed on v3');
    expect(clock.slept).toEqual([]);
  });

  it('a dyno that crashed on the old release is only waited for', async () => {
    over([dyno('web.1', 1, 'crashed'), dyno('web.2', 1)], [dyno('web.1', 2), dyno('web.2', 2)]);
    expect(await check()).toMatchObject({ kind: 'up' });
  });

  it('tolerates old dynos beside the new ones, as preboot has them', async () => {
    app.dynos = [dyno('web.1', 2), dyno('web.2', 2), dyno('web.1', 1), dyno('web.2', 1)];
    expect(await check()).toMatchObject({ instances: [{ version: 'v2' }, { version: 'v2' }] });
  });

  it('an eco dyno that fell asleep on the new release had come up', async () => {
    app.dynos = [dyno('web.1', 2, 'idle'), dyno('web.2', 2)];
    expect(await check()).toMatchObject({ kind: 'up' });
  });

  it('counts dynos of a later release with the same slug', async () => {
    world.release(app, slug, { description: 'Set FOO config vars' });
    app.dynos = [dyno('web.1', 3), dyno('web.2', 3)];
    expect(await check()).toMatchObject({ instances: [{ version: 'v3' }, { version: 'v3' }] });
  });

  it('dynos of other code on top mean that this release does not run: E_RELEASE_NOT_CURRENT', async () => {
    world.release(app, world.slug('c'.repeat(40)));
    app.dynos = [dyno('web.1', 3), dyno('web.2', 3)];
    expect((await toldFailureOf(check())).code).toBe('E_RELEASE_NOT_CURRENT');
  });

  it('no dynos at all where some are wanted is not "up"', async () => {
    const error = await toldFailureOf(check());
    expect(error.message).toContain('web: 0 of 2');
  });
});
