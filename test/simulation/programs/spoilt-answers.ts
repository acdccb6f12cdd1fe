/** Every single way to spoil what a program says: each line and field dropped, emptied, cut, doubled, reordered or swapped. */
import { type Json, jsonMutations } from '../fuzzer/json-mutations.ts';
import type { ProgramExchange, SpoiltAnswer } from './spoilt-deploy.ts';

export type NamedSpoil = Omit<SpoiltAnswer, 'times'> & { readonly name: string };

const everything = { isRead: () => true, isUnordered: () => false };
const nothing = { sibling: undefined, older: undefined };

/** Of many asks in a row, the first two and the last two; the same bytes once. */
export function* spoilsOf(exchanges: readonly ProgramExchange[]): Generator<NamedSpoil> {
  for (const { key, occurrence, lines } of exchanges) {
    const asks = exchanges.filter((one) => one.key === key).length;
    if (occurrence > 2 && occurrence < asks - 1) continue;
    const seen = new Set([lines.join('\n')]);
    for (const { name, change } of changesOf(lines)) {
      const changed = change(lines)?.join('\n');
      if (changed === undefined || seen.has(changed)) continue;
      seen.add(changed);
      yield { key, occurrence, name: `${key} #${occurrence}: ${name}`, change };
    }
  }
}

type Change = Pick<NamedSpoil, 'name' | 'change'>;

function* changesOf(lines: readonly string[]): Generator<Change> {
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
