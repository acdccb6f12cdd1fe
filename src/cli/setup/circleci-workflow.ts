/** What a workflow of CircleCI says of its jobs (circleci.com/docs, configuration reference, “Jobs in workflow”). */

export interface Invoked {
  /** The job, under `jobs`. */
  readonly job: string;
  /** By which other jobs require it. */
  readonly name: string;
  readonly requires: readonly string[];
  readonly isApproval: boolean;
  readonly filters: unknown;
  readonly serialGroup: boolean;
}

export const entriesOf = (list: readonly unknown[]): Invoked[] => list.map(invoked);

function invoked(entry: unknown): Invoked {
  const bare = { requires: [], isApproval: false, filters: undefined, serialGroup: false };
  if (typeof entry === 'string') return { ...bare, job: entry, name: entry };
  const [job = '', settings] = Object.entries((entry ?? {}) as Record<string, unknown>)[0] ?? [];
  const given = (settings ?? {}) as {
    name?: string;
    requires?: readonly (string | object)[];
    type?: string;
    filters?: unknown;
    matrix?: { alias?: string };
    'serial-group'?: unknown;
  };
  return {
    job,
    name: given.matrix?.alias ?? given.name ?? job,
    requires: (given.requires ?? []).map((one) =>
      typeof one === 'string' ? one : (Object.keys(one)[0] ?? ''),
    ),
    isApproval: given.type === 'approval',
    filters: given.filters,
    serialGroup: given['serial-group'] !== undefined,
  };
}

/** A filter that is not understood leaves the job out: nothing is taken for tested by it. */
export function isOfBranch(filters: unknown, branch: string): boolean {
  if (filters === undefined || filters === null) return true;
  if (typeof filters !== 'object') return false;
  const { branches } = filters as { branches?: { only?: unknown; ignore?: unknown } };
  const list = (value: unknown) => (Array.isArray(value) ? value : [value]).map(String);
  if (branches?.only !== undefined) return list(branches.only).some((one) => isOf(one, branch));
  if (branches?.ignore !== undefined) {
    return !list(branches.ignore).some((one) => isOf(one, branch));
  }
  return true;
}

/** A name, or a regular expression between slashes. */
function isOf(pattern: string, branch: string): boolean {
  const inner = /^\/(.*)\/$/.exec(pattern)?.[1];
  if (inner === undefined) return pattern === branch;
  try {
    return new RegExp(`^(?:${inner})$`).test(branch);
  } catch {
    return false;
  }
}
