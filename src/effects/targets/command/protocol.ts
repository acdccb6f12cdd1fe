/**
 * The protocol between Lockstep and a team's programs, version 1: what a program is told, by arguments and environment,
 * and what it answers, by lines of JSON on its standard output and by its exit code. docs/targets.md tells it to whoever
 * writes such a program; a test holds that page against this file.
 */
import { z } from 'zod';

export const protocolVersion = 1;

const operations = ['deploy', 'current', 'health', 'restore'] as const;
export type Operation = (typeof operations)[number];

/** What a program is told, each as an environment variable; those that say nothing for an operation are not set. */
export const variables = {
  LOCKSTEP_PROTOCOL: 'the version of this protocol, `1`',
  LOCKSTEP_OPERATION: '`deploy`, `current`, `health` or `restore`',
  LOCKSTEP_ENVIRONMENT: '`staging`, `canary` or `production`',
  LOCKSTEP_NAME:
    'what Lockstep calls the place: `name` in `pipeline.yml`, or the app and the environment',
  LOCKSTEP_KEY: 'the idempotency key (`deploy`, `restore`)',
  LOCKSTEP_COMMIT: 'the full id of the commit (`deploy`)',
  LOCKSTEP_SOURCE:
    'where the commit is to be built: the path of a gzipped tarball of its files, without a folder around them; it is gone when the program ends (`deploy`)',
  LOCKSTEP_ARTIFACT: 'where what was verified is to be released: the artifact’s id (`deploy`)',
  LOCKSTEP_ARTIFACT_KIND: 'its kind (`deploy`)',
  LOCKSTEP_ARTIFACT_DIGEST: 'its digest, where it has one (`deploy`)',
  LOCKSTEP_VERIFIED_RELEASE:
    'the release that was verified with this artifact, in the environment before (`deploy`)',
  LOCKSTEP_SHARE:
    'how many percent of the traffic it is to get, where it is to get a share (`deploy`)',
  LOCKSTEP_RELEASE:
    'the release that is to be taken back (`restore`), or whose instances are asked for (`health`)',
  LOCKSTEP_RESTORE: 'the release that is to run again (`restore`)',
} as const;
export type Variable = keyof typeof variables;

/** What an exit code means; any other is a failure. */
export const exitCodes = { done: 0, refused: 10, temporary: 75 } as const;

/** Bounds on what a program says. */
export const limits = {
  /** Of a line of JSON, in bytes. */
  lineBytes: 64 * 1024,
  /** Of JSON in one run. */
  lines: 5_000,
  /** Of lines for people that are shown of one run; the rest is read and dropped. */
  shownLines: 20_000,
} as const;

const id = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[!-~]+( [!-~]+)*$/, 'has to be of printable ASCII characters');
const words = z.string().max(500);
const digest = z.string().regex(/^[a-z0-9]+:[0-9a-f]{32,128}$/, 'has to be like sha256:0f0a…');
const seconds = z.number().nonnegative().max(1e9);

const artifact = z.strictObject({
  kind: id.describe('what it is called there: `image`, `folder`'),
  id: id.describe('by which `deploy` finds it again'),
  digest: digest.nullable().default(null).describe('of its content, where there is one'),
});

const progress = z.strictObject({
  type: z.literal('progress'),
  text: words.describe('one line, for whoever watches'),
});

/** What `deploy` says. */
const deployLines = z.discriminatedUnion('type', [
  progress,
  z.strictObject({
    type: z.literal('work'),
    id: id.describe(
      'of what the host has under way from now on: it goes on though this program is killed, and `current` lists it',
    ),
  }),
  z.strictObject({ type: z.literal('artifact'), ...artifact.shape }),
  z.strictObject({
    type: z.literal('release'),
    id: id.describe('of the release that was made; `current` lists it'),
  }),
]);

const releaseStates = ['running', 'pending', 'failed', 'earlier'] as const;

/** What `current` says. */
const currentLines = z.discriminatedUnion('type', [
  progress,
  z.strictObject({
    type: z.literal('release'),
    id,
    number: z.int().nonnegative().describe('each release has a higher one than those before it'),
    version: id.optional().describe('as people call it, `v12`; the id where it is left out'),
    state: z
      .enum(releaseStates)
      .describe(
        '`running`: what runs, one at most; `pending`: not yet; `failed`: it never ran; `earlier`: it ran before',
      ),
    commit: words
      .nullable()
      .describe('what it is made of: a full commit id; `null` where nothing tells'),
    artifact: artifact.extend({
      commit: words.nullable().describe('what it was built of; the same as the release’s'),
    }),
    at: z.iso.datetime({ offset: true }).describe('when it was made'),
    by: words.min(1).describe('who made it, as the host names people'),
    key: id
      .nullable()
      .describe('the idempotency key it was deployed under; `null` where there was none'),
    rollback: z.boolean().describe('whether somebody went back to what ran before'),
    description: words.default('').describe('in the host’s or the person’s own words'),
    work: id.optional().describe('the work that it came from, where there was some'),
    gone: z
      .boolean()
      .default(false)
      .describe('what it is made of is not kept any more: it cannot run again'),
    ageSeconds: seconds.optional().describe('how long ago it was made, by the host’s own clock'),
  }),
  z.strictObject({
    type: z.literal('work'),
    id: id.describe('of what is under way and has no release yet'),
    key: id.nullable(),
    description: words.default(''),
    ageSeconds: seconds.optional(),
  }),
  z.strictObject({
    type: z.literal('end'),
    releases: z.int().nonnegative().describe('how many `release` lines there are'),
    work: z.int().nonnegative().default(0).describe('how many `work` lines'),
    running: id.nullable().describe('the id of the release that runs, once more'),
    whole: z.boolean().describe('whether the list goes back to the first release that ever was'),
  }),
]);

const instanceStates = ['up', 'starting', 'crashed'] as const;

/** What `health` says. */
const healthLines = z.discriminatedUnion('type', [
  progress,
  z.strictObject({
    type: z.literal('instance'),
    name: id,
    release: id.describe('the id of the release that it runs'),
    state: z.enum(instanceStates),
    life: id.describe('another one after each restart: a process id and its start, say'),
  }),
  z.strictObject({
    type: z.literal('end'),
    instances: z.int().nonnegative().describe('how many `instance` lines there are'),
    up: z.int().nonnegative().describe('how many of them are up, once more'),
    wanted: z
      .int()
      .nonnegative()
      .describe('how many instances of the release that runs there should be'),
  }),
]);

/** What `restore` says. */
const restoreLines = z.discriminatedUnion('type', [
  progress,
  z.strictObject({ type: z.literal('release'), id: id.describe('of the release that runs now') }),
]);

export const answers = {
  deploy: deployLines,
  current: currentLines,
  health: healthLines,
  restore: restoreLines,
} as const satisfies Record<Operation, z.ZodType>;

export type DeployLine = z.infer<typeof deployLines>;
export type ReleaseLine = Extract<z.infer<typeof currentLines>, { type: 'release' }>;
export type WorkLine = Extract<z.infer<typeof currentLines>, { type: 'work' }>;
export type EndLine = Extract<z.infer<typeof currentLines>, { type: 'end' }>;
export type InstanceLine = Extract<z.infer<typeof healthLines>, { type: 'instance' }>;
