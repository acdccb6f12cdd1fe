/** Whether the rules and the log are those that the lane's last live deploy went by, as the gates ask it. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProtectedSettings } from '../../../src/machine/protected-settings.ts';
import { keyOf } from '../../../src/runtime/gates/trust.ts';
import { ProductionWorld } from './production-world.ts';

let world: ProductionWorld;
beforeEach(async () => {
  world = await ProductionWorld.create();
});
afterEach(() => world.close());

type Change = (settings: ProtectedSettings) => ProtectedSettings;
const settling =
  (settleMs: number): Change =>
  (settings) => ({ ...settings, production: { ...settings.production, settleMs } });
/** What the last live deploy went by, and what the next one does. */
const [strict, weaker] = [settling(10_000), settling(1_000)];

const readWith = (change: Change) => world.readGates({ settings: change(world.gates().settings) });

async function distrustOf(change: Change) {
  const answer = await readWith(change);
  if (answer.kind !== 'disabled' || answer.distrust === null) throw new Error(answer.kind);
  return answer.distrust;
}

describe('settings', () => {
  beforeEach(() => world.verified(world.running, strict(world.gates().settings)));

  it('other settings, where they are weaker, hold production; the same and stronger ones do not', async () => {
    expect(await readWith(strict)).toMatchObject({ kind: 'clear' });
    expect(await readWith(weaker)).toMatchObject({ kind: 'disabled', switch: 'settings' });
    expect((await distrustOf(weaker)).changes).toEqual(['production: settle 10s became 1s']);
  });

  it('nobody compares the first deploy of a lane with anything', async () => {
    world.lane = { ...world.lane, settings: null };
    expect(await readWith(weaker)).toMatchObject({ kind: 'clear' });
  });

  it.each([
    ['the environment’s word', (digest: string) => void world.accepted.add(digest)],
    [
      'a person’s word',
      (digest: string) => {
        const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'it is meant so' };
        const data = { deploy: '502', about: 'settings', digest, ...person } as const;
        world.tell({ type: 'trust.given', data });
      },
    ],
  ])('%s counts for these settings, and no others', async (_, accept) => {
    const other: Change = (settings) => ({ ...weaker(settings), branch: 'other' });
    accept((await distrustOf(weaker)).digest);
    expect(await readWith(weaker)).toMatchObject({ kind: 'clear' });
    expect(await readWith(other)).toMatchObject({ kind: 'disabled', switch: 'settings' });
  });
});

describe('the log', () => {
  /** Production runs what a deploy built, whose mark the build carries. */
  function builtBy(deploy: string, isLogKept = true): void {
    const commit = world.graph.commit(world.running);
    const slug = world.heroku.slug(commit);
    const { id } = world.released('Deploy 22222222', slug);
    const mark = `lockstep ${keyOf(deploy, { isLogKept })}`;
    world.heroku.build(world.production, { status: 'succeeded', mark, slug, release: id });
    world.tell({
      type: 'lane.deployed',
      data: { deploy, target: 'heroku acme-production', release: id },
    });
  }
  const read = () => world.readGates({ overridden: true });

  it('which does not have the deploy that production runs is another one: held', async () => {
    builtBy('500-22222222');
    const held = { kind: 'disabled', switch: 'log' };
    expect(await read()).toMatchObject(held);
    world.isLogKept = false;
    expect(await read()).toMatchObject(held);
    world.lanes.set('500-22222222', 'acme');
    expect(await read()).toMatchObject({ kind: 'clear' });
    world.isLogKept = true;
    expect(await read()).toMatchObject({ kind: 'clear' });
  });

  it('that was thrown away then is nowhere else either', async () => {
    builtBy('500-22222222', false);
    expect(await read()).toMatchObject({ kind: 'clear' });
  });

  it('in which another lane built what runs: held, for this one knows nothing of its history', async () => {
    builtBy('500-22222222');
    world.lanes.set('500-22222222', 'acme-old');
    const answer = await read();
    expect(answer).toMatchObject({ kind: 'disabled', switch: 'log' });
    expect(JSON.stringify(answer)).toContain('acme-old');
  });

  it('in which another lane deploys to the target: held, until this one has shipped to it', async () => {
    world.otherLane = 'acme-old';
    expect(await world.readGates()).toMatchObject({ kind: 'clear' });
    const { shipped } = world.lane;
    const elsewhere = shipped === null ? null : { ...shipped, target: 'heroku elsewhere' };
    for (const before of [null, elsewhere]) {
      world.lane = { ...world.lane, shipped: before };
      expect(await read()).toMatchObject({ kind: 'disabled', switch: 'log' });
    }
  });

  it('another lane is no news where the log is thrown away after each job', async () => {
    world.otherLane = 'acme-old';
    world.lane = { ...world.lane, shipped: null };
    world.isLogKept = false;
    expect(await read()).toMatchObject({ kind: 'clear' });
  });

  it('is accepted by a digest that stays the same: environments hold it', async () => {
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const {
      lane,
      target: { name },
    } = world.gates();
    builtBy('500-22222222');
    const held = { kind: 'disabled', switch: 'log', by: null };
    expect(await read()).toMatchObject({
      ...held,
      distrust: {
        ...{ about: 'log', digest: sha256(`["log","${name}","500-22222222"]`) },
        changes: ['production runs deploy 500-22222222, which this log does not have'],
      },
    });
    world.lanes.set('500-22222222', 'acme-old');
    expect(await read()).toMatchObject({
      ...held,
      distrust: {
        ...{ about: 'log', digest: sha256(`["lane","${name}","acme-old","${lane}"]`) },
        changes: [
          `lane acme-old of this log deploys to ${name} too; this lane, ${lane}, knows nothing of its history`,
        ],
      },
    });
  });
});
