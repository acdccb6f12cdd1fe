/** What Heroku hands in as a kind of target. */
import type { OpenedKind, TargetKind } from '../target-kind.ts';
import { config, variables } from './config.ts';
import { herokuErrors } from './error-codes.ts';
import { createHeroku } from './heroku.ts';
import { herokuTargets, kind } from './target.ts';
import { upcasters } from './upcasters.ts';
import { heroku } from './vendor.ts';

export const herokuKind: TargetKind = {
  kind,
  name: heroku.name,
  config,
  variables,
  open,
  upcasters,
  errors: herokuErrors,
};

function open(values: Readonly<Record<string, string>>): OpenedKind {
  const { [heroku.urlVariable]: baseUrl = '', [heroku.tokenVariable]: token = '' } = values;
  const account = createHeroku({ baseUrl, token });
  return { targets: herokuTargets(account), account: (ports) => account.account(ports) };
}
