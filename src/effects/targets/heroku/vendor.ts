/** Heroku's Platform API as the HTTP client has to know it. */
import type { VendorFacts } from '../../http/vendor-facts.ts';

/** Of the service that Heroku's databases are asked of. */
export const dataUrl = 'HEROKU_DATA_API_URL';
/** Of the service that connects apps to GitHub. */
export const gitHubUrl = 'HEROKU_GITHUB_API_URL';

export const heroku = {
  id: 'heroku',
  name: 'Heroku',
  tokenVariable: 'HEROKU_API_KEY',
  urlVariable: 'HEROKU_API_URL',
  statusPage: 'https://status.heroku.com',
  isFenced: true,
  /** The account's pool of 4,500 requests refills by 75 a minute (Platform API reference, "Rate limits"). */
  budget: { header: 'ratelimit-remaining', low: 100, enough: 200, pauseMs: 2_000 },
} as const satisfies VendorFacts;
