/** Every single way to spoil what a program says: each line and field dropped, emptied, cut, doubled, reordered or swapped. */
import type { ProgramEnd } from '../../../src/effects/targets/command/program.ts';
import { type Json, jsonMutations } from '../fuzzer/json-mutations.ts';
import type { ProgramExchange, SpoiltAnswer } from './spoilt-deploy.ts';

export type NamedSpoil = Omit<SpoiltAnswer, 'times'> & { readonly name: string };

const everything = { isRead: () => true, isUnordered: () => false };
const nothing = { sibling: undefined, older: undefined };

/** What the protocol gives a meaning, what shells and runtimes end with, and a signal. */
export const exitCodes = [1, 2, 10, 75, 126, 127, 137, 255] as const;
const ends: readonly ProgramEnd[] = [
  ...exitCodes.map((code) => ({ code, signal: null })),
  { code: null, signal: 'SIGKILL' },
];

/** Of many asks in a row, the first two and the last two; the same bytes once. */
export function* spoilsOf(exchanges: readonly ProgramExchange[]): Generator<NamedSpoil> {
  for (const { key, occurrence, lines } of exchanges) {
    const asks = exchanges.filter((one) => one.key === key).length;
    if (occurrence > 2 && occurrence < asks - 1) continue;
    const seen = new Set([lines.join('\n')]);
    for (const { code, signal } of ends) {
      const name = `${key} #${occurrence}: ends with ${code ?? signal}`;
      yield { key, occurrence, name, change: () => null, end: { code, signal } };
    }
    for (const { name, change } of changesOf(lines)) {
      const changed = change(lines)?.join('\n');
      if (changed === undefined || seen.has(changed)) continue;
      seen.add(changed);
      yield { key, occurrence, name: `${key} #${occurrence}: ${name}`, change };
    }
  }
}

export type Change = Pick<NamedSpoil, 'name' | 'change'>;

/** Each way to spoil lines. */
export function* changesOf(lines: readonly string[]): Generator<Change> {
  const value = lines.map((line) => JSON.parse(line)) as Json[];
  for (const { name, change } of jsonMutations(value, everything)) {
    yield {
      name,
      change(given) {
        const changed = change(given.map((line) => JSON.parse(line)) as Json[], nothing);
        if (changed === undefined) return null;
        const list = Array.isArray(changed) ? changed : [changed];
        return list.map((line) => JSON.stringify(line));
      },
    };
  }
  const text = (name: string, change: (whole: string) => string): Change => ({
    name: `the text: ${name}`,
    change: (given) => change(given.join('\n')).split('\n'),
  });
  yield text('nothing', () => '');
  yield text('a page of HTML', () => '<!DOCTYPE html><html><body>error</body></html>');
  yield text('half of it', (whole) => whole.slice(0, whole.length / 2));
  yield text('in one line', (whole) => whole.replaceAll('\n', ''));
  yield text('a list', (whole) => `[${whole.replaceAll('\n', ',')}]`);
}
