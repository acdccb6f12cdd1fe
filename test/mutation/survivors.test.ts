/** The reasons for small faults that nothing notices. They are not in `report.test.ts`: that runs on code that has the faults in it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { survivors } from './survivors.ts';

it('what is left on purpose stands in the code still', () => {
  const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
  const textOf = (file: string) =>
    oneLine(readFileSync(resolve(import.meta.dirname, '../..', file), 'utf8'));
  const gone = survivors.filter(({ file, code }) => !textOf(file).includes(oneLine(code)));
  expect(gone).toEqual([]);
});
