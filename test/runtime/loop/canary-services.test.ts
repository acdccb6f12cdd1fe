/** What the chart's services do of a canary: it is given the commit like production, behind its gates, and taken back. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EnvironmentName } from '../../../src/machine/events.ts';
import type { Asked, SubmitInput } from '../../../src/machine/services.ts';
import type { App } from '../../../src/sandbox/heroku/state.ts';
import { artifactOf, ProductionWorld, staging, targetOf } from '../gates/production-world.ts';

const canaryApp = 'acme-canary';
const deploy = '502-22222222';

let world: ProductionWorld;
let canary: App;
beforeEach(async () => {
  world = await ProductionWorld.create();
  canary = world.heroku.app(canaryApp);
  world.heroku.release(canary, world.heroku.slug(world.running));
});
afterEach(() => world.close());

const built = `POST /apps/${canaryApp}/builds`;
const rolledBack = `POST /apps/${canaryApp}/releases`;
const sent = (request: string) => world.heroku.asked.filter((one) => one === request).length;

const submit = (environment: EnvironmentName, over: Partial<SubmitInput> = {}) =>
  world.services.submit(
    {
      environment,
      target: targetOf(canaryApp),
      commit: world.commit,
      verified: null,
      cursor: null,
      share: null,
      key: deploy,
      timeoutMs: 600_000,
      gates: world.gates({ canary: targetOf(canaryApp) }),
      ...over,
    },
    world.runPorts,
  );

const killSwitch = { name: 'PRODUCTION_CD_ENABLED', state: 'true', why: null };
const forbidden: readonly (readonly [string, () => void, object])[] = [
  [
    'a rollback of production',
    () => void world.released('Rollback to v2', world.heroku.slug(world.running)),
    { kind: 'held' },
  ],
  ['the environment’s switch', () => world.turnOff(), { switch: 'environment' }],
  ['the lane’s switch', () => world.disable(), { switch: 'lane' }],
];

describe('submit', () => {
  it.each([null, 10])('tells of a canary its switch and its share: %s', async (share) => {
    expect(await submit('canary', { share })).toMatchObject({
      kind: 'submitted',
      adopted: false,
      killSwitch,
      share,
    });
    expect(sent(built)).toBe(1);
  });

  it('tells of production no share', async () => {
    const answer = await submit('production');
    expect(answer).toMatchObject({ kind: 'submitted', killSwitch });
    expect(answer).not.toHaveProperty('share');
  });

  it.each(forbidden)('writes nothing to a canary where %s forbids it', async (_, forbid, how) => {
    forbid();
    expect(await submit('canary')).toMatchObject(how);
    expect(sent(built)).toBe(0);
  });

  it.each(forbidden)(
    'reads no gates for staging: %s does not forbid it, and nothing is told of a switch',
    async (_, forbid) => {
      forbid();
      const answer = await submit('staging', { gates: null });
      expect(answer).toMatchObject({ kind: 'submitted' });
      expect(answer).not.toHaveProperty('killSwitch');
      expect(answer).not.toHaveProperty('share');
      expect(sent(built)).toBe(1);
    },
  );

  it('of another share is another submission, of the same share is not', async () => {
    for (const key of [`${deploy}/10`, `${deploy}/50`, `${deploy}/50`]) {
      await submit('canary', { key });
    }
    expect(sent(built)).toBe(2);
  });
});

describe('the gates', () => {
  it('tell where the canary’s history ends, where there is one', async () => {
    world.heroku.release(canary, world.heroku.slug(world.running));
    expect(await world.readGates({ canary: targetOf(canaryApp) })).toMatchObject({
      kind: 'clear',
      cursor: '2',
      canaryCursor: '2',
    });
    world.heroku.release(canary, world.heroku.slug(world.running));
    expect(await world.readGates({ canary: targetOf(canaryApp) })).toMatchObject({
      cursor: '2',
      canaryCursor: '3',
    });
    expect(await world.readGates()).not.toHaveProperty('canaryCursor');
  });

  it('wait until what is under way at the canary is over', async () => {
    const release = world.heroku.release(canary, world.heroku.slug(world.running), {
      status: 'pending',
    });
    let waits = 0;
    world.onSleep = () => {
      waits += 1;
      if (waits === 3) release.status = 'succeeded';
    };
    expect(await world.readGates({ canary: targetOf(canaryApp) })).toMatchObject({
      canaryCursor: '2',
    });
    expect(waits).toBeGreaterThanOrEqual(3);
  });

  it('are what the canary’s promotion is looked for behind: one from before was taken back', async () => {
    const slug = world.heroku.slug(world.commit);
    const { id, version } = world.heroku.release(world.staging, slug);
    const verified = {
      artifact: artifactOf(slug, world.commit),
      release: { id, version: `v${version}` },
      at: targetOf(staging),
    };
    const gates = { canary: targetOf(canaryApp) };
    const promote = async (cursor: string) => submit('canary', { verified, cursor });
    expect(await promote('1')).toMatchObject({ adopted: false });
    world.clock.advance(1_000);
    expect(await promote('1')).toMatchObject({ adopted: true });
    const first = canary.releases[0];
    if (first === undefined) throw new Error('the canary ran nothing');
    world.heroku.rollback(canary, first);
    const again = await world.readGates(gates);
    if (again.kind !== 'clear') throw new Error(again.kind);
    expect(await promote(again.canaryCursor ?? '')).toMatchObject({ adopted: false });
    expect(sent('POST /pipeline-promotions')).toBe(2);
  });
});

describe('restore', () => {
  const restore = (...keys: string[]) => restoreAfter(false, ...keys);
  /** @param isGiven whether production was to release the commit, too */
  const restoreAfter = (isGiven: boolean, ...keys: string[]) => restoreOf({ isGiven, keys });
  const restoreOf = ({
    isGiven = false,
    keys,
    asked = [],
  }: {
    isGiven?: boolean;
    keys: string[];
    asked?: Asked[];
  }) =>
    world.services.restore(
      {
        lane: 'acme',
        target: targetOf(canaryApp),
        commit: world.commit,
        keys,
        production: { target: targetOf('acme-production'), isGiven, observed: world.running },
        asked,
        timeoutMs: 60_000,
      },
      world.runPorts,
    );
  /** The canary runs what was submitted under that key. */
  const given = (key: string): void => {
    const slug = world.heroku.slug(world.commit);
    const release = world.heroku.release(canary, slug).id;
    world.heroku.build(canary, { status: 'succeeded', mark: `lockstep ${key}`, slug, release });
  };

  it('has the canary run what production runs, and tells its release', async () => {
    given(deploy);
    expect(await restore(deploy)).toEqual({
      kind: 'restored',
      release: { id: canary.releases.at(-1)?.id, version: 'v3' },
      stays: null,
    });
    expect(canary.releases.at(-1)?.slug).toBe(canary.releases[0]?.slug);
  });

  it('writes nothing where the canary runs other code, and tells no release', async () => {
    expect(await restore(deploy)).toEqual({ kind: 'restored', release: null, stays: null });
    expect(sent(rolledBack)).toBe(0);
  });

  it('writes nothing where the canary runs the commit as others submitted it, but says that it runs there', async () => {
    given('503-33333333');
    expect(await restore(deploy)).toEqual({ kind: 'restored', release: null, stays: 'somebody' });
    expect(sent(rolledBack)).toBe(0);
  });

  it('asks once more where the canary runs the commit and one answer did not tell that it is this deploy’s', async () => {
    given(deploy);
    let looks = 0;
    world.heroku.lies.set(`GET /apps/${canaryApp}/builds`, (builds: object[]) => {
      looks += 1;
      // The first look is for what is under way there.
      return looks > 2 ? builds : builds.map((one) => ({ ...one, source_blob: { version: 'v2' } }));
    });
    expect(await restore(deploy)).toMatchObject({ release: { version: 'v3' }, stays: null });
    expect(sent(rolledBack)).toBe(1);
  });

  it('is looked at once where one look says what it runs', async () => {
    const key = `GET /apps/${canaryApp}/builds`;
    const looks = () => world.heroku.asked.filter((one) => one === key).length;
    const other = async () => {
      world.heroku.asked.length = 0;
      expect(await restore(deploy)).toMatchObject({ release: null, stays: null });
      return looks();
    };
    const once = await other();
    world.heroku.release(canary, world.heroku.slug(world.commit));
    world.heroku.asked.length = 0;
    expect(await restore(deploy)).toMatchObject({ release: null, stays: 'somebody' });
    expect(looks()).toBeGreaterThan(once);
  });

  it('passes over what a deploy that nobody carried on had left there', async () => {
    world.heroku.release(canary, world.heroku.slug(world.graph.commit(world.running)));
    given(deploy);
    expect(await restore(deploy)).toMatchObject({ release: { version: 'v4' } });
    expect(canary.releases.at(-1)?.slug).toBe(canary.releases[0]?.slug);
  });

  it('leaves it where production runs the commit by now', async () => {
    given(deploy);
    world.released('Promote acme-canary v2 2222222', world.heroku.slug(world.commit));
    expect(await restore(deploy)).toEqual({
      kind: 'restored',
      release: null,
      stays: 'production',
    });
    expect(sent(rolledBack)).toBe(0);
  });

  it.each([
    ['is taken back where that came to nothing', 'failed', 'v3'],
    ['stays where that came to run', 'succeeded', undefined],
  ] as const)('waits for what production was asked for: it %s', async (_, status, version) => {
    given(deploy);
    const build = world.heroku.build(world.production);
    let waits = 0;
    world.onSleep = () => {
      waits += 1;
      expect(sent(rolledBack)).toBe(0);
      if (waits < 3) return;
      build.status = status;
      if (waits === 3 && status === 'succeeded') {
        world.released('Deploy 22222222', world.heroku.slug(world.commit));
      }
    };
    expect((await restoreAfter(true, deploy)).release?.version).toBe(version);
    expect(waits).toBeGreaterThanOrEqual(3);
  });

  it('says where somebody went back to it: that is theirs', async () => {
    given(deploy);
    const ours = canary.releases.at(-1);
    world.heroku.release(canary, world.heroku.slug(world.running));
    if (ours !== undefined) world.heroku.rollback(canary, ours);
    expect(await restore(deploy)).toEqual({ kind: 'restored', release: null, stays: 'somebody' });
    expect(sent(rolledBack)).toBe(0);
  });

  it.each([
    ['the last', 2],
    ['the first, for the last never came', 1],
  ])('takes back once, whichever share it runs: %s', async (_, shares) => {
    const keys = [`${deploy}/10`, `${deploy}/50`];
    for (const key of keys.slice(0, shares)) given(key);
    expect((await restore(...keys.toReversed())).release?.version).toBe(`v${2 + shares}`);
    expect(sent(rolledBack)).toBe(1);
  });

  it('waits first until nothing is under way there: a build that was asked for may yet release', async () => {
    given(deploy);
    const build = world.heroku.build(canary);
    let waits = 0;
    world.onSleep = () => {
      waits += 1;
      expect(sent(rolledBack)).toBe(0);
      if (waits === 3) build.status = 'failed';
    };
    expect(await restore(deploy)).toMatchObject({ release: { version: 'v3' } });
    expect(waits).toBeGreaterThanOrEqual(3);
    expect(world.heroku.progress.join('\n')).toContain(`${canaryApp} still has under way`);
  });

  it('waits first until what was asked for came to run: a promotion that has no release yet is in no list', async () => {
    world.heroku.timing = { promotionMs: 20_000 };
    const slug = world.heroku.slug(world.commit);
    const source = world.heroku.release(world.staging, slug);
    world.heroku.build(world.staging, {
      ...{ status: 'succeeded', mark: `lockstep ${deploy}`, slug, release: source.id },
    });
    const { pipeline } = world.heroku.heroku;
    const { id } = pipeline.promote({ app: world.staging, release: source }, [canary]);
    const work = { kind: 'promotion', id };
    const asked = [{ target: targetOf(canaryApp), work, release: null }];
    expect(await restoreOf({ keys: [deploy], asked })).toMatchObject({
      release: { version: 'v3' },
    });
    expect(canary.releases.at(-1)?.description).toBe('Rollback to v1');
    expect(world.heroku.progress.join('\n')).toContain(`still has under way: promotion ${id}`);
  });

  it('E_RELEASE_UNDER_WAY: does not wait for ever, for the lane is held meanwhile', async () => {
    given(deploy);
    world.heroku.build(canary);
    let waits = 0;
    world.onSleep = () => {
      waits += 1;
      if (waits > 2_000) throw new Error('it waits for ever');
    };
    await expect(restore(deploy)).rejects.toMatchObject({
      code: 'E_RELEASE_UNDER_WAY',
      message: expect.stringContaining(`${canaryApp} still has under way: build`),
    });
    expect(waits).toBeGreaterThan(600);
    expect(sent(rolledBack)).toBe(0);
  });

  it('knows what was submitted with a log that is thrown away', async () => {
    world.isLogKept = false;
    expect(await submit('canary')).toMatchObject({ adopted: false });
    const [build] = canary.builds;
    expect(build?.source.description).toBe(`lockstep ${deploy} (log not kept)`);
    world.clock.advance(1_000);
    expect(await restore(deploy)).toMatchObject({ release: { version: 'v3' } });
  });
});
