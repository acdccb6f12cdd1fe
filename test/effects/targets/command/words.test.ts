/** A command line is split as a shell would split it, and refused where only a shell could carry it out. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { splitWords } from '../../../../src/effects/targets/command/words.ts';
import { fc } from '../../../fast-check.ts';

describe('a command line', () => {
  it.each<[string, readonly string[]]>([
    ['bin/deploy production', ['bin/deploy', 'production']],
    ['  bin/deploy\t production ', ['bin/deploy', 'production']],
    [`bin/deploy 'two words' "and more"`, ['bin/deploy', 'two words', 'and more']],
    [`bin/deploy --to="a b"'c'`, ['bin/deploy', '--to=a bc']],
    [String.raw`bin/deploy a\ b "\"q\" \\ \n"`, ['bin/deploy', 'a b', String.raw`"q" \ \n`]],
    [`bin/deploy '' "$HOME; *"`, ['bin/deploy', '', '$HOME; *']],
  ])('%s', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  it.each([
    ['', 'names no program'],
    ['   ', 'names no program'],
    [`''`, 'names no program'],
    [`bin/deploy 'a`, "has ' without its end"],
    ['bin/deploy "a', 'has " without its end'],
    ['bin/deploy a\\', 'ends with a backslash'],
    ...['|', '&', ';', '<', '>', '(', ')', '$', '`', '*', '?'].map((char) => [
      `bin/deploy ${char}x`,
      `has ${char}, but no shell runs it`,
    ]),
  ])('%s is refused, saying why', (line, fault) => {
    expect(splitWords(line ?? '')).toEqual({ fault: expect.stringContaining(fault ?? '') });
  });

  it('that is taken has the words that a shell makes of it', () => {
    const piece = fc.constantFrom('a', 'b', ' ', "'", '"', '\\', 'é', '-', '=', '#', '$', ';', '/');
    const line = fc.array(piece, { maxLength: 12 }).map((pieces) => `x ${pieces.join('')}`);
    const taken: { line: string; words: readonly string[] }[] = [];
    fc.assert(
      fc.property(line, (text) => {
        const words = splitWords(text);
        // A shell's comments, and what it expands within "…", are not ours.
        if ('fault' in words || /(^| )#|["'].*\$|~/.test(text)) return;
        taken.push({ line: text, words });
      }),
      { numRuns: 400 },
    );
    expect(taken.length).toBeGreaterThan(50);
    const script = taken
      .map(({ line: text }) => `printf '%s\\037' ${text}; printf '\\036'`)
      .join('\n');
    const told = execFileSync('sh', ['-c', script], { encoding: 'utf8' })
      .split('\u001e')
      .slice(0, -1);
    expect(told.map((words) => words.split('\u001f').slice(0, -1))).toEqual(
      taken.map(({ words }) => words),
    );
  });
});
