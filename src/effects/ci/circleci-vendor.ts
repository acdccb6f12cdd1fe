/** CircleCI's API as the HTTP client has to know it. */
import type { VendorFacts } from '../http/vendor-facts.ts';

/** Of the API's second version; a bare origin gets its path. */
export function circleCiApi(baseUrl: string): string {
  const bare = new URL(baseUrl).pathname === '/';
  return baseUrl.replace(/\/+$/, '') + (bare ? '/api/v2' : '');
}

export const circleci = {
  id: 'circleci',
  name: 'CircleCI',
  tokenVariable: 'CIRCLE_TOKEN',
  urlVariable: 'CIRCLE_API_URL',
  statusPage: 'https://status.circleci.com',
  isFenced: true,
} as const satisfies VendorFacts;
