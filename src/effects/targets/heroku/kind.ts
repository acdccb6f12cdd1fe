/** What Heroku hands in as a kind of target. */
import type { TargetKind } from '../target-kind.ts';
import { herokuErrors } from './error-codes.ts';
import { upcasters } from './upcasters.ts';
import { dataUrl, gitHubUrl, heroku } from './vendor.ts';

export const herokuKind: TargetKind = {
  kind: heroku.id,
  name: heroku.name,
  variables: {
    tokens: [
      {
        name: heroku.tokenVariable,
        use: 'builds, releases, promotions',
        hint: 'Make one with `heroku authorizations:create` and set it: in the CI’s environment or context, or in the shell that runs this.',
      },
    ],
    urls: [
      {
        name: heroku.urlVariable,
        standard: 'https://api.heroku.com',
        token: heroku.tokenVariable,
      },
      // Asked in a check-up only: what Heroku's own command asks beside the Platform API.
      { name: dataUrl, standard: 'https://api.data.heroku.com', token: heroku.tokenVariable },
      { name: gitHubUrl, standard: 'https://kolkrabbi.heroku.com', token: heroku.tokenVariable },
    ],
  },
  upcasters,
  errors: herokuErrors,
  config: async () => (await import('./config.ts')).config,
  opener: () => import('./open.ts'),
  surveyor: async () => (await import('./survey.ts')).surveyor,
};
