/** GitHub as the HTTP client has to know it where people are told something there. */
import { github } from '../../ci/github-vendor.ts';
import type { VendorFacts } from '../../http/vendor-facts.ts';

export const messages = {
  ...github,
  // What is said of a deploy is no write that the lane's lock protects.
  isFenced: false,
  isMessaging: true,
} as const satisfies VendorFacts;
