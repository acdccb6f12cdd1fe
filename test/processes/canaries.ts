/** Secrets of every kind that Lockstep may be given, the forms that others repeat them in, and a search for what is left. */
import { formsOf } from '../../src/redaction/forms.ts';

/** Variables of a job. The values open nothing. */
export const canaryEnvironment = {
  PGPASSWORD: 'pgcan5',
  MYSQL_PWD: 'My&Sql"Canary\'7/q',
  NPM_TOKEN: 'npm_Canary+slash/8eq==',
  DEPLOY_KEY:
    '-----BEGIN PRIVATE KEY-----\nMIIEcanaryLineOne0\nQUJDcanaryLineTwo1\n-----END PRIVATE KEY-----',
  DATABASE_URL: 'postgres://ana:db%2Fcanary-pass9@db.test/acme',
  HTTPS_PROXY: 'http://prox:proxy-canary-10@proxy.test:3128',
  ALL_PROXY: 'ana:all-proxy-canary@proxy.test:3128',
  SLACK_SIGNING_SECRET: 'naïve-cañary-12',
  // That these are secrets only the configuration says.
  SIGNS: 'whsec_aG9vay1jYW5hcnktMTUtaG9vay1jYW5hcnktMTU=',
  ROOM: 'https://127.0.0.1:9/rooms/hook-canary-16-room',
} as const;

/** What must not be found: each value, and the parts of those that are URLs. */
export function canariesOf(environment: Readonly<Record<string, string>>): string[] {
  const {
    HEROKU_API_KEY = '',
    CIRCLE_TOKEN = '',
    GITHUB_TOKEN = '',
    SLACK_BOT_TOKEN = '',
    SLACK_WEBHOOK_URL,
  } = environment;
  const tokens = [HEROKU_API_KEY, CIRCLE_TOKEN, GITHUB_TOKEN, SLACK_BOT_TOKEN].filter(Boolean);
  const webhook =
    SLACK_WEBHOOK_URL === undefined
      ? []
      : [
          new URL(SLACK_WEBHOOK_URL).pathname,
          new URL(SLACK_WEBHOOK_URL).pathname.split('/').at(-1) ?? '',
        ];
  const { PGPASSWORD, MYSQL_PWD, NPM_TOKEN, SLACK_SIGNING_SECRET } = canaryEnvironment;
  return [
    ...tokens,
    ...webhook,
    ...[PGPASSWORD, MYSQL_PWD, NPM_TOKEN, SLACK_SIGNING_SECRET],
    ...['MIIEcanaryLineOne0', 'QUJDcanaryLineTwo1', 'db%2Fcanary-pass9', 'db/canary-pass9'],
    ...[
      canaryEnvironment.SIGNS,
      canaryEnvironment.SIGNS.slice('whsec_'.length),
      'hook-canary-16-room',
    ],
    ...['proxy-canary-10', 'all-proxy-canary', 'conf-canary-13', 'remote-canary-14'],
  ];
}

/** All of them in all their forms, in one line. */
export function echoOf(canaries: readonly string[]): string {
  return canaries
    .flatMap((canary) => [...formsOf(canary), Buffer.from(`ana:${canary}`).toString('base64')])
    .map((form) => `<${form.replaceAll('\n', ' ')}>`)
    .join(' ');
}

/** Lines of a build's output in which a canary stands at each place where such a line may be cut. */
export function linesOf(canaries: readonly string[]): string[] {
  const cutAt = [180, 300, 2_000, 4_000];
  return canaries.flatMap((canary) => [
    `-----> the token is ${canary}`,
    ...cutAt.map((at) => `${'x'.repeat(at - 1 - Math.floor(canary.length / 2))} ${canary} END`),
  ]);
}

/** Whichever canary, or half of one, is in the text. */
export function foundIn(text: string, canaries: readonly string[]): string[] {
  return canaries.flatMap((canary) => {
    if (canary.length < 8)
      return new RegExp(`(?<![\\w-])${canary}(?![\\w-])`).test(text) ? [canary] : [];
    const forms = formsOf(canary).filter((form) => text.includes(form));
    const halves = [
      canary.slice(0, Math.ceil(canary.length / 2)),
      canary.slice(Math.floor(canary.length / 2)),
    ];
    return [...forms, ...halves.filter((half) => half.length >= 8 && text.includes(half))];
  });
}
