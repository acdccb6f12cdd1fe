/** What a dry run lists: the environments that the deploy would come to, as the gates answer, and no other. */
import { describe, expect, it } from 'vitest';
import {
  type Rehearsal,
  rehearsalDocument,
  rehearsalView,
} from '../../../src/cli/render/rehearsal-view.ts';
import type { EnvironmentName } from '../../../src/machine/events.ts';
import { begin } from '../../../src/machine/interpret.ts';
import { emptyLane } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';

const request = samples['deploy.requested'];
const { production: environment } = request.settings;

function rehearsal(names: readonly EnvironmentName[], kind: string): Rehearsal {
  return {
    request,
    existing: null,
    lane: emptyLane,
    gates: { answer: { kind } as never, text: { headline: kind, detail: null } as never },
    environments: names.map((name) => ({
      ...{ name, environment, isGiven: name !== names[0], instances: 'dynos' },
    })),
    notes: null,
    notices: [],
  };
}

const plain = (text: string) => text;
const color = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };
const listed = (rehearsed: Rehearsal): string[] =>
  rehearsalView(rehearsed, { color })
    .map((line) => line.split(/\s/)[0] ?? '')
    .filter((word) => ['staging', 'canary', 'production'].includes(word));

const whole = ['staging', 'canary', 'production'] as const;
const withoutStaging = ['canary', 'production'] as const;

describe('a dry run', () => {
  it.each([
    ['clear', whole, whole, 'It would ship'],
    ['clear', withoutStaging, withoutStaging, 'It would ship'],
    ['superseded', whole, [], 'It would end before anything is deployed'],
    ['found', whole, ['production'], 'It would check production'],
    ['held', whole, ['staging'], 'It would deploy to staging, check it, and stop'],
    ['disabled', whole, ['staging'], 'It would deploy to staging, check it, and stop'],
    ['held', withoutStaging, [], 'It would stop at the gates, before anything is deployed'],
  ] as const)('where the gates are %s, of %j lists %j', (kind, names, reached, would) => {
    const rehearsed = rehearsal(names, kind);
    expect(listed(rehearsed)).toEqual([...reached]);
    expect(rehearsalDocument(rehearsed)).toMatchObject({
      would: expect.stringContaining(would),
      environments: names.map((name) => ({ name })),
    });
  });

  it('of a deploy that is under way lists what it goes on to', () => {
    const existing = begin(request, 0);
    expect(listed({ ...rehearsal(whole, 'clear'), existing })).toEqual([...whole]);
  });
});
