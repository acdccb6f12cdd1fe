/** Heroku's words in `pipeline.yml`. */
import { z } from 'zod';
import type { ConfigFields, Role, TargetConfig } from '../target-kind.ts';
import { heroku } from './vendor.ts';

const appName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/,
    'a Heroku app’s name: lower case letters, digits and dashes, 3 to 30 of them',
  )
  .describe('the app’s name on Heroku');

/** What comes first is built: there is nothing yet to promote to it. */
const deployOf = (isFirst: boolean) =>
  (isFirst
    ? z.literal('build').default('build')
    : z.enum(['promote', 'build']).default('promote')
  ).describe(
    'promote: exactly the slug or image that was checked before; build: it is built once more',
  );

const schema = (_: Role, { timeLimit, isFirst }: ConfigFields) =>
  z
    .strictObject({
      app: appName,
      deploy: deployOf(isFirst),
      timeout: timeLimit('how long a build, a release phase or a promotion may take', '30m'),
    })
    .transform(({ app, deploy, timeout }) => ({
      target: { kind: heroku.id, name: app, settings: {} },
      submits: deploy === 'promote' ? ('artifact' as const) : ('commit' as const),
      // An app of the pipeline takes what share of the traffic its router gives it.
      shares: null,
      timeoutMs: timeout,
      tellsInstances: true,
    }));

export const config: TargetConfig = {
  schema,
  nameField: 'app',
  verify: { instances: 'dynos', waived: 'an app scaled to nothing counts as up' },
};
