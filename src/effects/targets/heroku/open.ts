/** Opens Heroku with the account’s token. */
import type { OpenedKind } from '../target-kind.ts';
import { createHeroku } from './heroku.ts';
import { herokuTargets } from './target.ts';
import { heroku } from './vendor.ts';

export function open(values: Readonly<Record<string, string>>): OpenedKind {
  const { [heroku.urlVariable]: baseUrl = '', [heroku.tokenVariable]: token = '' } = values;
  const account = createHeroku({ baseUrl, token });
  return { targets: herokuTargets(account), account: (ports) => account.account(ports) };
}
