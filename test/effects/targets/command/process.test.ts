/** Programs as processes: where they are looked for, what they get, and how they end. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPrograms } from '../../../../src/effects/targets/command/process.ts';
import { failureOf } from '../../lockstep-error.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'programs-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const script = (name: string, text: string, mode = 0o755): void => {
  writeFileSync(join(root, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(root, name), mode);
};
const programs = (env: Record<string, string> = {}) =>
  createPrograms({ root, env: { PATH: process.env.PATH, ...env } });

function start(words: readonly string[], told: Record<string, string> = {}) {
  let output = '';
  const onOutput = (from: string, bytes: Uint8Array) => {
    output += `${from}: ${Buffer.from(bytes)}`;
  };
  const running = programs({ OURS: 'yes', LOCKSTEP_KEY: 'of the job' }).start({
    words,
    told,
    onOutput,
  });
  return { ...running, output: () => output };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) [ZX]/.test(readFileSync(stat, 'utf8'));
};
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((soon) => setTimeout(soon, 5));
};
const numberIn = (name: string) => {
  const file = join(root, name);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
};

describe('a program', () => {
  it('runs at the root, by its words, with what it is told', async () => {
    script('deploy', 'echo "$PWD $# $1 $OURS $LOCKSTEP_KEY"; echo problem >&2; exit 3');
    const running = start(['./deploy', 'a b'], { LOCKSTEP_KEY: '502' });
    expect(await running.ended).toEqual({ code: 3, signal: null });
    expect(running.output()).toContain(`stdout: ${root} 1 a b yes 502`);
    expect(running.output()).toContain('stderr: problem');
  });

  it('is found by its whole path too', async () => {
    script('deploy', 'exit 4');
    expect(await start([join(root, 'deploy')]).ended).toEqual({ code: 4, signal: null });
  });

  it('that is told to end a second time keeps the grace that it was given', async () => {
    script(
      'deploy',
      "trap '' TERM\necho $$ > self\nwhile [ ! -e done ]; do sleep 0.01; done; exit 7",
    );
    const running = start(['./deploy']);
    await until(() => numberIn('self') > 0);
    running.stop(60_000);
    running.stop(0);
    script('done', '');
    expect(await running.ended).toEqual({ code: 7, signal: null });
    running.stop(0);
  });

  it.each([
    ['./none', './none is not there'],
    ['no-such-program-here', 'no-such-program-here is not there'],
    ['./plain', './plain may not be executed'],
    ['./', './ is no file'],
  ])('that cannot be run is told before it is begun: %s', (word, words) => {
    script('plain', 'exit 0', 0o644);
    expect(() => programs().check([word])).toThrow(words);
    expect(() => programs().check(['sh'])).not.toThrow();
  });

  it.each<[string, string | undefined]>([
    ['no PATH', undefined],
    ['an empty PATH', ''],
    ['a PATH with empty entries', ':/no/such/folder::'],
  ])('at the root is not found by its name alone: %s', (_, path) => {
    script('deploy', 'exit 0');
    const { check } = createPrograms({ root, env: path === undefined ? {} : { PATH: path } });
    expect(() => check(['deploy'])).toThrow('deploy is not there');
    expect(() => check(['./deploy'])).not.toThrow();
  });

  it('that names an interpreter which is not there is told so', async () => {
    writeFileSync(join(root, 'odd'), '#!/no/such/interpreter\n');
    chmodSync(join(root, 'odd'), 0o755);
    expect(await failureOf(start(['./odd']).ended)).toMatchObject({
      code: 'E_PROGRAM_MISSING',
      message: './odd cannot be started (ENOENT)',
      hint: 'See its first line: the interpreter that it names has to be installed here.',
      details: { program: './odd' },
    });
  });

  it.each([
    ['what hears of it', 'sleep 60 & echo $! > child\nwait'],
    [
      'what is deaf to it',
      'sh -c "trap \'\' TERM; echo \\$\\$ > child; exec sleep 60" > /dev/null 2>&1 &\nwait',
    ],
  ])('that is stopped ends with all that it began: %s', async (_, text) => {
    script('deploy', text);
    const running = start(['./deploy']);
    await until(() => numberIn('child') > 0);
    running.stop(5_000);
    expect(await running.ended).toEqual({ code: null, signal: 'SIGTERM' });
    await until(() => !isAlive(numberIn('child')));
  });

  it('that does not hear of it is killed after its grace', async () => {
    script('deploy', "trap '' TERM\necho $$ > self\nwhile :; do sleep 0.05; done");
    const running = start(['./deploy']);
    await until(() => numberIn('self') > 0);
    running.stop(50);
    expect(await running.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('that is stopped leaves no timer behind', async () => {
    script('deploy', 'echo $$ > self; exec sleep 60');
    const running = start(['./deploy']);
    await until(() => numberIn('self') > 0);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      running.stop(60_000);
      expect(await running.ended).toEqual({ code: null, signal: 'SIGTERM' });
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that nothing ends, not even SIGKILL, is waited for two seconds more', async () => {
    script('deploy', 'echo $$ > self; exec sleep 60');
    const running = start(['./deploy']);
    await until(() => numberIn('self') > 0);
    const group = -numberIn('self');
    let end: object | null = null;
    void running.ended.then((how) => {
      end = how;
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const killing = vi.spyOn(process, 'kill').mockReturnValue(true);
    try {
      running.stop(50);
      vi.advanceTimersByTime(2_050);
      await turn();
    } finally {
      killing.mockRestore();
      vi.useRealTimers();
      process.kill(group, 'SIGKILL');
    }
    expect(end).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('goes with the process that began it, however that ends', async () => {
    script('deploy', 'exec sleep 60');
    const at = new URL('../../../../src/effects/targets/command/process.ts', import.meta.url);
    const begins = `
      import { createPrograms } from ${JSON.stringify(at.href)};
      createPrograms({ root: ${JSON.stringify(root)}, env: process.env }).start({
        words: ['./deploy'], told: {}, onOutput: () => {},
      });
      console.log(process.getActiveResourcesInfo().includes('ProcessWrap'));
      process.exit(3);`;
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', begins],
      { encoding: 'utf8' },
    );
    expect([status, stdout]).toEqual([3, 'true\n']);
    const isThere = (pid: string) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === root && isAlive(Number(pid));
      } catch {
        return false;
      }
    };
    // What is killed is gone a moment later.
    await until(() => !readdirSync('/proc').some(isThere));
  });

  it('that ends by itself may leave a server behind, and is not waited for because of it', async () => {
    script('deploy', 'sleep 60 & echo $! > child\nexit 0');
    expect(await start(['./deploy']).ended).toEqual({ code: 0, signal: null });
    const child = numberIn('child');
    expect(isAlive(child)).toBe(true);
    process.kill(child, 'SIGKILL');
  });
});

it('the commit’s files are in a file that only its owner may read, and that goes', async () => {
  const { path, remove } = await programs().file(new TextEncoder().encode('a tarball'));
  expect(readFileSync(path, 'utf8')).toBe('a tarball');
  // Where people look for what a killed run left behind, under a name that says whose it is.
  expect(relative(tmpdir(), path)).toMatch(/^lockstep-\w{6}\/source\.tar\.gz$/);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await remove();
  expect(existsSync(path)).toBe(false);
});
