/** The words of `pipeline.yml` for a place that a team's own programs serve. */
import { z } from 'zod';
import type { ConfigFields, Role, TargetConfig } from '../target-kind.ts';
import { waivable } from './settings.ts';
import { splitWords } from './words.ts';

/** A command line, split as a shell would, or a list of its words. */
const program = (what: string) =>
  z
    .union([z.string(), z.array(z.string()).min(1)], {
      error: 'has to be a command line, or a list of its words',
    })
    .transform((written, context): string[] => {
      const words = typeof written === 'string' ? splitWords(written) : written;
      if (!('fault' in words) && words[0] !== '') return [...words];
      context.addIssue('fault' in words ? words.fault : 'names no program');
      return z.NEVER;
    })
    .describe(what);

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    'a name of letters, digits, dots, dashes and underscores',
  );

const percent = z
  .int('a whole number of percent from 1 to 99')
  .min(1, 'has to be 1 or more')
  .max(99, 'has to be 99 or less');

/** A canary may be a share of the traffic, or several, one after another. */
const shares = {
  percent: percent.optional().describe('the share of the traffic that it is given'),
  steps: z
    .array(percent)
    .min(1, 'has to have a step')
    .refine((steps) => steps.every((one, i) => i === 0 || one > (steps[i - 1] ?? 0)), {
      error: 'has to grow from step to step',
    })
    .optional()
    .describe('the shares of the traffic that it is given, one after another'),
};

const submitted = 'artifact: exactly what was verified before; commit: it is built once more';

const schema = (role: Role, { timeLimit, app, isFirst }: ConfigFields) =>
  z
    .strictObject({
      name: name
        .optional()
        .describe('what messages call it; the app and the environment where it is left out'),
      deploy: program('deploys a commit, or what was verified of it'),
      current: program('tells what runs there, and what ran before').optional(),
      health: program('tells which instances are up').optional(),
      restore: program('takes a deploy back').optional(),
      submits: isFirst
        ? z.literal('commit').default('commit').describe(submitted)
        : z.enum(['artifact', 'commit']).default('artifact').describe(submitted),
      timeout: timeLimit('how long a deploy, and what follows it until it runs, may take', '30m'),
      ...(role === 'canary' ? shares : {}),
      waive: z
        .array(z.enum(waivable))
        .default([])
        .describe('without current: that git order, and somebody’s going back, are not looked at'),
    })
    .superRefine((written, context) => mustBeReadable(role, written, context))
    .transform(
      ({ name: given, deploy, current = null, health = null, restore = null, ...rest }) => ({
        target: {
          kind: 'command',
          name: given ?? `${app}-${role}`,
          settings: {
            environment: role,
            deploy,
            current,
            health,
            restore,
            waive: [...new Set(rest.waive)].sort(),
          },
        },
        submits: rest.submits,
        shares: sharesOf(rest),
        timeoutMs: rest.timeout,
        tellsInstances: health !== null,
      }),
    );

function sharesOf(written: object): number[] | null {
  const { percent, steps } = written as { percent?: number; steps?: number[] };
  return steps ?? (percent === undefined ? null : [percent]);
}

interface Written {
  readonly current?: unknown;
  readonly restore?: unknown;
  readonly waive: readonly string[];
  readonly percent?: unknown;
  readonly steps?: unknown;
}

/** What runs has to be known, or somebody has to have said by name that it is not. */
function mustBeReadable(
  role: Role,
  { current, restore, waive, percent, steps }: Written,
  context: z.RefinementCtx,
): void {
  const issue = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (role === 'canary' && restore === undefined) {
    issue('restore', 'is missing: a canary that fails has to be taken back');
  }
  if (percent !== undefined && steps !== undefined)
    issue('steps', 'says what percent says too: leave one of them out');
  if (current !== undefined) {
    if (waive.length > 0) issue('waive', 'waives what `current` tells: leave one of them out');
    return;
  }
  const missing = waivable.filter((gate) => !waive.includes(gate));
  if (missing.length > 0) {
    issue(
      'current',
      `is missing: without it nobody can tell whether a commit is older than what runs, or whether somebody went back. Name a program that tells what runs, or say waive: [${waivable.join(', ')}]`,
    );
  }
  if (restore !== undefined) issue('restore', 'needs `current`, which tells what to take back');
}

export const config: TargetConfig = {
  schema,
  nameField: 'name',
  verify: { instances: 'instances', waived: 'nothing looks at its instances; none counts as up' },
};
