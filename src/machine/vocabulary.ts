/** The words of the log that programs branch on: names of fields, of events, states and steps, and of choices. */
import { z } from 'zod';
import { chart } from './chart.ts';
import { steps } from './codec.ts';
import { eventSchemas } from './events.ts';
import { laneEventSchemas } from './lane.ts';

/** Fields of an event's metadata that have no schema. */
const metadataFields = [
  ...['actor', 'claimed', 'observed', 'system', 'user', 'host', 'git', 'account'],
  ...[
    'run',
    'ci',
    'program',
    'chart',
    'causation',
    'transition',
    'from',
    'to',
    'settled',
    'reason',
  ],
];

export function logVocabulary(): ReadonlySet<string> {
  const schemas = { ...eventSchemas, ...laneEventSchemas };
  const words = new Set([...metadataFields, ...Object.keys(schemas), ...Object.keys(steps)]);
  for (const schema of Object.values(schemas)) {
    addWords(z.toJSONSchema(schema, { unrepresentable: 'any' }), words);
  }
  addStates(chart.config, words);
  return words;
}

/** What a JSON Schema calls its fields, and what it lists as the only values. */
function addWords(schema: unknown, words: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'properties') for (const name of Object.keys(value)) words.add(name);
    if (keyword === 'const' && typeof value === 'string') words.add(value);
    if (keyword === 'enum') for (const word of value) if (typeof word === 'string') words.add(word);
    addWords(value, words);
  }
}

function addStates(node: { readonly states?: unknown }, words: Set<string>): void {
  for (const [name, state] of Object.entries(node.states ?? {})) {
    words.add(name);
    addStates(state as { readonly states?: unknown }, words);
  }
}
