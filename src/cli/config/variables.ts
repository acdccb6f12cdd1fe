/** Every environment variable that Lockstep reads, for people: `pipeline help environment`, docs/configuration.md. */
import { channelKinds } from '../../effects/channels/kinds.ts';
import { targetKinds } from '../../effects/targets/kinds.ts';

export interface Variable {
  readonly name: string;
  readonly use: string;
  /** What it is where it is not set; null: nothing. */
  readonly standard: string | null;
}

const own: readonly Variable[] = [
  {
    name: 'PIPELINE_STORE',
    use: 'the log: postgres://…, or sqlite:PATH on a disk that is kept and shared; in a CI never inside the checkout',
    standard: 'store of the configuration',
  },
  { name: 'PIPELINE_CONFIG', use: 'the configuration’s file', standard: 'pipeline.yml' },
  {
    name: 'PIPELINE_LEASE',
    use: 'how long the lane’s lock outlives a run that died',
    standard: 'lock.lease of the configuration',
  },
  {
    name: 'PIPELINE_TRUST',
    use: 'digests of changed settings, or of a changed log, that no person has to accept any more',
    standard: null,
  },
  {
    name: 'PIPELINE_SIGNING_KEY',
    use: 'a private key of Ed25519: heads of the log are signed with it',
    standard: null,
  },
  {
    name: 'PIPELINE_SERVE_TOKEN',
    use: 'what pipeline serve asks for where it is reached beyond this machine',
    standard: null,
  },
  {
    name: 'PIPELINE_OTLP_HEADERS',
    use: 'what pipeline export --otlp sends besides, such as a key: name=value,name=value, percent-encoded',
    standard: null,
  },
  {
    name: 'PRODUCTION_CD_ENABLED',
    use: 'the kill switch, under the name that gates.killSwitch has: in a CI nothing goes to production unless it is true',
    standard: null,
  },
];

const others: readonly Variable[] = [
  {
    name: 'CIRCLE_TOKEN',
    use: 'CircleCI: the lane’s lock (lock.provider: circleci); whether a dead holder’s job ended',
    standard: null,
  },
  {
    name: 'GITHUB_TOKEN',
    use: 'GitHub: the lane’s lock (lock.provider: github); git order and notes where the clone is shallow; whether a dead holder’s run ended',
    standard: null,
  },
  {
    name: 'PGPASSWORD',
    use: 'the password of a PostgreSQL log whose URL has none',
    standard: null,
  },
  baseUrl('CIRCLE_API_URL', 'https://circleci.com/api/v2'),
  baseUrl('GITHUB_API_URL', 'https://api.github.com'),
  {
    name: 'HTTPS_PROXY, HTTP_PROXY',
    use: 'the proxy by which vendors are reached; NO_PROXY names the hosts that need none',
    standard: null,
  },
  {
    name: 'NO_COLOR, FORCE_COLOR',
    use: 'colour, where it is not as wanted; --no-color goes before both',
    standard: null,
  },
];

/** In the order of a list for people: what is Lockstep's own, what its vendors need, the rest. */
export const variables: readonly Variable[] = eachOnce([
  ...own,
  ...targetKinds.flatMap(({ variables: { tokens, urls } }) => [
    ...tokens.map(({ name, use }) => ({ name, use, standard: null })),
    ...urls.map(({ name, standard }) => baseUrl(name, standard)),
  ]),
  ...channelKinds.flatMap(({ variables: { tokens, webhooks, urls } }) => [
    ...[...tokens, ...webhooks].map(({ name, use }) => ({ name, use, standard: null })),
    ...urls.map(({ name, standard }) => baseUrl(name, standard)),
  ]),
  ...others,
]);

/** A variable that several read has all of its uses where it comes last. */
function eachOnce(all: readonly Variable[]): Variable[] {
  return all.flatMap((one, at) => {
    const same = all.filter(({ name }) => name === one.name);
    if (all.findLastIndex(({ name }) => name === one.name) !== at) return [];
    return [{ ...one, use: [...new Set(same.map(({ use }) => use).reverse())].join('; ') }];
  });
}

function baseUrl(name: string, standard: string): Variable {
  return { name, use: 'the vendor’s base URL', standard };
}
