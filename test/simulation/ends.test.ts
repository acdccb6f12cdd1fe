/** What the simulation takes for a true reason of a deploy's end: what scenarios of the day do not come to. */
import { describe, expect, it } from 'vitest';
import { samples } from '../../src/machine/samples.ts';
import type { GoingBack } from '../../src/machine/taken-back.ts';
import type { RecordedEvent } from '../../src/store/log.ts';
import { production, staging } from './apps.ts';
import { wronglyPutBack } from './canary-truth.ts';
import { byProgram, Ends } from './ends.ts';
import { LaneWorld } from './lane-world.ts';
import { actsAtHeroku } from './people.ts';
import { crowdOf, startMs } from './scenario.ts';
import { VirtualTime } from './virtual-time.ts';

describe('a deploy that is held by config vars', () => {
  const releasePhaseMs = 3_000;
  const deploy = '500-8afd990e';
  /** One person after the other; `wait`: until all release phases are over. */
  type Act = 'push' | 'config' | 'expire' | 'wait';

  interface Held {
    readonly kind?: GoingBack['kind'];
    /** By what odd answers came before, and to which deploy. */
    readonly odd?: readonly { readonly to: string; readonly by: string }[];
  }

  async function heldAfter(acts: readonly Act[], { kind = 'older-artifact', odd = [] }: Held = {}) {
    const time = new VirtualTime(startMs);
    const lane = new LaneWorld('lane-0', time, { releasePhaseMs });
    lane.tip = lane.graph.commit(lane.tip);
    for (const act of acts) {
      if (act !== 'wait') {
        actsAtHeroku[act](lane, time.now());
        continue;
      }
      let isOver = false;
      void time.sleep(2 * releasePhaseMs).then(() => {
        isOver = true;
      });
      await time.runUntil(() => isOver, Number.POSITIVE_INFINITY);
    }
    const releases = lane.state().apps[production]?.releases ?? [];
    const made = releases.findLast(({ id }) => lane.madeBy(id) === 'config');
    if (made === undefined) throw new Error('nobody set config vars');
    const { rollback: sample, step } = samples['production.held'];
    const release = { id: made.id, version: `v${made.version}` };
    const data = { step, rollback: { ...sample, release, kind } };
    const told = { type: 'production.held', stream: `deploy/${deploy}`, data };
    const ends = new Ends(crowdOf(1));
    for (const { to, by } of odd) ends.oddAnswer(to, by);
    const event = told as unknown as RecordedEvent;
    const untrue = ends.untrue(lane, lane.tip, event, time.now());
    return { untrue, statuses: releases.map(({ status }) => status) };
  }

  it('says what is true where they brought back the code before: they were set amid its release phase', async () => {
    const { untrue, statuses } = await heldAfter(['push', 'config', 'wait']);
    expect(untrue).toBeNull();
    expect(statuses).not.toContain('expired');
  });

  it('says so also where what they took back has expired: it ran code once', async () => {
    const { untrue, statuses } = await heldAfter(['push', 'config', 'wait', 'expire']);
    expect(untrue).toBeNull();
    expect(statuses).toContain('expired');
  });

  it('says what is not true where they changed no code', async () => {
    const { untrue } = await heldAfter(['push', 'wait', 'config', 'wait', 'expire']);
    expect(untrue).toMatch(/was held by v\d+ \(older-artifact\), which took nothing back/);
  });

  // They changed no code.
  const acts = ['push', 'wait', 'config', 'wait'] as const;

  it.each([
    `/apps/${production}/releases`,
    `/apps/${production}/releases/4`,
    `/apps/${production}/slugs/01234567`,
    byProgram,
  ])('may be held though nothing took it back where an odd answer told of it: %s', async (by) => {
    for (const kind of ['unknown', 'rollback'] as const) {
      const { untrue } = await heldAfter(acts, { kind, odd: [{ to: deploy, by }] });
      expect(untrue).toBeNull();
    }
  });

  it.each([
    { to: '501-8afd990e', by: `/apps/${production}/releases` },
    { to: deploy, by: `/apps/${staging}/releases` },
    { to: deploy, by: `/apps/${production}/dynos` },
    { to: deploy, by: `/apps/${production}` },
  ])('may not where another deploy was told oddly, or of something else: %o', async (odd) => {
    const { untrue } = await heldAfter(acts, { kind: 'unknown', odd: [odd] });
    expect(untrue).toMatch(/was held by v\d+ \(unknown\), which took nothing back/);
  });
});

it('of a release that the canary has not nothing is put back: its host refuses it', () => {
  const time = new VirtualTime(startMs);
  const lane = new LaneWorld('lane-0', time, { releasePhaseMs: 0 });
  const wrong = wronglyPutBack(lane, { live: [], release: 'no such', at: time.now() });
  expect(wrong).toBeNull();
});
