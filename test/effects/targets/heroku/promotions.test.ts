/** Promotions: exactly the verified release, once, and every target's fate told. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ports } from '../../../../src/effects/ports.ts';
import type { Heroku } from '../../../../src/effects/targets/heroku/heroku.ts';
import type { Refusal } from '../../../../src/machine/services.ts';
import type { App, PromotionTarget, Release } from '../../../../src/sandbox/heroku/state.ts';
import { toldFailureOf } from '../../lockstep-error.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { SandboxHeroku } from './sandbox-heroku.ts';

const write = 'POST /pipeline-promotions';
const clear = async () => null;

let world: SandboxHeroku;
let staging: App;
let production: App;
let verified: Release;
let slug: string;
let heroku: Heroku;
let ports: Ports;

beforeEach(async () => {
  world = await SandboxHeroku.start();
  staging = world.app('acme-staging');
  production = world.app('acme-production');
  slug = world.slug('a'.repeat(40));
  verified = world.release(staging, slug);
  world.release(production, world.slug('b'.repeat(40)));
  heroku = world.client();
  ports = world.ports();
});
afterEach(() => world.close());

const input = () => ({
  source: { app: 'acme-staging', release: { id: verified.id, version: verified.version } },
  target: { app: 'acme-production' },
  code: { kind: 'slug', id: slug } as const,
  after: 1,
});
const request = (clearance: () => Promise<Refusal | null> = clear) =>
  heroku.requestPromotion(input(), ports, clearance);
const sent = () => world.asked.filter((one) => one === write).length;

describe('requestPromotion', () => {
  it('names the release that was verified, whatever staging runs by now', async () => {
    world.release(staging, world.slug('c'.repeat(40)));
    const answer = await request();
    const [promotion] = world.promotions;
    expect(promotion?.source).toEqual({ app: staging, release: verified });
    const work = { kind: 'promotion', id: promotion?.id };
    expect(answer).toEqual({ kind: 'requested', work, adopted: false });
  });

  it('adopts a release of its slug above the version that the gates saw, and writes nothing', async () => {
    const { id } = world.release(production, slug, {
      description: 'Promote acme-staging v1 aaaaaaa',
    });
    world.release(production, slug, { description: 'Set FOO config vars' });
    const work = { kind: 'release', id };
    expect(await request()).toEqual({ kind: 'requested', work, adopted: true });
    expect(sent()).toBe(0);
  });

  it('adopts one that is still in its release phase', async () => {
    const { id } = world.release(production, slug, {
      status: 'pending',
      description: 'Promote x v1',
    });
    expect(await request()).toMatchObject({ work: { kind: 'release', id }, adopted: true });
  });

  it('of several adopts one that did not fail, and the lowest of those: config changes come on top of it', async () => {
    const description = 'Promote x v1';
    world.release(production, slug, { status: 'failed', description });
    const failed = world.release(production, slug, { status: 'failed', description });
    // Of those that failed the newest: it tells what keeps the code from running now.
    expect(await request()).toMatchObject({
      work: { kind: 'release', id: failed.id },
      adopted: true,
    });
    const { id } = world.release(production, slug, { description });
    world.release(production, slug, { description: 'Set FOO config vars' });
    world.release(production, slug, { status: 'failed', description });
    expect(await request()).toMatchObject({ work: { kind: 'release', id }, adopted: true });
  });

  it('does not take for its own: another slug, a version from before, a rollback to its slug', async () => {
    const before = world.release(production, slug).version;
    world.release(production, world.slug('d'.repeat(40)), { description: 'Promote x v1' });
    world.release(production, slug, { description: 'Rollback to v2' });
    const answer = await heroku.requestPromotion({ ...input(), after: before }, ports, clear);
    expect(answer).toMatchObject({ adopted: false });
    expect(sent()).toBe(1);
  });

  it.each(['lost-after', '503-after'] as const)(
    'when the reply is %s, looks again and adopts the release it made: one promotion',
    async (fault) => {
      world.faults.set(write, [fault]);
      const answer = await request();
      expect(world.promotions).toHaveLength(1);
      const work = { kind: 'release', id: production.releases.at(-1)?.id };
      expect(answer).toEqual({ kind: 'requested', work, adopted: true });
      expect(sent()).toBe(1);
    },
  );

  it('when the request was lost, sends it once more after looking and after clearance', async () => {
    world.faults.set(write, ['lost-before']);
    let cleared = 0;
    const answer = await request(async () => {
      cleared += 1;
      return null;
    });
    expect(answer).toMatchObject({ adopted: false });
    expect(world.promotions).toHaveLength(1);
    expect(cleared).toBe(2);
  });

  it('a conflict with what its own lost request made is no failure', async () => {
    world.timing = { promotionMs: Number.POSITIVE_INFINITY };
    world.faults.set(write, ['lost-after', { status: 422, body: { id: 'invalid_params' } }]);
    let cleared = 0;
    const answer = await request(async () => {
      cleared += 1;
      const description = 'Promote acme-staging v1 aaaaaaa';
      if (cleared === 2) world.release(production, slug, { description });
      return null;
    });
    expect(answer).toMatchObject({
      adopted: true,
      work: { kind: 'release', id: production.releases.at(-1)?.id },
    });
  });

  it('a refusal right before the write is handed on, and nothing is written', async () => {
    const refusal: Refusal = {
      kind: 'superseded',
      cause: 'diverged',
      production: { version: 'v1', commit: 'b'.repeat(40) },
      verified: true,
      stuck: null,
    };
    expect(await request(async () => refusal)).toBe(refusal);
    expect(sent()).toBe(0);
  });

  it('clearance is the last thing asked before the write', async () => {
    let asked = 0;
    await request(async () => {
      asked = world.asked.length;
      return null;
    });
    expect(world.asked[asked]).toBe(write);
  });

  it('refuses apps that are not in one pipeline: E_NO_PIPELINE', async () => {
    const path = 'GET /apps/acme-production/pipeline-couplings';
    const pipeline = { id: 'another' };
    world.lies.set(path, (coupling: object) => ({ ...coupling, pipeline }));
    expect((await toldFailureOf(request())).code).toBe('E_NO_PIPELINE');
    world.lies.clear();
    world.heroku.pipeline.setStage(production, null);
    expect((await toldFailureOf(request())).code).toBe('E_NO_PIPELINE');
    expect(sent()).toBe(0);
  });

  it.each([undefined, null])('an app whose generation is %s is Cedar’s', async (generation) => {
    world.lies.set('GET /apps/acme-production', (about: object) => ({ ...about, generation }));
    expect(await request()).toMatchObject({ work: { kind: 'promotion' } });
  });

  it('asks nothing more of two apps that it has read before than the list that it reads anyway', async () => {
    await heroku.mustReach('acme-staging', 'acme-production', ports);
    const before = world.asked.length;
    const { work } = (await request()) as { work: { id: string } };
    await heroku.followPromotion({ ...input(), promotion: work.id, timeoutMs: 60_000 }, ports);
    expect(world.asked.slice(before).filter((one) => !one.includes('promotion'))).toEqual([
      'GET /apps/acme-production/releases',
    ]);
  });

  it('promotes to the app that has the name now, where it was given to another since it was read', async () => {
    await heroku.mustReach('acme-staging', 'acme-production', ports);
    Object.assign(production, { name: 'acme-before' });
    const named = world.app('acme-production');
    world.release(named, world.slug('b'.repeat(40)));
    const { work } = (await request()) as { work: { id: string } };
    const follow = { ...input(), promotion: work.id, timeoutMs: 60_000 };
    expect(await heroku.followPromotion(follow, ports)).toBe(named.releases.at(-1)?.id);
    expect(world.promotions[0]?.targets.map(({ app }) => app.id)).toEqual([named.id]);
  });

  it('goes from the app that it is asked for, to the one that it is asked for, whichever were read before', async () => {
    const canary = world.app('acme-canary');
    world.release(canary, world.slug('b'.repeat(40)));
    await heroku.mustReach('acme-staging', 'acme-production', ports);
    const { id, version } = world.release(canary, slug);
    const source = { app: 'acme-canary', release: { id, version } };
    const { work } = (await heroku.requestPromotion({ ...input(), source }, ports, clear)) as {
      work: { id: string };
    };
    expect(world.promotions[0]?.source.app).toBe(canary);
    await heroku.mustReach('acme-canary', 'acme-production', ports);
    const other = world.heroku.pipeline.promote({ app: staging, release: verified }, [canary]);
    const follow = (target: string, promotion: string) =>
      heroku.followPromotion({ target: { app: target }, promotion, timeoutMs: 60_000 }, ports);
    expect(await follow('acme-canary', other.id)).toBe(canary.releases.at(-1)?.id);
    expect(await follow('acme-production', work.id)).toBe(production.releases.at(-1)?.id);
  });

  it('fails when Heroku says that it took another release: E_PROMOTION_SOURCE', async () => {
    const body = { id: 'p-1', source: { app: { id: staging.id }, release: { id: 'another' } } };
    world.faults.set(write, [{ status: 201, body }]);
    expect((await toldFailureOf(request())).code).toBe('E_PROMOTION_SOURCE');
  });

  it.each(['app', 'release'] as const)(
    'asks again what is promoted where the answer names no %s',
    async (unnamed) => {
      const source = { app: { id: staging.id }, release: { id: verified.id } };
      const half = { ...source, [unnamed]: null };
      world.faults.set(write, [{ status: 201, body: { id: 'p-1', source: half } }]);
      world.faults.set('GET /pipeline-promotions/p-1', [
        { status: 200, body: { id: 'p-1', source } },
      ]);
      expect(await request()).toMatchObject({ work: { kind: 'promotion', id: 'p-1' } });
    },
  );

  it('asks again what is promoted where the answer does not say, and fails where that says nothing', async () => {
    const source = { app: { id: staging.id }, release: { id: verified.id } };
    const kept: [object, string | null][] = [
      [{ source }, null],
      [{}, 'E_PROMOTION_SOURCE'],
      [{ source: { app: source.app, release: null } }, 'E_PROMOTION_SOURCE'],
      [{ source: { ...source, app: { id: production.id } } }, 'E_PROMOTION_SOURCE'],
      [{ source, id: 'p-2' }, 'E_PROMOTION_SOURCE'],
    ];
    for (const [body, code] of kept) {
      world.faults.set(write, [{ status: 201, body: { id: 'p-1' } }]);
      world.faults.set('GET /pipeline-promotions/p-1', [
        { status: 200, body: { id: 'p-1', ...body } },
      ]);
      if (code === null)
        expect(await request()).toMatchObject({ work: { kind: 'promotion', id: 'p-1' } });
      else expect((await toldFailureOf(request())).code).toBe(code);
    }
    expect(sent()).toBe(kept.length);
  });

  it('that is interrupted while it asks again what is promoted says so, and blames nobody', async () => {
    world.faults.set(write, [{ status: 201, body: { id: 'p-1' } }]);
    const lost = new Error('the lane is lost');
    world.onAsked = (asked) => {
      if (asked === 'GET /pipeline-promotions/p-1') world.stop.abort(lost);
    };
    await expect(request()).rejects.toBe(lost);
  });

  it('a coupling or an app that is another one’s is not believed', async () => {
    const body = { app: { id: production.id }, pipeline: { id: world.heroku.pipeline.id } };
    world.faults.set('GET /apps/acme-staging/pipeline-couplings', [{ status: 200, body }]);
    expect((await toldFailureOf(request())).code).toBe('E_VENDOR_MALFORMED');
    const other = { id: staging.id, name: 'acme-other' };
    world.faults.set('GET /apps/acme-staging', [{ status: 200, body: other }]);
    expect((await toldFailureOf(request())).code).toBe('E_VENDOR_MALFORMED');
    expect(sent()).toBe(0);
  });
});

describe('followPromotion', () => {
  const follow = (promotion: string) =>
    heroku.followPromotion(
      { target: { app: 'acme-production' }, promotion, timeoutMs: 60_000 },
      ports,
    );
  const requested = async () => {
    const answer = await request();
    if (answer.kind !== 'requested') throw new Error('it was refused');
    return answer.work.id;
  };

  /** One to production and to another app, and both targets of it: what becomes of them is set by hand. */
  function promotedToTwo(): [PromotionTarget, PromotionTarget, string] {
    world.timing = { promotionMs: Number.POSITIVE_INFINITY };
    const source = { app: staging, release: verified };
    const made = world.heroku.pipeline.promote(source, [production, world.app('acme-eu')]);
    const [ours, other] = made.targets;
    if (ours === undefined || other === undefined) throw new Error('it has two targets');
    return [ours, other, made.id];
  }

  it('gives the release that the promotion made', async () => {
    expect(await follow(await requested())).toBe(production.releases.at(-1)?.id);
  });

  it.each(['pending', 'failed'] as const)(
    'gives a release whose phase is %s: whoever waits for it tells of it',
    async (status) => {
      world.nextPhases(production, status === 'failed' ? 'failed' : 'never');
      if (status === 'failed') world.timing = { releasePhaseMs: 0 };
      const made = await follow(await requested());
      expect(production.releases.at(-1)).toMatchObject({ id: made, status });
    },
  );

  it('fails with Heroku’s reason when the target got nothing: E_PROMOTION_FAILED', async () => {
    world.heroku.pipeline.nextPromotion = 'fails';
    const error = await toldFailureOf(follow(await requested()));
    expect(error.code).toBe('E_PROMOTION_FAILED');
    expect(error.message).toContain('acme-production failed (The slug could not be copied.)');
  });

  it('says which app has what when only some targets got it: E_PROMOTION_PARTIAL', async () => {
    const [ours, other, promotion] = promotedToTwo();
    Object.assign(ours, { status: 'failed', error: 'no dynos' });
    const release = world.release(other.app, slug, { description: 'Promote x v1' });
    Object.assign(other, { status: 'succeeded', release });
    const error = await toldFailureOf(follow(promotion));
    expect(error.code).toBe('E_PROMOTION_PARTIAL');
    expect(error.message).toContain('acme-production failed (no dynos)');
    expect(error.message).toContain('acme-eu has v1 (succeeded)');
  });

  it.each([
    ['pending', null],
    ['failed', null],
    ['succeeded', 'E_PROMOTION_PARTIAL'],
    ['expired', 'E_PROMOTION_PARTIAL'],
  ] as const)('failed with a release that is %s: %s', async (status, code) => {
    const [ours, other, promotion] = promotedToTwo();
    const description = 'Promote x v1';
    const release = world.release(production, slug, { status, description });
    Object.assign(ours, { status: 'failed', release });
    const elsewhere = world.release(other.app, slug, { description });
    Object.assign(other, { status: 'succeeded', release: elsewhere });
    // Of one in its release phase, or failed in it, whoever waits for the release tells.
    if (code === null) expect(await follow(promotion)).toBe(release.id);
    else {
      const error = await toldFailureOf(follow(promotion));
      expect(error.code).toBe(code);
      expect(error.message).toContain(`acme-production has v2 (${status}); acme-eu has v1`);
    }
  });

  it('is in part as well where ours got it and another did not', async () => {
    const [ours, other, promotion] = promotedToTwo();
    const release = world.release(production, slug, { description: 'Promote x v1' });
    Object.assign(ours, { status: 'succeeded', release });
    Object.assign(other, { status: 'failed', error: 'no dynos' });
    const error = await toldFailureOf(follow(promotion));
    expect(error.code).toBe('E_PROMOTION_PARTIAL');
    expect(error.message).toContain('acme-eu failed (no dynos)');
  });

  it('is in part as well where another failed in its release phase, of which nobody else would tell', async () => {
    const [ours, other, promotion] = promotedToTwo();
    const description = 'Promote x v1';
    const release = world.release(production, slug, { description });
    Object.assign(ours, { status: 'succeeded', release });
    const failed = world.release(other.app, slug, { status: 'failed', description });
    Object.assign(other, { status: 'failed', release: failed });
    const error = await toldFailureOf(follow(promotion));
    expect(error.code).toBe('E_PROMOTION_PARTIAL');
    expect(error.message).toContain('acme-eu has v1 (failed)');
  });

  it('does not believe targets of another promotion', async () => {
    const mine = await requested();
    const path = `/pipeline-promotions/${mine}/promotion-targets`;
    const pipeline_promotion = { id: 'another' };
    world.lies.set(`GET ${path}`, (targets: object[]) =>
      targets.map((target) => ({ ...target, pipeline_promotion })),
    );
    expect((await toldFailureOf(follow(mine))).code).toBe('E_VENDOR_MALFORMED');
  });

  it('gives up when the time is up: E_PROMOTION_TIMEOUT', async () => {
    world.timing = { promotionMs: Number.POSITIVE_INFINITY };
    expect((await toldFailureOf(follow(await requested()))).code).toBe('E_PROMOTION_TIMEOUT');
  });
});

