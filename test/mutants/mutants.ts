/** Every mutant, by the promise of docs/guarantees.md that it breaks. `npm run mutants` applies them one by one. */
import { accountMutants } from './by-promise/accounts.ts';
import { auditMutants } from './by-promise/audit.ts';
import { environmentMutants } from './by-promise/environments.ts';
import { followings } from './by-promise/followings.ts';
import { gateMutants } from './by-promise/gates.ts';
import { gitHubMutants } from './by-promise/github.ts';
import { holders } from './by-promise/holders.ts';
import { hookMutants } from './by-promise/hooks.ts';
import { logMutants } from './by-promise/log.ts';
import { pageMutants } from './by-promise/pages.ts';
import { programMutants } from './by-promise/programs.ts';
import { ruleMutants } from './by-promise/rules.ts';
import { setupMutants } from './by-promise/setup.ts';
import { shippingMutants } from './by-promise/shipping.ts';
import { slackMutants } from './by-promise/slack.ts';
import { targetMutants } from './by-promise/targets.ts';
import { writes } from './by-promise/writes.ts';
import type { Mutant } from './mutant.ts';

export const mutants: readonly Mutant[] = [
  ...holders,
  ...followings,
  ...gateMutants,
  ...writes,
  ...logMutants,
  ...ruleMutants,
  ...pageMutants,
  ...targetMutants,
  ...hookMutants,
  ...gitHubMutants,
  ...slackMutants,
  ...programMutants,
  ...environmentMutants,
  ...auditMutants,
  ...accountMutants,
  ...setupMutants,
  ...shippingMutants,
];
