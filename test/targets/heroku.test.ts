/** Heroku passes the target contract, on Cedar and on Fir, over real HTTP to the sandbox's Heroku. */

import type { Generation } from '../../src/sandbox/heroku/state.ts';
import { targetContract } from './contract.ts';
import { HerokuTargetWorld } from './heroku-world.ts';
import type { TargetHarness } from './world.ts';

const harness = (kind: string, generation: Generation): TargetHarness => ({
  kind,
  nonsense: ['{}', '[{}]', '{"id":1}', '[{"id":"x","status":"succeeded"}]'],
  start: () => HerokuTargetWorld.start(generation),
});

targetContract(harness('heroku, on Cedar', 'cedar'));
targetContract({
  ...harness('heroku, on Fir', 'fir'),
  instances: ['web-848cd4f64d-pvpr2', 'web-848cd4f64d-x7k2m'],
});