describe('a promotion that is not what was asked for', () => {
  const follow = (promotion: string) =>
    heroku.followPromotion(
      { target: { app: 'acme-production' }, promotion, timeoutMs: 60_000 },
      ports,
    );
  const made = async () => {
    const answer = await request();
    return answer.kind === 'requested' ? answer.work.id : '';
  };

  it('succeeded without a release', async () => {
    const id = await made();
    world.lies.set(`GET /pipeline-promotions/${id}/promotion-targets`, (targets: object[]) =>
      targets.map((one) => ({ ...one, status: 'succeeded', release: null })),
    );
    expect((await toldFailureOf(follow(id))).code).toBe('E_VENDOR_MALFORMED');
  });

  it.each(['', null])('failed, and Heroku says %j of the cause', async (error_message) => {
    world.heroku.pipeline.nextPromotion = 'fails';
    const id = await made();
    world.lies.set(`GET /pipeline-promotions/${id}/promotion-targets`, (targets: object[]) =>
      targets.map((one) => ({ ...one, error_message })),
    );
    const { message } = await toldFailureOf(follow(id));
    expect(message).toContain('acme-production failed (Heroku does not say why)');
  });

  it('is of another id where what is under way is asked for', async () => {
    const id = await made();
    world.lies.set(`GET /pipeline-promotions/${id}`, (body: object) => ({ ...body, id: 'other' }));
    const asked = [{ work: { kind: 'promotion', id } as const, release: null }];
    const looking = heroku.pendingWork('acme-production', asked, ports);
    expect((await toldFailureOf(looking)).code).toBe('E_VENDOR_MALFORMED');
  });

  it('is under way from when it was made, where Heroku tells that', async () => {
    world.timing = { promotionMs: Number.POSITIVE_INFINITY };
    const id = await made();
    const asked = [{ work: { kind: 'promotion', id } as const, release: null }];
    const seen = { kind: 'promotion', name: id, isSeen: true };
    const looking = () => heroku.pendingWork('acme-production', asked, ports);
    expect(await looking()).toMatchObject([seen]);
    const madeAt = (created_at: string | undefined) =>
      world.lies.set(`GET /pipeline-promotions/${id}`, (body: object) => ({ ...body, created_at }));
    madeAt(new Date(world.at() - 600_000).toISOString());
    // What is told of Heroku's clock is measured by the client's.
    ports = world.ports({ clock: createVirtualClock({ now: world.clock.now(), holdMs: 0 }) });
    const [old] = await looking();
    expect(old?.ageMs).toBeGreaterThan(590_000);
    madeAt(undefined);
    expect(await looking()).toEqual([{ ...seen, ageMs: 0 }]);
  });

  it('is over, and what came of it is asked for by its id', async () => {
    const id = await made();
    await follow(id);
    const asked = [{ work: { kind: 'promotion', id } as const, release: null }];
    expect(await heroku.pendingWork('acme-production', asked, ports)).toEqual([]);
    const lost = { work: { kind: 'promotion', id: 'lost' } as const, release: null };
    expect(await heroku.pendingWork('acme-production', [lost], ports)).toEqual([
      { kind: 'promotion', name: 'lost', ageMs: 0, isSeen: false },
    ]);
  });

  it('is stopped with the run while it asks what was promoted', async () => {
    const lost = new Error('the lane is lost');
    world.lies.set(write, (body: object) => ({ ...body, source: null }));
    world.onAsked = (asked) => {
      if (/^GET \/pipeline-promotions\//.test(asked)) world.stop.abort(lost);
    };
    await expect(request()).rejects.toBe(lost);
  });
});
