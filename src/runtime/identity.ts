/** Who runs and who acts: what the log and the leases say of a run, and how a dead one is known. */
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { CiJob } from '../effects/ci/jobs.ts';
import type { Build } from '../machine/events.ts';
import type { JsonObject } from '../store/log.ts';
import type { Actor } from './actor.ts';

/** One run of the program on one deploy. */
export interface Run {
  /** A UUID: two runs of one deploy are told apart by it. */
  readonly id: string;
  readonly actor: Actor;
  readonly ci: Build | null;
  readonly program: string;
  readonly owner: JsonObject;
  /** A fresh UUID for an event. */
  readonly newId: () => string;
}

export function newRun(options: {
  actor: Actor;
  ci: Build | null;
  program: string;
  /** The CI's job that this process is in: others can ask the CI whether it ended. */
  job?: CiJob | null;
}): Run {
  const { actor, ci, program, job = null } = options;
  const id = randomUUID();
  const owner = {
    run: id,
    host: hostname(),
    pid: process.pid,
    started: processStart(process.pid),
    processes: processTable(),
    url: ci?.url ?? null,
    job,
  };
  return { id, owner, newId: randomUUID, actor, ci, program };
}

/**
 * Whether the owner of a lease is known to be dead: it ran among the processes that can be seen from
 * here, and is gone (or its number was given to another). False when that cannot be known.
 */
export function isGone(owner: JsonObject): boolean {
  const { host, pid, started, processes } = owner;
  if (host !== hostname() || processes !== processTable() || typeof pid !== 'number') return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  const now = processStart(pid);
  return now !== null && typeof started === 'string' && now !== started;
}

/** When a process began, in clock ticks since boot (proc(5), field 22); null where there is no /proc. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold spaces: fields count from the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended, though its number is still taken.
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? null);
  } catch {
    return null;
  }
}

/**
 * Which numbering of processes this one is in: the machine's since it started, or a container's own.
 * Two containers may have one host name. Null where there is no /proc.
 */
function processTable(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}
