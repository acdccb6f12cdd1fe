/** An environment in `pipeline.yml`: its one target, in the words of the target's kind, and how a release of it is verified. */
import { z } from 'zod';
import type {
  ChosenTarget,
  ConfigFields,
  Role,
  TargetKind,
  VerifyWords,
} from '../../effects/targets/target-kind.ts';
import type { Environment, Verify } from '../../machine/events.ts';
import { duration, headerName, headerValue, timeLimit, url } from './fields.ts';

/** As a deploy's settings have it, in no kind's words. */
export type EnvironmentConfig = Omit<ChosenTarget, 'tellsInstances'> &
  Pick<Environment, 'verify' | 'bakeMs'>;

const endpoint = z
  .strictObject({
    url: url.describe('what is asked'),
    status: z
      .int()
      .min(100)
      .max(599)
      .default(200)
      .describe('the status that it has to answer with'),
    timeout: timeLimit('how long it may take until it answers so', '2m'),
    successes: z.int().min(1).max(100).default(1).describe('how many such answers in a row'),
    body: z.string().min(1).optional().describe('a text that the body has to contain'),
    header: z
      .strictObject({
        name: headerName.describe('a header that the answer has to have'),
        value: headerValue.describe('its value'),
      })
      .optional(),
    revision: z
      .union(
        [
          z.strictObject({
            header: headerName.describe('the header in which the app tells its commit'),
          }),
          z.strictObject({ url: url.describe('the address at which the app tells its commit') }),
        ],
        {
          error: 'has to be { header: NAME } or { url: URL }',
        },
      )
      .optional()
      .describe('where the app tells which commit answers'),
  })
  .transform(({ timeout, body, header, revision, ...same }) => ({
    ...same,
    timeoutMs: timeout,
    body: body ?? null,
    header: header ?? null,
    revision: revision ?? null,
  }));

/**
 * The environment of that role, where its target is of that kind.
 *
 * @param file what the rest of the file says of it
 */
export async function environmentSchema(
  kind: TargetKind,
  role: Role,
  file: Pick<ConfigFields, 'app' | 'isFirst'>,
) {
  const words = await kind.config();
  const shape: Readonly<Record<string, z.ZodType>> = {
    [kind.kind]: words.schema(role, { timeLimit, ...file }),
    verify: verifySchema(words.verify),
    bake: duration('for how long the checks have to go on holding once all is verified', '0s'),
  };
  return z
    .strictObject(shape)
    .transform((written): EnvironmentConfig & Pick<ChosenTarget, 'tellsInstances'> => ({
      ...(written[kind.kind] as ChosenTarget),
      verify: written.verify as Verify,
      bakeMs: written.bake as number,
    }))
    .superRefine(({ tellsInstances, verify }, context) => {
      if (tellsInstances || verify.waive.includes('no-instances')) return;
      const { instances } = words.verify;
      const message = `has to have no-${instances}, for nothing tells of its ${instances}`;
      context.addIssue({ code: 'custom', path: ['verify', 'waive'], message });
    })
    .transform(({ tellsInstances: _, ...environment }): EnvironmentConfig => environment);
}

function verifySchema({ instances, waived }: VerifyWords) {
  const checked = z
    .strictObject({
      timeout: timeLimit(`how long the ${instances} may take to be up`, '10m'),
      settle: duration('for how long all of them have to stay up', '10s'),
    })
    .prefault({})
    .transform(({ timeout, settle }) => ({ timeoutMs: timeout, settleMs: settle }));
  const noInstances = `no-${instances}`;
  const waive = z
    .array(z.enum([noInstances, 'no-checks']))
    .default([])
    .describe(`${noInstances}: ${waived}; no-checks: nothing here need be able to fail`);
  const shape: Readonly<Record<string, z.ZodType>> = {
    [instances]: checked,
    endpoints: z.array(endpoint).default([]),
    waive,
  };
  return z
    .strictObject(shape)
    .prefault({})
    .transform(
      (written): Verify => ({
        instances: written[instances] as Verify['instances'],
        waive: (written.waive as string[]).map((one) =>
          one === noInstances ? 'no-instances' : 'no-checks',
        ),
        endpoints: written.endpoints as Verify['endpoints'],
      }),
    )
    .refine(canFail, {
      error:
        'has nothing that could fail: give it endpoints or a settle above 0ms, or say waive: [no-checks]',
    });
}

/** Without endpoints, only instances that have to be there and stay up can fail. */
function canFail({ instances, endpoints, waive }: Verify): boolean {
  const instancesCanFail = instances.settleMs > 0 && !waive.includes('no-instances');
  return endpoints.length > 0 || instancesCanFail || waive.includes('no-checks');
}
