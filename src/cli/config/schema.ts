/** The shape of `pipeline.yml`: the one source of its checks, its defaults and its JSON Schema. */
import { z } from 'zod';
import { channelKinds } from '../../effects/channels/kinds.ts';
import type { Role, TargetKind } from '../../effects/targets/target-kind.ts';
import { type EnvironmentConfig, environmentSchema } from './environment-schema.ts';
import { branchName, duration, timeLimit, url } from './fields.ts';
import { killSwitchFault } from './kill-switch.ts';

const leastLeaseMs = 1_000;

/** Each under its kind's key, in the words of that kind. */
async function channels(): Promise<Readonly<Record<string, z.ZodType>>> {
  const all = channelKinds.map(async ({ name, schema }) => [name, (await schema()).optional()]);
  return Object.fromEntries(await Promise.all(all));
}

/** What is not in a commit's own bytes, and whether it may be missing. */
const sourceSchema = z
  .strictObject({
    submodules: z
      .enum(['refuse', 'omit'])
      .default('refuse')
      .describe('omit: a commit with submodules ships without what is in them'),
    lfs: z
      .enum(['refuse', 'pointers'])
      .default('refuse')
      .describe('pointers: of Git LFS the committed pointers ship, not the content'),
    export: z
      .enum(['refuse', 'ignore'])
      .default('refuse')
      .describe(
        'ignore: export-ignore and export-subst in .gitattributes change nothing that ships',
      ),
  })
  .prefault({})
  .describe('how a commit is meant that holds what its bytes alone do not carry');

const optional = <E extends z.ZodType<EnvironmentConfig>>(environment: E) =>
  environment.optional().transform((written) => written ?? null);

async function shapeOf<E extends z.ZodType<EnvironmentConfig>>(
  environment: (role: Role) => Promise<E>,
) {
  return z.strictObject({
    $schema: z.string().optional().describe('for editors'),
    app: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
        'a name of letters, digits, dots, dashes and underscores',
      )
      .describe('the lane’s name'),
    branch: branchName.default('master').describe('the branch that is deployed'),
    store: z
      .string()
      .regex(/^\S/, 'the address of a log, such as sqlite:.pipeline/log.db')
      .default('sqlite:.pipeline/log.db')
      .describe('the event log: sqlite:PATH'),
    stacking: z
      .enum(['skip', 'every'])
      .default('skip')
      .describe('skip: of three stacked builds the middle one exits; every: one merge a deploy'),
    lock: z
      .strictObject({
        provider: z
          .enum(['store', 'circleci', 'github'])
          .default('store')
          .describe('what the lock is: a lease in the log, or the CI’s own list of builds'),
        timeout: timeLimit('how long the lock is waited for', '60m'),
        lease: duration('how long a lock outlives a run that died, 1s or more', '60s').refine(
          (ms) => ms >= leastLeaseMs,
          'has to be a second or more',
        ),
      })
      .prefault({}),
    repository: url.optional().describe('for links and release notes'),
    source: sourceSchema,
    staging: optional(await environment('staging')),
    canary: optional(await environment('canary')).describe(
      'a part of production that is given the commit before the rest; it may stand in staging’s place',
    ),
    production: await environment('production'),
    gates: z
      .strictObject({
        rollback: z
          .literal('hold')
          .default('hold')
          .describe('somebody’s going back in production holds what comes after it'),
        killSwitch: z
          .string()
          .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
            error: 'the name of an environment variable',
            abort: true,
          })
          .superRefine((name, context) => {
            const right = killSwitchFault(name);
            if (right !== null) context.addIssue(`has to be ${right}`);
          })
          .default('PRODUCTION_CD_ENABLED')
          .describe('the environment variable that has to be true for production'),
        stuckExit: z
          .int('a whole number from 0 to 125')
          .min(0, 'has to be 0 or more')
          .max(125, 'has to be 125 or less')
          .default(1)
          .describe(
            'the exit code of advance where nothing of the branch ships any more, because production runs a commit that the branch does not have',
          ),
      })
      .prefault({}),
    notify: z.strictObject(await channels()).prefault({}),
  });
}

/** Which kind the target of each environment is of; those that the file does not have are left out. */
export type NamedKinds = Readonly<Partial<Record<Role, TargetKind>>> & {
  readonly production: TargetKind;
};

/**
 * The shape where each environment's target is of that kind. One of staging and the canary has to be there.
 *
 * @param app the lane's name
 */
export async function configSchema(kinds: NamedKinds, app: string) {
  const isFirst = (role: Role) => role === (kinds.staging === undefined ? 'canary' : 'staging');
  const shape = await shapeOf((role) =>
    environmentSchema(kinds[role] ?? kinds.production, role, { app, isFirst: isFirst(role) }),
  );
  return shape.superRefine(({ staging, canary }, context) => {
    if (staging !== null || canary !== null) return;
    context.addIssue({
      code: 'invalid_type',
      expected: 'object',
      input: undefined,
      path: ['staging'],
    });
  });
}

export type Config = z.output<Awaited<ReturnType<typeof configSchema>>>;

/** For editors: what may be written, with nothing that only a program could check. */
export async function configJsonSchema(kinds: readonly TargetKind[]): Promise<object> {
  const schema = await shapeOf(async (role) => {
    // With staging before it or not, a canary may be written in both ways.
    const first = role === 'production' ? [false] : role === 'staging' ? [true] : [false, true];
    const all = kinds.flatMap((kind) =>
      first.map((isFirst) => environmentSchema(kind, role, { app: 'app', isFirst })),
    );
    const [only, ...others] = await Promise.all(all);
    if (only === undefined) throw new Error('there is no kind of target');
    return others.length === 0 ? only : z.union([only, ...others]);
  });
  return {
    ...z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }),
    anyOf: [{ required: ['staging'] }, { required: ['canary'] }],
    title: 'pipeline.yml of Lockstep',
  };
}
