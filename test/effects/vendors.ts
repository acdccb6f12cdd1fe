/** Every vendor whose API is asked, by its id. */
import { slack } from '../../src/effects/channels/slack/vendor.ts';
import { circleci } from '../../src/effects/ci/circleci-vendor.ts';
import { github } from '../../src/effects/ci/github-vendor.ts';
import type { VendorFacts } from '../../src/effects/http/vendor-facts.ts';
import { heroku } from '../../src/effects/targets/heroku/vendor.ts';

export const vendors = { heroku, circleci, github, slack } as const satisfies Record<
  string,
  VendorFacts
>;
