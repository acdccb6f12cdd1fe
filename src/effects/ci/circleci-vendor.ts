/** CircleCI's API as the HTTP client has to know it. */
import type { VendorFacts } from '../http/vendor-facts.ts';

/** Of the API's second version; a bare origin gets its path. */
export function circleCiApi(baseUrl: string): string {
  const address = baseUrl.replace(/\/+$/, '');
  return new URL(address).pathname === '/' ? `${address}/api/v2` : address;
}

export const circleci = {
  id: 'circleci',
  name: 'CircleCI',
  tokenVariable: 'CIRCLE_TOKEN',
  urlVariable: 'CIRCLE_API_URL',
  statusPage: 'https://status.circleci.com',
  isFenced: true,
} as const satisfies VendorFacts;
