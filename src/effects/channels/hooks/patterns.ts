/** Which events and orders a hook is told of: patterns over their types, in which `*` stands for anything. */
import { nearest } from '../../../format/nearest.ts';
import { eventSchemas } from '../../../machine/events.ts';
import { orderTypes } from '../../../machine/orders.ts';

const events: readonly string[] = Object.keys(eventSchemas);
const types: readonly string[] = [...events, ...orderTypes];
const isOrder = (type: string): boolean => orderTypes.some((one) => one === type);

/**
 * Whether one of the patterns is of this type. One that is of a deploy's events, as `*` is, is of no order: whoever reads those
 * documents finds a commit and a build in each. Orders have patterns of their own.
 */
export function matching(patterns: readonly string[]): (type: string) => boolean {
  const all = patterns.map((pattern) => {
    const is = patternOf(pattern);
    return { is, isOfDeploys: events.some((type) => is.test(type)) };
  });
  return (type) =>
    all.some(({ is, isOfDeploys }) => is.test(type) && !(isOfDeploys && isOrder(type)));
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
