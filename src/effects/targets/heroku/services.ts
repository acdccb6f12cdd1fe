/** The account's services: the Platform API, and two beside it that Heroku's own command asks. */
import { HerokuApi } from './api.ts';
import { dataUrl, gitHubUrl, heroku } from './vendor.ts';

export interface HerokuServices {
  readonly platform: HerokuApi;
  readonly databases: HerokuApi;
  readonly gitHub: HerokuApi;
}

/** Null without a token. */
export function servicesOf(values: Readonly<Record<string, string | null>>): HerokuServices | null {
  const token = values[heroku.tokenVariable] ?? null;
  if (token === null) return null;
  const at = (variable: string) => new HerokuApi({ baseUrl: values[variable] ?? '', token });
  return { platform: at(heroku.urlVariable), databases: at(dataUrl), gitHub: at(gitHubUrl) };
}
