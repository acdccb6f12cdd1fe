/** Where lines go, when there is colour and a live line, and that foreign text can do no harm. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { printError } from '../../src/cli/render/error-view.ts';
import { createTerminal, safe, type Terminal } from '../../src/cli/render/terminal.ts';
import { UsageError } from '../../src/errors/error.ts';

const esc = '\u001b';

/** A real stream that keeps what it was given, with the properties of a terminal's. */
function keeping(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  let kept = '';
  const stream = new Writable({
    write(chunk, _, done) {
      kept += String(chunk);
      done();
    },
  });
  const properties = isTTY ? { isTTY, columns: 20 } : {};
  Object.assign(stream, properties);
  // Of a terminal's stream only these are used; the rest is not there.
  return { stream: stream as unknown as WriteStream, text: () => kept };
}

function terminalOf(
  options: { tty?: boolean; errTty?: boolean; env?: NodeJS.ProcessEnv; noColor?: boolean } = {},
): {
  terminal: Terminal;
  stdout: () => string;
  stderr: () => string;
} {
  const tty = options.tty ?? false;
  const [out, err] = [keeping(tty), keeping(options.errTty ?? tty)];
  const terminal = createTerminal({
    stdout: out.stream,
    stderr: err.stream,
    env: options.env ?? {},
    noColor: options.noColor ?? false,
  });
  return { terminal, stdout: out.text, stderr: err.text };
}

describe('lines', () => {
  it('go to the stream that they are for', () => {
    const { terminal, stdout, stderr } = terminalOf();
    terminal.out('a result');
    terminal.err('a mistake');
    expect([stdout(), stderr()]).toEqual(['a result\n', 'a mistake\n']);
  });

  it('are 80 columns wide where nothing is known', () => {
    expect(terminalOf().terminal.columns).toBe(80);
    expect(terminalOf({ tty: true }).terminal.columns).toBe(20);
  });
});

describe('colour', () => {
  const cases: readonly [string, Parameters<typeof terminalOf>[0], boolean][] = [
    ['a terminal', { tty: true }, true],
    ['a pipe', {}, false],
    ['NO_COLOR', { tty: true, env: { NO_COLOR: '1' } }, false],
    ['NO_COLOR of any value', { tty: true, env: { NO_COLOR: 'false' } }, false],
    ['an empty NO_COLOR', { tty: true, env: { NO_COLOR: '' } }, true],
    ['--no-color', { tty: true, noColor: true }, false],
    ['--no-color before FORCE_COLOR', { env: { FORCE_COLOR: '1' }, noColor: true }, false],
    ['FORCE_COLOR before NO_COLOR', { env: { FORCE_COLOR: '1', NO_COLOR: '1' } }, true],
    ['FORCE_COLOR in a pipe', { env: { FORCE_COLOR: '1' } }, true],
    ['FORCE_COLOR=0 in a pipe', { env: { FORCE_COLOR: '0' } }, false],
    ['a dumb terminal', { tty: true, env: { TERM: 'dumb' } }, false],
  ];
  it.each(cases)('%s', (_, options, colored) => {
    const { color } = terminalOf(options).terminal;
    for (const paint of Object.values(color)) {
      expect(paint('text').includes(esc)).toBe(colored);
      expect(paint('text')).toContain('text');
    }
  });
});

describe('colour of a mistake', () => {
  it.each([
    ['is there on a terminal', {}, true],
    ['is not in a file, though results are watched', { errTty: false }, false],
    ['is in a file where it is forced', { errTty: false, env: { FORCE_COLOR: '1' } }, true],
  ])('%s', (_, options, colored) => {
    const { terminal, stderr } = terminalOf({ tty: true, ...options });
    printError(terminal, new UsageError('E_USAGE', 'wrong'), { debug: false });
    expect(stderr().includes(esc)).toBe(colored);
    expect(stderr()).toContain('error[E_USAGE]:');
  });
});

