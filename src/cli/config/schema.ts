/** The shape of `pipeline.yml`: the one source of its checks, its defaults and its JSON Schema. */
import { z } from 'zod';
import { parseDuration } from './duration.ts';
import { killSwitchFault } from './kill-switch.ts';

const leastLeaseMs = 1_000;

/** Written like `90s`; milliseconds when read. */
const duration = (description: string, standard: string) =>
  z
    .string('a duration such as 500ms, 90s, 60m or 2h')
    .regex(/^\d{1,9}(ms|s|m|h)$/, 'a duration such as 500ms, 90s, 60m or 2h')
    .default(standard)
    .describe(`${description} (${standard} when left out)`)
    .transform((text) => parseDuration(text) ?? 0);

const url = z
  .string()
  .regex(/^https?:\/\/[^/\s@]+(\/\S*)?$/, {
    error: 'a URL that begins with http:// or https://, without a name or password in it',
    abort: true,
  })
  .refine((text) => URL.canParse(text), 'has to be a URL');
const herokuApp = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/,
    'a Heroku app’s name: lower case letters, digits and dashes, 3 to 30 of them',
  );

const endpoint = z.strictObject({
  url,
  status: z.int().min(100).max(599).default(200).describe('the status that it has to answer with'),
  timeout: duration('how long it may take until it answers so', '2m'),
  successes: z.int().min(1).max(100).default(1).describe('how many such answers in a row'),
  body: z.string().min(1).optional().describe('a text that the body has to contain'),
  header: z.strictObject({ name: z.string().min(1), value: z.string() }).optional(),
  revision: z
    .union([z.strictObject({ header: z.string().min(1) }), z.strictObject({ url })], {
      error: 'has to be { header: NAME } or { url: URL }',
    })
    .optional()
    .describe('where the app tells which commit answers'),
});

const verifyShape = z.strictObject({
  dynos: z
    .strictObject({
      timeout: duration('how long the dynos may take to be up', '10m'),
      settle: duration('for how long all of them have to stay up', '10s'),
    })
    .prefault({}),
  endpoints: z.array(endpoint).default([]),
  waive: z
    .array(z.enum(['no-dynos', 'no-checks']))
    .default([])
    .describe(
      'no-dynos: an app scaled to nothing counts as up; no-checks: nothing here need be able to fail',
    ),
});

const verify = verifyShape
  .refine(canFail, {
    error:
      'has nothing that could fail: give it endpoints or a settle above 0ms, or say waive: [no-checks]',
  })
  .prefault({});

/** Without endpoints, only dynos that have to be there and stay up can fail. */
function canFail({ dynos, endpoints, waive }: z.output<typeof verifyShape>): boolean {
  const dynosCanFail = dynos.settle > 0 && !waive.includes('no-dynos');
  return endpoints.length > 0 || dynosCanFail || waive.includes('no-checks');
}

const environment = (standard: 'build' | 'promote') =>
  z.strictObject({
    heroku: z.strictObject({
      app: herokuApp,
      deploy:
        standard === 'build'
          ? z.literal('build').default('build')
          : z.enum(['promote', 'build']).default('promote'),
      timeout: duration('how long a build, a release phase or a promotion may take', '30m'),
    }),
    verify,
  });

/**
 * One or several, with blanks between them: Slack calls nobody for a name that is written as people type it
 * (https://docs.slack.dev/messaging/formatting-message-text, "Mentioning").
 */
const slackMentions =
  /^<(!here|!channel|!everyone|!subteam\^S[A-Z0-9]+(\|[^<>|]*)?|@[UW][A-Z0-9]+(\|[^<>|]*)?)>( +<(!here|!channel|!everyone|!subteam\^S[A-Z0-9]+(\|[^<>|]*)?|@[UW][A-Z0-9]+(\|[^<>|]*)?)>)*$/;

const shape = z.strictObject({
  $schema: z.string().optional().describe('for editors'),
  app: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
      'a name of letters, digits, dots, dashes and underscores',
    )
    .describe('the lane’s name'),
  branch: z.string().min(1).default('master').describe('the branch that is deployed'),
  store: z
    .string()
    .min(1)
    .default('sqlite:.pipeline/log.db')
    .describe('the event log: sqlite:PATH'),
  stacking: z
    .enum(['skip', 'every'])
    .default('skip')
    .describe('skip: of three stacked builds the middle one exits; every: one merge a deploy'),
  lock: z
    .strictObject({
      provider: z.enum(['store', 'circleci', 'github']).default('store'),
      timeout: duration('how long the lock is waited for', '60m'),
      lease: duration('how long a lock outlives a run that died, 1s or more', '60s').refine(
        (ms) => ms >= leastLeaseMs,
        'has to be a second or more',
      ),
    })
    .prefault({}),
  repository: url.optional().describe('for links and release notes'),
  source: z
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
    .describe('how a commit is meant that holds what its bytes alone do not carry'),
  staging: environment('build'),
  production: environment('promote'),
  gates: z
    .strictObject({
      rollback: z.literal('hold').default('hold'),
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
        .default('PRODUCTION_CD_ENABLED'),
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
  notify: z
    .strictObject({
      slack: z
        .strictObject({
          channel: z.string().min(1),
          oncall: z
            .string()
            .regex(
              slackMentions,
              'what Slack notifies by: <!here> or <!channel>, <!subteam^S0123ABCD> for a group, <@U0123ABCD> for a person',
            )
            .optional()
            .describe(
              'who is mentioned when something breaks, as Slack writes it: <!subteam^S0ONCALL>',
            ),
        })
        .optional(),
    })
    .prefault({}),
});

/** What is promoted must not be what already serves people: then nothing would be verified before. */
export const configSchema = shape.refine(
  (config) => appOf(config, 'staging') !== appOf(config, 'production'),
  {
    path: ['production', 'heroku', 'app'],
    error: 'has to be another app than staging’s',
    // Beside other mistakes too, as long as there are names.
    when: ({ value }) => typeof appOf(value, 'production') === 'string',
  },
);

type Environments = Partial<
  Record<'staging' | 'production', { heroku?: { app?: unknown } | null } | null>
>;

function appOf(config: unknown, environment: keyof Environments): unknown {
  return (config as Environments | null | undefined)?.[environment]?.heroku?.app;
}

export type Config = z.output<typeof configSchema>;

/** For editors: what may be written, with nothing that only a program could check. */
export function configJsonSchema(): object {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
  return {
    ...schema,
    title: 'pipeline.yml of Lockstep',
  };
}
