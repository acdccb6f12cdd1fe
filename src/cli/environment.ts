/** What comes from the environment: secrets and addresses. */
import { UsageError } from '../errors.ts';
import { parseDuration } from './duration.ts';

/** Null: not set, or set to nothing. */
export interface Environment {
  readonly config: string | null;
  readonly store: string | null;
  /** The lease's length in milliseconds. */
  readonly leaseMs: number | null;
  readonly herokuApiKey: string | null;
  readonly herokuApiUrl: string;
  readonly circleToken: string | null;
  readonly circleApiUrl: string;
  readonly githubToken: string | null;
  readonly githubApiUrl: string;
  readonly slackBotToken: string | null;
  readonly slackWebhookUrl: string | null;
  readonly slackApiUrl: string;
}

const leastLeaseMs = 1_000;

/** @throws UsageError a URL or a duration that is none */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const text = (name: string): string | null => {
    const value = env[name]?.trim() ?? '';
    return value === '' ? null : value;
  };
  const url = (name: string, standard: string): string => checkedUrl(name, text(name) ?? standard);
  const webhook = text('SLACK_WEBHOOK_URL');
  return {
    config: text('PIPELINE_CONFIG'),
    store: text('PIPELINE_STORE'),
    leaseMs: lease(text('PIPELINE_LEASE')),
    herokuApiKey: text('HEROKU_API_KEY'),
    herokuApiUrl: url('HEROKU_API_URL', 'https://api.heroku.com'),
    circleToken: text('CIRCLE_TOKEN'),
    circleApiUrl: url('CIRCLE_API_URL', 'https://circleci.com/api/v2'),
    githubToken: text('GITHUB_TOKEN'),
    githubApiUrl: url('GITHUB_API_URL', 'https://api.github.com'),
    slackBotToken: text('SLACK_BOT_TOKEN'),
    slackWebhookUrl: webhook === null ? null : checkedUrl('SLACK_WEBHOOK_URL', webhook),
    slackApiUrl: url('SLACK_API_URL', 'https://slack.com/api'),
  };
}

/** @throws UsageError E_MISSING_TOKEN */
export function requireHerokuToken({ herokuApiKey }: Environment): string {
  if (herokuApiKey !== null) return herokuApiKey;
  throw new UsageError('E_MISSING_TOKEN', 'HEROKU_API_KEY is not set', {
    hint: 'Make one with `heroku authorizations:create` and set it in the CI’s environment or context.',
  });
}

function checkedUrl(name: string, value: string): string {
  if (/^https?:\/\/[^/\s]+/.test(value) && URL.canParse(value)) return value.replace(/\/+$/, '');
  // The value is not shown: a webhook's URL is a secret.
  throw new UsageError('E_ENVIRONMENT', `${name} is not a URL`, {
    hint: `Set it to an address that begins with https://, or leave it out.`,
  });
}

function lease(text: string | null): number | null {
  if (text === null) return null;
  const ms = parseDuration(text);
  if (ms !== null && ms >= leastLeaseMs) return ms;
  throw new UsageError(
    'E_ENVIRONMENT',
    `PIPELINE_LEASE is not a duration of a second or more: ${text}`,
    {
      hint: 'Write it like 60s or 2m.',
    },
  );
}