describe('the live line', () => {
  it('fits the width with wide characters, and stays one line whatever it is given', () => {
    const { terminal, stdout } = terminalOf({ tty: true });
    terminal.status('日'.repeat(30));
    expect(stdout()).toBe(`${'日'.repeat(9)}…`);
    terminal.clearStatus();
    terminal.status(`a\nb${esc}[31mc\td`);
    expect(stdout().split(`${esc}[2K`).at(-1)).toBe('a\\u000abc d');
  });

  it('is written over by the next line, and fits the width', () => {
    const { terminal, stdout } = terminalOf({ tty: true });
    terminal.status('waiting for the re…ease phase');
    terminal.out('done');
    expect(stdout()).toBe(`waiting for the re…\r${esc}[2Kdone\n`);
  });

  it('makes way for a mistake too', () => {
    const { terminal, stdout, stderr } = terminalOf({ tty: true });
    terminal.status('waiting');
    terminal.err('a mistake');
    expect(stdout()).toBe(`waiting\r${esc}[2K`);
    expect(stderr()).toBe('a mistake\n');
  });

  it.each([
    ['a pipe', {}],
    ['CI', { tty: true, env: { CI: 'true' } }],
    ['a dumb terminal', { tty: true, env: { TERM: 'dumb' } }],
  ])('is not there in %s', (_, options) => {
    const { terminal, stdout } = terminalOf(options);
    terminal.status('waiting');
    terminal.clearStatus();
    expect(terminal.isTty).toBe(false);
    expect(stdout()).toBe('');
  });
});

describe('foreign text', () => {
  it('cannot move the cursor, end its line or turn around', () => {
    const text = safe('a\u001b[2Jb\rc\nd\u0007e\u009bf\u202eg\u2066h\u0000');
    expect(text).toBe('a\\u001b[2Jb\\u000dc\\u000ad\\u0007e\\u009bf\\u202eg\\u2066h\\u0000');
  });

  it('keeps tabs, accents, emoji and other scripts', () => {
    const text = 'a\tÄé 日本 🚀 שלום';
    expect(safe(text)).toBe(text);
  });
});

describe('an error', () => {
  const printed = (error: unknown, debug = false): string => {
    const { terminal, stdout, stderr } = terminalOf();
    printError(terminal, error, { debug });
    expect(stdout()).toBe('');
    return stderr();
  };

  it('that people can act on is its code, its message and its hint, each line indented', () => {
    const error = new UsageError('E_CONFIG', 'pipeline.yml:7:3 wrong', { hint: 'one\ntwo' });
    expect(printed(error)).toBe('error[E_CONFIG]: pipeline.yml:7:3 wrong\n  one\n  two\n');
  });

  it('without a hint is one line', () => {
    expect(printed(new UsageError('E_USAGE', 'wrong'))).toBe('error[E_USAGE]: wrong\n');
  });

  it('of our own is E_INTERNAL and asks to be reported; its stack is for --debug', () => {
    const error = new TypeError('x is not a function');
    expect(printed(error)).toMatch(/^error\[E_INTERNAL\]: x is not a function\n {2}.*report/);
    expect(printed(error)).not.toMatch(/^\s+at /m);
    expect(printed(error, true)).toMatch(/^\s+at /m);
  });

  it('that is no error at all is told too', () => {
    expect(printed('boom')).toMatch(/^error\[E_INTERNAL\]: boom\n/);
  });

  it('has a stack that cannot write to the terminal either', () => {
    const error = new Error('it said \u001b[2J');
    expect(printed(error, true)).not.toContain(esc);
  });

  it('cannot write to the terminal what a vendor said', () => {
    const error = new UsageError('E_USAGE', 'it said \u001b[2J', { hint: 'see \u202ehere' });
    expect(printed(error)).toBe('error[E_USAGE]: it said \\u001b[2J\n  see \\u202ehere\n');
  });
});

it.each(['stdout', 'stderr'] as const)('%s on a full disk is no fault of ours', (name) => {
  const streams = { stdout: keeping(false).stream, stderr: keeping(false).stream };
  createTerminal({ ...streams, env: {}, noColor: true });
  const full = Object.assign(new Error('no space left on device, write'), { code: 'ENOSPC' });
  const told = { stdout: 'standard output', stderr: 'standard error' }[name];
  expect(() => streams[name].emit('error', full)).toThrow(
    expect.objectContaining({ code: 'E_OUTPUT', message: `${told} cannot be written: ENOSPC` }),
  );
});

it('a reader that goes away ends no program', { timeout: 30_000 }, async () => {
  const source = join(import.meta.dirname, '../../src/cli/render/terminal.ts');
  const program = `
    import { createTerminal } from ${JSON.stringify(source)};
    const { stdout, stderr, env } = process;
    const terminal = createTerminal({ stdout, stderr, env, noColor: true });
    let left = 2_000;
    const write = () => {
      for (let i = 0; i < 100; i++) terminal.out('x'.repeat(1_000));
      if ((left -= 100) > 0) setImmediate(write);
      else terminal.err('wrote it all');
    };
    write();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.once('data', () => child.stdout.destroy());
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const exit = await new Promise((done) => child.once('close', done));
  expect(stderr).toBe('wrote it all\n');
  expect(exit).toBe(0);
});
