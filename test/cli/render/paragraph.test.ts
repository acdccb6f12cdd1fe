/** Lines on a terminal: broken between words, under their last column, and never within what is to be typed. */
import { describe, expect, it } from 'vitest';
import { fitted, printLines } from '../../../src/cli/render/paragraph.ts';
import { createReporter } from '../../../src/cli/render/reporter.ts';
import { widthOf } from '../../../src/format/columns.ts';
import { sample } from '../../machine/samples.ts';

const command = 'pipeline resume 502-1a5f89db --reason "…"';

describe('a line that is wider than the terminal', () => {
  it('goes on under the last of its columns', () => {
    expect(fitted('13:47:04Z  held: production was rolled back by bo', 30)).toEqual([
      '13:47:04Z  held: production',
      '           was rolled back by',
      '           bo',
    ]);
  });

  it('goes on under its beginning, where its other columns take more than half', () => {
    expect(fitted('2026-01-05 13:04:05Z  lock.acquired  took the lane of acme-web', 40)).toEqual([
      '2026-01-05 13:04:05Z  lock.acquired',
      '    took the lane of acme-web',
    ]);
  });

  it.each([
    ['a command', command],
    ['an address', 'https://github.com/acme/web/compare/6d3f73700138...96d180caa484'],
  ])('keeps %s whole, however narrow it is', (_, whole) => {
    const lines = fitted(`Once the cause is mended: ${whole} and not before that`, 24);
    expect(lines.filter((line) => line.includes(whole))).toHaveLength(1);
    for (const line of lines)
      if (!line.includes(whole)) expect(widthOf(line)).toBeLessThanOrEqual(24);
  });

  it('loses no word', () => {
    const text = `  one two  three ${command} four five six seven eight`;
    for (let columns = 8; columns < 80; columns++) {
      expect(fitted(text, columns).join(' ').split(/\s+/)).toEqual(text.split(/\s+/));
    }
  });

  it('stays as it is where nobody looks at a terminal', () => {
    const printed: string[] = [];
    const line = 'word '.repeat(40).trim();
    printLines([line], { isTty: false, columns: 20, out: (one) => printed.push(one) });
    expect(printed).toEqual([line]);
  });
});

/** A terminal that keeps what stays on it; a status line does not. */
function reporterOn(columns: number) {
  const stays: string[] = [];
  const plain = (text: string): string => text;
  const color = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };
  const out = (line: string): void => void stays.push(line);
  const nothing = (): void => {};
  const terminal = {
    ...{ isTty: true, columns, color, out, err: out, json: nothing },
    ...{ status: nothing, clearStatus: nothing },
  };
  return {
    stays,
    reporter: createReporter({ terminal: terminal as never, now: () => 0, json: false }),
  };
}

describe('what is told on a terminal', () => {
  it('stays, where it is a notice: what goes back, and who was not told', () => {
    const { stays, reporter } = reporterOn(60);
    reporter.notice('1 commit goes back:');
    reporter.notice('  1a5f89db Greet people by name (Ana Lima)');
    reporter.progress('building');
    reporter.end();
    expect(stays.join('\n')).toContain('1a5f89db Greet people by name');
    expect(stays).toHaveLength(2);
  });

  it('has the deploy’s id in the command to type, whole', () => {
    const { stays, reporter } = reporterOn(40);
    const held = sample('production.held');
    reporter.recorded(held, { time: '2026-01-05T13:04:05.678Z', stream: 'deploy/502-1a5f89db' });
    expect(stays.filter((line) => line.includes(command))).toHaveLength(1);
  });
});
