/** The log's own words are no secrets: all of them are known, however deep in a schema they stand. */
import { describe, expect, it } from 'vitest';
import { eventSchemas } from '../../src/machine/events.ts';
import { laneEventSchemas } from '../../src/machine/lane.ts';
import { samples } from '../../src/machine/samples.ts';
import { logVocabulary, wordsOfLogs } from '../../src/machine/vocabulary.ts';
import { variants } from './samples.ts';

/** Names of fields at any depth, but for a failure's details: those are anybody's. */
function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'details' ? [name] : [name, ...namesIn(inner)],
  );
}

describe('the vocabulary', () => {
  it('has every field of every event, and every type', () => {
    const data = [...Object.values(samples), ...variants.map((event) => event.data)];
    const names = [...data.flatMap(namesIn), ...Object.keys(eventSchemas)];
    const ofLane = Object.entries(laneEventSchemas).flatMap(([type, { shape }]) => [
      type,
      ...Object.keys(shape),
    ]);
    const words = wordsOfLogs();
    expect([...names, ...ofLane].filter((name) => !words.has(name))).toEqual([]);
  });

  it.each([
    ['a choice', 'artifact'],
    ['a choice in a list', 'no-instances'],
    ['a choice in a field of a field', 'another value'],
    ['the only value', 'hold'],
    ['the value that tells a union’s members apart', 'newer-build'],
    ['a field of a union’s member', 'stuck'],
    ['a field behind a null', 'takenOver'],
    ['a step', 'checkStagingHealth'],
    ['a state', 'deployingStaging'],
    ['a state in a state', 'following'],
    ['a field of the metadata', 'causation'],
    ['a field of who acted', 'claimed'],
  ])('has %s: %s', (_, word) => {
    expect(wordsOfLogs()).toContain(word);
  });

  it('has an end also after settings of a target were read, which are any JSON', () => {
    const words = wordsOfLogs();
    const { production } = samples['deploy.requested'].settings;
    const target = { ...production.target, settings: { deploy: ['bin/deploy', { deep: [1] }] } };
    const settings = {
      ...samples['deploy.requested'].settings,
      production: { ...production, target },
    };
    eventSchemas['deploy.requested'].parse({ ...samples['deploy.requested'], settings });
    expect(wordsOfLogs()).toEqual(words);
  });

  it('has no word of people’s: what stands in a text field', () => {
    for (const word of ['acme-web', 'Ana Lima', 'master', 'acme-production']) {
      expect(wordsOfLogs()).not.toContain(word);
    }
  });

  it('is looked for once', () => {
    expect(logVocabulary()).toEqual(wordsOfLogs());
    expect(logVocabulary()).toBe(logVocabulary());
  });
});
