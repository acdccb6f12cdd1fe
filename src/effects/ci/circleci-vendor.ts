/** CircleCI's API as the HTTP client has to know it. */
import type { VendorFacts } from '../http/vendor-facts.ts';

export const circleci = {
  id: 'circleci',
  name: 'CircleCI',
  tokenVariable: 'CIRCLE_TOKEN',
  urlVariable: 'CIRCLE_API_URL',
  statusPage: 'https://status.circleci.com',
  isFenced: true,
} as const satisfies VendorFacts;
