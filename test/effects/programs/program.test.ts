/** A program of the team's own, as a real process: whatever it does, it ends, and nothing of it is left. */
import { getEventListeners } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ProgramOptions, runProgram } from '../../../src/effects/programs/program.ts';
import { hide } from '../../../src/redaction/gate.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-program-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (line: string, more: Partial<ProgramOptions> = {}) =>
  runProgram({
    line,
    folder,
    env: { PATH: process.env.PATH ?? '' },
    input: '',
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    ...more,
  });

const fileOf = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();

/** Gone, or a corpse that its new parent has not buried yet. */
function isGone(pid: string): boolean {
  try {
    return /^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

async function goneOf(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const pid = fileOf(name);
    expect(pid).toMatch(/^\d+$/);
    while (!isGone(pid)) await sleep(5);
  }
}

describe('a program', () => {
  it('gets its input, its environment and its folder, and nothing else', async () => {
    const { end, output } = await run('cat; env | sort; pwd -P', {
      input: 'the input\n',
      env: { PATH: process.env.PATH ?? '', GIVEN: 'a "b" $c' },
    });
    expect(end).toEqual({ kind: 'exited', code: 0 });
    expect(output[0]).toBe('the input');
    expect(output).toContain('GIVEN=a "b" $c');
    const names = output.flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
    // The shell sets the last three by itself.
    expect(names.filter((name) => !['PWD', 'OLDPWD', '_', 'SHLVL'].includes(name))).toEqual([
      'GIVEN',
      'PATH',
    ]);
  });

  it.each([
    ['exit 0', { kind: 'exited', code: 0 }],
    ['exit 75', { kind: 'exited', code: 75 }],
    ['./missing', { kind: 'exited', code: 127 }],
    ['kill -KILL $$', { kind: 'killed', signal: 'SIGKILL' }],
  ])('that is `%s` ends so', async (line, end) => {
    expect((await run(line)).end).toEqual(end);
  });

  it('is told by both of its outputs, redacted, without what steers a terminal', async () => {
    hide('a-secret-of-the-program');
    const { output } = await run(
      String.raw`printf 'plain\n\033[31mred\033[0m\nx\ra-secret-of-the-program\n'; echo wrong >&2; printf 'a-secret-of-'`,
    );
    expect(output).toEqual(expect.arrayContaining(['plain', 'red', '[secret]', 'wrong']));
    expect(output.join('\n')).not.toContain('a-secret');
    expect(output.join('\n')).not.toContain('\u001b');
  });

  it('that fills its output is read to its end, and kept no further than the bound', async () => {
    const { end, output } = await run('yes | head -c 5000000; exit 3');
    expect(end).toEqual({ kind: 'exited', code: 3 });
    expect(output).toEqual(Array.from({ length: 20 }, () => 'y'));
  });

  it('that reads nothing of a long input ends all the same', async () => {
    expect((await run('exit 0', { input: 'x'.repeat(5_000_000) })).end).toMatchObject({ code: 0 });
  });
});

/** Ignores SIGTERM, and so does what it starts; all note who they are. */
const stubborn =
  "trap '' TERM; echo $$ > leader; sh -c 'echo $$ > child; while :; do sleep 1; done' & while :; do sleep 1; done";

describe('a program that does not end', () => {
  it('is killed at its deadline with all that it started, though it ignores SIGTERM', async () => {
    const { end } = await run(stubborn, { timeoutMs: 300 });
    expect(end).toEqual({ kind: 'timedOut' });
    await goneOf(['leader', 'child']);
  });

  it('is asked first', async () => {
    const { end, output } = await run(
      "trap 'echo asked; exit 0' TERM; while :; do sleep 0.02; done",
      {
        timeoutMs: 300,
      },
    );
    expect(end).toEqual({ kind: 'timedOut' });
    expect(output).toContain('asked');
  });

  it('is killed when the run is over, and that is thrown once it is gone', async () => {
    const over = new AbortController();
    const running = run(stubborn, { signal: over.signal }).catch((error: unknown) => error);
    while (true) {
      await sleep(20);
      try {
        if (fileOf('child') !== '') break;
      } catch {
        // Not yet.
      }
    }
    const reason = new Error('over');
    over.abort(reason);
    expect(await running).toBe(reason);
    await goneOf(['leader', 'child']);
  });

  it('leaves nothing running behind it when it ends by itself', async () => {
    const { end } = await run(
      "sh -c 'echo $$ > child; exec sleep 1000' & while [ ! -s child ]; do :; done",
    );
    expect(end).toEqual({ kind: 'exited', code: 0 });
    await goneOf(['child']);
  });

  it('holds nobody up by what left its group with its output', async () => {
    const { end } = await run(
      "setsid sh -c 'echo $$ > child; exec sleep 1000' & while [ ! -s child ]; do :; done",
    );
    expect(end).toEqual({ kind: 'exited', code: 0 });
    process.kill(Number(fileOf('child')), 'SIGKILL');
  });
});

it('is not begun by a run that is over', async () => {
  const reason = new Error('over');
  await expect(run('echo > begun', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(readdirSync(folder)).toEqual([]);
});

it.each([
  ['one that ends with its output', 'exit 0'],
  ['one whose output ended before it', 'exec <&- >&- 2>&-; sleep 0.2'],
])('leaves no timer and no listener behind, and waits for none: %s', async (_, line) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { signal } = new AbortController();
    await run(line, { signal });
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

it('a folder that is not there is told as the system has it', async () => {
  await expect(run('true', { folder: join(folder, 'nowhere') })).rejects.toThrow(/ENOENT/);
});
