/** GitHub's words in `pipeline.yml`. */
import { z } from 'zod';

/** GitHub's own limit for the name of an environment. */
const environment = z
  .string()
  .max(255)
  .regex(/^\S(.*\S)?$/, 'a name, without spaces around it');

export const schema = z.strictObject({
  pullRequests: z
    .boolean()
    .default(true)
    .describe('whether each pull request that a deploy carries shows it, not the commit alone'),
  comments: z
    .boolean()
    .default(false)
    .describe('whether each of them gets one comment once it is live'),
  records: z
    .boolean()
    .default(false)
    .describe(
      'whether the organization’s artifact metadata says where an artifact with a digest runs',
    ),
  environments: z
    .strictObject({
      staging: environment.default('staging').describe('what staging is called on GitHub'),
      canary: environment.default('canary').describe('what canary is called on GitHub'),
      production: environment.default('production').describe('what production is called on GitHub'),
    })
    .prefault({})
    .describe('what each environment is called on GitHub'),
});

export type GitHubSettings = z.output<typeof schema>;
