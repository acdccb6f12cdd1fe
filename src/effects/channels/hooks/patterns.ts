/** Which events and orders a hook is told of: patterns over their types, in which `*` stands for anything. */
import { nearest } from '../../../format/nearest.ts';
import { eventSchemas } from '../../../machine/events.ts';
import { orderTypes } from '../../../machine/orders.ts';

const types: readonly string[] = [...Object.keys(eventSchemas), ...orderTypes];

/** Whether one of the patterns is of this type. */
export function matching(patterns: readonly string[]): (type: string) => boolean {
  const all = patterns.map(patternOf);
  return (type) => all.some((pattern) => pattern.test(type));
}

/** What is wrong with a pattern, as the end of “it has to …”; null where there are such events. */
export function patternFault(pattern: string): string | null {
  if (types.some(matching([pattern]))) return null;
  const families = [...new Set(types.map((type) => `${type.split('.')[0]}.*`))];
  const meant = nearest(pattern, [...types, ...families]);
  const right = meant === null ? `known are ${families.join(', ')}` : `did you mean ${meant}?`;
  return `match an event; ${right}`;
}

const patternOf = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replace(/[^*\w]/g, '\\$&').replaceAll('*', '.*')}$`, 's');
