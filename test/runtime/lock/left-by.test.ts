/** What is known of what an earlier holder of a lane left: nothing, where its stream does not tell. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { samples } from '../../../src/machine/samples.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { leftBy } from '../../../src/runtime/lock/left-by.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { deployStream } from '../../../src/runtime/log/streams.ts';
import { anActor } from '../../actor.ts';
import { ScriptedWorld, wayToProduction } from '../loop/scripted-run.ts';

let world: ScriptedWorld;
beforeEach(async () => {
  world = await ScriptedWorld.create();
});
afterEach(() => world.close());

describe('what a holder left', () => {
  const { staging, production } = samples['deploy.requested'].settings;

  it.each([
    ['staging is being asked', 1, { asked: [], unnamed: [staging?.target] }],
    ['production is being asked', 7, { asked: [], unnamed: [production.target] }],
    [
      'production was asked',
      8,
      {
        asked: [
          { target: production.target, work: samples['production.submitted'].work, release: null },
        ],
        unnamed: [],
      },
    ],
    ['its release runs', 10, { asked: [], unnamed: [] }],
  ])('is what its stream tells: %s', async (_, events, left) => {
    const run = await world.start({ answers: wayToProduction.slice(0, events) });
    await run.hangs;
    run.kill();
    expect(await leftBy(world.log, run.deploy)).toEqual(left);
  });

  it('is not known of a rollback, which has no stream of its own', async () => {
    expect(await leftBy(world.log, 'rollback-1')).toBeNull();
  });

  it('is not known where a newer version wrote', async () => {
    const run = await world.start({ answers: wayToProduction.slice(0, 8) });
    await run.hangs;
    run.kill();
    const other = newRun({ actor: anActor, ci: null, program: 'test' });
    const event = newEvent({ type: 'run.resumed', data: { run: other.id, order: null } }, other);
    await world.log.append([
      {
        stream: deployStream(run.deploy),
        expected: 'any',
        events: [{ ...event, type: 'staging.enchanted' }],
      },
    ]);
    expect(await leftBy(world.log, run.deploy)).toBeNull();
  });
});
