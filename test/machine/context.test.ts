/** What a deploy learns of an environment: the target's word on what a release is of counts before what was asked for. */
import { expect, it } from 'vitest';
import { type DeployContext, learnt, nothingShipped } from '../../src/machine/context.ts';
import { samples } from '../../src/machine/samples.ts';
import { sample } from './samples.ts';

const { artifact: asked } = samples['staging.deployed'];
const made = { ...asked, id: 'another' };

it.each([
  ['another artifact', made, made],
  ['none', null, asked],
])('a release whose target tells %s', (_, told, known) => {
  const production = { ...nothingShipped, artifact: asked };
  const context = { production } as DeployContext;
  const event = sample('production.released', { artifact: told });
  expect(learnt(context, 'production', event).artifact).toEqual(known);
});
