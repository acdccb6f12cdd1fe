/** The kill switch: which environment variables may be one, and what is told of its value. */
import type { KillSwitch } from '../../machine/events.ts';
import { looksLikeSecret } from './secret-names.ts';

export interface KillSwitchReading {
  /** Whether production may be written. */
  readonly on: boolean;
  /** For the log, the channels and the terminal: it never holds the value. */
  readonly killSwitch: KillSwitch;
}

/**
 * The kill switch as it is now: on only when its value is the word `true`. Unset, it is on where a
 * person runs the program and off in CI.
 */
export function readKillSwitch(
  name: string,
  env: NodeJS.ProcessEnv,
  isCi: boolean,
): KillSwitchReading {
  const value = env[name];
  if (value === undefined) return { on: !isCi, killSwitch: { name, state: 'not set', why: null } };
  if (value === 'true') return { on: true, killSwitch: { name, state: 'true', why: null } };
  return { on: false, killSwitch: { name, state: 'another value', why: whyNotTrue(value) } };
}

/** Format and control characters, which an editor or a copied text leaves behind. */
const invisible = /(?!\s)[\p{Cc}\p{Cf}\ufeff]/u;

/** In fixed words: whatever somebody put into the variable, none of it may be told. */
function whyNotTrue(value: string): string {
  if (value === '') return 'it is empty';
  const word = value.trim();
  if (invisible.test(value) || value.startsWith('\ufeff')) {
    return 'it holds a character that cannot be seen';
  }
  if (word === '') return 'it holds nothing but white space';
  if (/^(["'`])true\1$/i.test(word)) return 'there are quotation marks around the word';
  if (word.toLowerCase() !== 'true') return 'it is some other word';
  const faults = [
    value === word ? null : `there is white space ${sideOf(value)} the word`,
    word === 'true' ? null : 'its letters have to be small',
  ];
  return faults.filter((fault) => fault !== null).join(', and ');
}

function sideOf(value: string): string {
  const [before, after] = [value !== value.trimStart(), value !== value.trimEnd()];
  if (before && after) return 'around';
  return before ? 'before' : 'after';
}

/** What the CIs put before the names of the variables that they set. */
const prefixesOfCis = [
  ...['CI', 'CIRCLE', 'CIRCLECI', 'GITHUB', 'RUNNER', 'ACTIONS', 'GITLAB', 'GITEA', 'FORGEJO'],
  ...['APPVEYOR', 'BAMBOO', 'BITBUCKET', 'BITRISE', 'BITRISEIO', 'BUDDY', 'BUILDKITE', 'CIRRUS'],
  ...['CF', 'CODEBUILD', 'CODESHIP', 'DISTELLI', 'DRONE', 'JB_SPACE', 'JENKINS', 'HUDSON'],
  ...['NETLIFY', 'NOW', 'VERCEL', 'SAIL', 'SAILCI', 'SD', 'SCREWDRIVER', 'SCRUTINIZER', 'VELA'],
  ...['SEMAPHORE', 'SHIPPABLE', 'TEAMCITY', 'TRAVIS', 'WERCKER', 'WOODPECKER', 'GIT'],
  // Azure Pipelines.
  ...['AGENT', 'BUILD', 'SYSTEM'],
];
const startsLikeACis = new RegExp(`^(${prefixesOfCis.join('|')})(_|$)`, 'i');

/** Names without such a beginning. */
const namesOfCis = new Set([
  ...['CONTINUOUS_INTEGRATION', 'TF_BUILD', 'WORKSPACE', 'DEPLOY_ID', 'REVIEW_ID', 'RUN_ID'],
  ...['BRANCH', 'BRANCH_NAME', 'BASE_BRANCH', 'HEAD_BRANCH', 'HEAD', 'TAG_NAME', 'CHANGE_ID'],
  ...['COMMIT', 'COMMIT_REF', 'JOB_NUMBER', 'JOB_NAME', 'JOB_URL', 'NODE_NAME', 'SITE_NAME'],
  ...['IS_PULL_REQUEST', 'PULL_REQUEST', 'PULL_REQUEST_NUMBER', 'REPOSITORY_URL'],
  ...['PR_BRANCH_NAME', 'PR_BASE_BRANCH_NAME', 'AWS_REGION', 'PWD'],
]);
/** Jenkins’ plugins write `ghprbPullId` and `gitlabBranch`. */
const startsLikeAPlugins = /^(ghprb|gitlab)/i;

const namesOfLockstep = /^PIPELINE_(STORE|CONFIG|LEASE|TRUST)$|_API_URL$/;

/** Why this variable cannot be the kill switch, as the end of “it has to be …”; null where it can. */
export function killSwitchFault(name: string): string | null {
  const instead = 'such as PRODUCTION_CD_ENABLED';
  if (
    startsLikeACis.test(name) ||
    startsLikeAPlugins.test(name) ||
    namesOfCis.has(name.toUpperCase())
  ) {
    return `a variable that no CI sets by itself, ${instead}`;
  }
  if (looksLikeSecret(name)) return `a variable whose name is not like a secret’s, ${instead}`;
  if (namesOfLockstep.test(name)) return `a variable that has no other use, ${instead}`;
  return null;
}
