/** The words of the log that programs branch on: names of fields, of events, states and steps, and of choices. */
import { z } from 'zod';
import { chart } from './chart.ts';
import { steps } from './codec.ts';
import { chartEventSchemas } from './definition.ts';
import { eventSchemas } from './events.ts';
import { laneEventSchemas } from './lane.ts';
import { headEventSchemas } from './log-head.ts';

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

let vocabulary: ReadonlySet<string> | null = null;

/** Looked for once: a process may open many logs. */
export function logVocabulary(): ReadonlySet<string> {
  vocabulary ??= wordsOfLogs();
  return vocabulary;
}

export function wordsOfLogs(): ReadonlySet<string> {
  const schemas = {
    ...eventSchemas,
    ...laneEventSchemas,
    ...headEventSchemas,
    ...chartEventSchemas,
  };
  const words = new Set([...metadataFields, ...Object.keys(schemas), ...Object.keys(steps)]);
  const seen = new Set<z.ZodType>();
  for (const schema of Object.values(schemas)) {
    addWords(schema, words, seen);
  }
  addStates(chart.config, words);
  return words;
}

/** What a schema calls its fields, and what it lists as the only values. */
function addWords(schema: z.ZodType, words: Set<string>, seen: Set<z.ZodType>): void {
  // Any JSON is a schema that has itself as a part, once something was read by it.
  if (seen.has(schema)) return;
  seen.add(schema);
  if (schema instanceof z.ZodObject) for (const name of Object.keys(schema.shape)) words.add(name);
  if (schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral) {
    const values = schema instanceof z.ZodEnum ? schema.options : schema.values;
    for (const value of values) if (typeof value === 'string') words.add(value);
  }
  for (const part of partsOf(schema.def)) addWords(part, words, seen);
}

/** The schemas that a schema is made of. */
function partsOf(definition: unknown): z.ZodType[] {
  if (definition instanceof z.ZodType) return [definition];
  if (typeof definition !== 'object' || definition === null) return [];
  return Object.values(definition).flatMap(partsOf);
}

function addStates(node: { readonly states?: unknown }, words: Set<string>): void {
  for (const [name, state] of Object.entries(node.states ?? {})) {
    words.add(name);
    addStates(state as { readonly states?: unknown }, words);
  }
}
