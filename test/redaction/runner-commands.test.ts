/** Nothing that is printed is a command to the CI's runner, by the runner's own rules of parsing. */
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createTerminal } from '../../src/cli/render/terminal.ts';
import { codePoint, fc } from '../fast-check.ts';

/** Line ends of .NET's StreamReader, by which the runner reads a job's streams. */
const linesOf = (text: string): string[] => text.split(/\r\n|\r|\n/);
/** .NET's Char.IsWhiteSpace. */
const dotnetBlank = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** The name in `::name key=value::data`; null where the runner prints the line (ActionCommand.TryParseV2). */
function commandV2(line: string): string | null {
  const trimmed = line.replace(dotnetBlank, '');
  if (!trimmed.startsWith('::')) return null;
  const end = trimmed.indexOf('::', 2);
  return end === -1 ? null : (trimmed.slice(2, end).split(' ')[0] ?? '');
}

/** The name in `##[name key=value]data`, or Azure's `##vso[name …]`, anywhere in the line (TryParse). */
function commandV1(line: string, prefix: string): string | null {
  const start = line.toLowerCase().indexOf(prefix);
  const end = line.indexOf(']', start);
  if (start === -1 || end === -1) return null;
  return line.slice(start + prefix.length, end).split(' ')[0] ?? '';
}

/** A GitHub runner knows only some names; a token of `stop-commands` may be any. */
const commandsIn = (text: string): string[] =>
  linesOf(text)
    .flatMap((line) => [commandV2(line), commandV1(line, '##['), commandV1(line, '##vso[')])
    .filter((name) => name !== null);

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '::',
        ':',
        '##[',
        '##',
        '#',
        '[',
        ']',
        '##vso[',
        '##VSO[',
        '\n',
        '\r',
        '\u2028',
      ),
      fc.constantFrom(
        'add-mask',
        'set-env name=PATH',
        'stop-commands',
        'group',
        'task.setvariable variable=a',
      ),
      fc.constantFrom(
        ' ',
        '\t',
        '\u00a0',
        '\u0085',
        '\u3000',
        '\ufeff',
        '\u200b',
        '\u001b[2m',
        '\u001b[0m',
      ),
      fc.string({ unit: codePoint, maxLength: 4 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

function printed(env: NodeJS.ProcessEnv, isTTY = false) {
  let kept = '';
  const stream = () => {
    const one = new Writable({
      write(chunk, _, done) {
        kept += String(chunk);
        done();
      },
    });
    return Object.assign(one, { isTTY, columns: 60 }) as unknown as NodeJS.WriteStream;
  };
  const terminal = createTerminal({ stdout: stream(), stderr: stream(), env, noColor: false });
  return { terminal, text: () => kept };
}

describe.each([
  ['GitHub Actions', { GITHUB_ACTIONS: 'true', CI: 'true' }],
  ['GitHub Actions, with colour', { GITHUB_ACTIONS: 'true', CI: 'true', FORCE_COLOR: '1' }],
])('on %s no printed line is a command', (_, env) => {
  it.each(['out', 'err'] as const)('by %s', (way) => {
    fc.assert(
      fc.property(hostile, hostile, (one, two) => {
        const { terminal, text } = printed(env);
        terminal[way](one);
        terminal[way](terminal.color.dim(two));
        expect(commandsIn(text())).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('in JSON, which keeps its value', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (one, two) => {
        const value = { [one.toWellFormed()]: two.toWellFormed() };
        const document = printed(env);
        document.terminal.json(value);
        expect(commandsIn(document.text())).toEqual([]);
        expect(JSON.parse(document.text())).toEqual(value);
        const lines = printed(env);
        await lines.terminal.write(`${JSON.stringify(value)}\n`);
        expect(commandsIn(lines.text())).toEqual([]);
        expect(JSON.parse(lines.text())).toEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });
});

it('on Azure Pipelines its own commands are none either', () => {
  const { terminal, text } = printed({ TF_BUILD: 'True' });
  terminal.out('x ##vso[task.setvariable variable=a]b ##[group]c');
  expect(text()).toBe('x ## vso[task.setvariable variable=a]b ## [group]c\n');
});

it('elsewhere text stays as it is', () => {
  const { terminal, text } = printed({ CI: 'true' });
  terminal.out('::group::x ##[y]');
  expect(text()).toBe('::group::x ##[y]\n');
});

it('the parser of this test sees what the runner would carry out', () => {
  expect(
    commandsIn('  ::add-mask::x\nab ##[group]c\n\u0085::set-env name=a::b\ra ##vso[x y]z'),
  ).toEqual(['add-mask', 'group', 'set-env', 'x']);
});
