/** Who runs and who acts: what the log and the leases say of a run, and how a dead one is known. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Build } from '../machine/events.ts';
import type { JsonObject } from '../store/log.ts';

/** One run of the program on one deploy. */
export interface Run {
  /** A UUID: two runs of one deploy are told apart by it. */
  readonly id: string;
  /** A person's or a CI account's name. */
  readonly actor: string;
  readonly ci: Build | null;
  readonly program: string;
  readonly owner: JsonObject;
  /** A fresh UUID for an event. */
  readonly newId: () => string;
}

export function newRun(options: { actor: string; ci: Build | null; program: string }): Run {
  const id = randomUUID();
  const owner = {
    run: id,
    host: hostname(),
    pid: process.pid,
    started: processStart(process.pid),
    url: options.ci?.url ?? null,
  };
  return { id, owner, newId: randomUUID, ...options };
}

/**
 * Whether the owner of a lease is known to be dead: it ran on this host, and its process is gone
 * (or its number was given to another). False when that cannot be known from here.
 */
export function isGone(owner: JsonObject): boolean {
  const { host, pid, started } = owner;
  if (host !== hostname() || typeof pid !== 'number') return false;
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
