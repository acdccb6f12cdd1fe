/** Who is dead, told from real processes: only those that this process would see, were they alive. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { samples } from '../../src/machine/samples.ts';
import { isGone, newRun } from '../../src/runtime/identity.ts';
import { anActor } from '../actor.ts';

const { owner: me } = newRun({ actor: anActor, ci: null, program: 'test' });
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function start(command: string, ...args: string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  await once(child, 'spawn');
  return child;
}

async function pidOfDead(): Promise<number> {
  const child = await start('sleep', '60');
  child.kill('SIGKILL');
  await once(child, 'exit');
  return child.pid ?? 0;
}

describe('the owner of a lease', () => {
  it('is a run of this process, with its CI’s build and job where it has one', () => {
    const where = { host: hostname(), pid: process.pid };
    expect(me).toMatchObject({ ...where, url: null, job: null });
    const ci = samples['deploy.requested'].build;
    const job = { provider: 'circleci', id: '7' } as never;
    const { id, owner, ...run } = newRun({ actor: anActor, ci, program: 'test', job });
    expect(owner).toMatchObject({ ...where, run: id, url: ci.url, job });
    expect(run).toMatchObject({ actor: anActor, ci, program: 'test' });
    expect(new Set([id, me.run, run.newId(), run.newId()]).size).toBe(4);
  });

  it.each([{ pid: '7' }, { pid: undefined }])(
    'of which %j is said may be alive: nobody can ask for it',
    (said) => expect(isGone({ ...me, ...said })).toBe(false),
  );

  it('is not gone where nothing says when it began', () => {
    expect(isGone({ ...me, started: undefined })).toBe(false);
  });

  it('is not gone while its process runs', () => expect(isGone(me)).toBe(false));

  it('is gone once its process is', async () => {
    expect(isGone({ ...me, pid: await pidOfDead() })).toBe(true);
  });

  it.runIf(process.platform === 'linux')(
    'is gone though another process has its number now: that one began later',
    () => expect(isGone({ ...me, started: '1' })).toBe(true),
  );

  it.runIf(process.platform === 'linux')(
    'is gone though its number is still taken, for nobody has asked how it ended',
    async () => {
      // What the shell began ends once it is the child of `sleep`, which never asks.
      const child = `sh -c 'until grep -q sleep /proc/$PPID/comm; do :; done'`;
      const parent = await start('sh', '-c', `${child} & echo $!; exec sleep 60`);
      const [line] = (await once(parent.stdout ?? process.stdin, 'data')) as [Buffer];
      const pid = Number(line.toString());
      const stat = () => readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ');
      while (stat()[2] !== 'Z') await new Promise((again) => setTimeout(again, 10));
      expect(isGone({ ...me, pid, started: stat()[21] })).toBe(true);
    },
  );

  it.each([
    ['another host', { host: 'elsewhere.test' }],
    ['another container of the same host name', { processes: 'boot pid:[1]' }],
    ['an older version, which did not say where', { processes: undefined }],
  ])('on %s may be alive: that cannot be seen from here', async (_, where) => {
    expect(isGone({ ...me, pid: await pidOfDead(), ...where })).toBe(false);
  });
});
