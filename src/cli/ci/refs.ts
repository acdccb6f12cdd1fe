/**
 * What a CI builds: a branch, or what never ships: a pull request, a merge queue's group, a tag.
 *
 * The names are those of each CI's own documentation of its environment. A mark of what never ships
 * counts whichever CI set it, and wins over every branch that another variable names: for a pull
 * request many CIs name the branch that it is meant for.
 */
type Env = Readonly<Record<string, string | undefined>>;

export type BuildRef =
  | { readonly kind: 'branch'; readonly name: string }
  /** `shown`: the ref, or the variable that says so. */
  | { readonly kind: Unshippable; readonly shown: string }
  /** Variables that contradict each other, or say too little for their CI. */
  | { readonly kind: 'unclear'; readonly why: string }
  /** What the build follows did not pass. */
  | { readonly kind: 'untested'; readonly why: string }
  | { readonly kind: 'unnamed' };

export type Unshippable = 'pull request' | 'merge queue' | 'tag';

/** Set to anything but nothing or `false`, these mean a pull request. */
const pullRequests = [
  ...['GITHUB_HEAD_REF', 'GITHUB_BASE_REF', 'CIRCLE_PR_NUMBER', 'CIRCLE_PR_REPONAME'],
  ...['CIRCLE_PR_USERNAME', 'APPVEYOR_PULL_REQUEST_NUMBER', 'SYSTEM_PULLREQUEST_PULLREQUESTID'],
  ...['SYSTEM_PULLREQUEST_PULLREQUESTNUMBER', 'SYSTEM_PULLREQUEST_SOURCEBRANCH'],
  ...['SYSTEM_PULLREQUEST_TARGETBRANCH', 'bamboo_repository_pr_key', 'BITBUCKET_PR_ID'],
  ...['BITRISE_PULL_REQUEST', 'BITRISEIO_GIT_BRANCH_DEST', 'BUDDY_EXECUTION_PULL_REQUEST_ID'],
  ...['BUDDY_EXECUTION_PULL_REQUEST_NO', 'BUILDKITE_PULL_REQUEST', 'CIRRUS_PR'],
  ...['CF_PULL_REQUEST_NUMBER', 'CF_PULL_REQUEST_ID', 'CF_PULL_REQUEST_TARGET', 'CI_PR_NUMBER'],
  ...['DRONE_PULL_REQUEST', 'CI_MERGE_REQUEST_ID'],
  ...['CI_MERGE_REQUEST_IID', 'CI_EXTERNAL_PULL_REQUEST_IID', 'ghprbPullId', 'ghprbTargetBranch'],
  ...['gitlabMergeRequestId', 'gitlabMergeRequestIid', 'SAIL_PULL_REQUEST_NUMBER'],
  ...['SD_PULL_REQUEST', 'PR_BRANCH_NAME', 'PR_BASE_BRANCH_NAME', 'SCRUTINIZER_PR_NUMBER'],
  ...['SCRUTINIZER_PR_SOURCE_BRANCH', 'SEMAPHORE_GIT_PR_NUMBER', 'SEMAPHORE_GIT_PR_BRANCH'],
  ...['TRAVIS_PULL_REQUEST', 'TRAVIS_PULL_REQUEST_BRANCH', 'VELA_BUILD_PULL_REQUEST'],
  ...['VELA_PULL_REQUEST_SOURCE', 'VELA_PULL_REQUEST_TARGET', 'VERCEL_GIT_PULL_REQUEST_ID'],
  ...['CI_COMMIT_PULL_REQUEST', 'CI_COMMIT_SOURCE_BRANCH', 'CI_COMMIT_TARGET_BRANCH'],
];
/** The same under names that mean it only inside of a CI. */
const pullRequestsInCi = [
  'CHANGE_ID',
  'PULL_REQUEST',
  'PULL_REQUEST_NUMBER',
  'IS_PULL_REQUEST',
  'REVIEW_ID',
];

const tags = [
  ...['CIRCLE_TAG', 'APPVEYOR_REPO_TAG', 'APPVEYOR_REPO_TAG_NAME', 'BITBUCKET_TAG'],
  ...['BITRISE_GIT_TAG', 'BUDDY_EXECUTION_TAG', 'BUILDKITE_TAG', 'CIRRUS_TAG', 'DRONE_TAG'],
  ...['CI_COMMIT_TAG', 'SEMAPHORE_GIT_TAG_NAME', 'TRAVIS_TAG', 'VELA_BUILD_TAG', 'SD_TAG_NAME'],
];
const tagsInCi = ['GIT_TAG_NAME', 'IS_GIT_TAG', 'TAG_NAME'];

const mergeQueues = ['BUILDKITE_MERGE_QUEUE_BASE_BRANCH', 'CI_MERGE_REQUEST_TRAIN_ID'];

/** What happened, where a CI says it. */
const events = [
  ...['GITHUB_EVENT_NAME', 'BUILD_REASON', 'DRONE_BUILD_EVENT', 'CI_PIPELINE_SOURCE'],
  ...['CI_MERGE_REQUEST_EVENT_TYPE', 'VELA_BUILD_EVENT', 'CI_PIPELINE_EVENT', 'TRAVIS_EVENT_TYPE'],
  ...['CODEBUILD_WEBHOOK_EVENT', 'GITHUB_REF_TYPE', 'SEMAPHORE_GIT_REF_TYPE', 'CONTEXT'],
];
const eventOfPullRequest = /^(external_)?(pull|merge)[_-]?request|^deploy-preview$/i;
const eventOfMergeQueue = /^(merge_group|merge_train|merge-queue)/i;
const eventOfTag = /^(tag|release)$/i;

/** Refs and branches, by whatever name a CI gives them. */
const refs = [
  ...['GITHUB_REF', 'GITHUB_REF_NAME', 'CIRCLE_BRANCH', 'APPVEYOR_REPO_BRANCH'],
  ...['BUILD_SOURCEBRANCH', 'bamboo_planRepository_1_branchName', 'BITBUCKET_BRANCH'],
  ...['BITRISE_GIT_BRANCH', 'BUDDY_EXECUTION_BRANCH', 'BUILDKITE_BRANCH', 'CIRRUS_BRANCH'],
  ...['CF_PAGES_BRANCH', 'CF_BRANCH', 'CI_BRANCH', 'DRONE_BRANCH', 'DRONE_COMMIT_REF'],
  ...['CI_COMMIT_REF_NAME', 'CI_COMMIT_REF', 'CI_COMMIT_BRANCH', 'JB_SPACE_GIT_BRANCH'],
  ...['DISTELLI_RELBRANCH', 'SAIL_COMMIT_BRANCH', 'SCRUTINIZER_BRANCH', 'SEMAPHORE_GIT_BRANCH'],
  ...['SEMAPHORE_GIT_REF', 'TRAVIS_BRANCH', 'VELA_BUILD_BRANCH', 'VELA_BUILD_REF'],
  ...['VERCEL_GIT_COMMIT_REF', 'NOW_GITHUB_COMMIT_REF', 'WERCKER_GIT_BRANCH'],
  ...['CODEBUILD_WEBHOOK_TRIGGER', 'CODEBUILD_WEBHOOK_HEAD_REF', 'CODEBUILD_SOURCE_VERSION'],
];
const refsInCi = [
  'BRANCH_NAME',
  'GIT_BRANCH',
  'GIT_LOCAL_BRANCH',
  'BRANCH',
  'HEAD',
  'gitlabBranch',
];

/** Nothing, or what CIs write for it; CircleCI makes `<nil>` of an empty pipeline value. */
export const isSet = (value: string | undefined): value is string =>
  value !== undefined && !['', 'false', '0', '<nil>'].includes(value.trim().toLowerCase());

/** The first mark in the environment of what never ships, whichever CI it is of; null without one. */
export function unshippable(env: Env, isCi: boolean): BuildRef | null {
  const found = (kind: Unshippable, names: readonly string[]): BuildRef | null => {
    const name = names.find((one) => isSet(env[one]));
    return name === undefined ? null : { kind, shown: `${name} is ${env[name]}` };
  };
  const told = (kind: Unshippable, pattern: RegExp): BuildRef | null => {
    const name = events.find((one) => pattern.test(env[one] ?? ''));
    return name === undefined ? null : { kind, shown: `${name} is ${env[name]}` };
  };
  const named = [...refs, ...(isCi ? refsInCi : [])]
    .map((name) => env[name])
    .filter(isSet)
    .map(refOf)
    .find(({ kind }) => kind !== 'branch');
  return (
    found('merge queue', mergeQueues) ??
    told('merge queue', eventOfMergeQueue) ??
    named ??
    found('pull request', pullRequests) ??
    told('pull request', eventOfPullRequest) ??
    (isCi ? found('pull request', pullRequestsInCi) : null) ??
    forkOnCircleCi(env) ??
    found('tag', tags) ??
    told('tag', eventOfTag) ??
    (isCi ? found('tag', tagsInCi) : null)
  );
}

/** CircleCI sets the last two beside its own: names of its version 1.0. */
const openPullRequests = [
  ...['CIRCLE_PULL_REQUEST', 'CIRCLE_PULL_REQUESTS'],
  ...['CI_PULL_REQUEST', 'CI_PULL_REQUESTS'],
];

/**
 * CircleCI sets CIRCLE_PULL_REQUEST for any branch that a pull request is open from, the lane's own too.
 * Only where it also says which builds are a fork's (CIRCLE_PR_NUMBER: projects that have
 * CIRCLE_REPOSITORY_URL) can a branch of the repository be told from a fork's branch of that name.
 */
function forkOnCircleCi(env: Env): BuildRef | null {
  if (isSet(env.CIRCLE_REPOSITORY_URL)) return null;
  const name = openPullRequests.find((one) => isSet(env[one]));
  return name === undefined ? null : { kind: 'pull request', shown: `${name} is ${env[name]}` };
}

const kindsOfRefs: readonly [RegExp, Unshippable][] = [
  [/(^|\/)gh-readonly-queue\//, 'merge queue'],
  [/^(refs\/)?(pull|pull-requests|merge-requests|changes)\/\d/, 'pull request'],
  [/^(pr\/\d+|\d+\/(merge|head)|PR-\d+)$/, 'pull request'],
  [/^(refs\/)?tags?\//, 'tag'],
];

/** What a ref or a branch's name says. */
export function refOf(ref: string): BuildRef {
  const name = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : ref;
  const [, kind] = kindsOfRefs.find(([pattern]) => pattern.test(name)) ?? [];
  if (kind === 'tag') return { kind, shown: name.replace(/^(refs\/)?tags?\//, '') };
  if (kind !== undefined) return { kind, shown: name };
  if (ref === name && ref.startsWith('refs/')) {
    return { kind: 'unclear', why: `${ref} is no branch` };
  }
  return { kind: 'branch', name };
}

/** One branch where every name that is given says the same; empty ones say nothing. */
export function agreed(named: Readonly<Record<string, string | null | undefined>>): BuildRef {
  const given = Object.entries(named).filter((one): one is [string, string] => isSet(one[1] ?? ''));
  const [first] = given;
  if (first === undefined) return { kind: 'unnamed' };
  const ref = refOf(first[1]);
  const other = given.find(([, value]) => JSON.stringify(refOf(value)) !== JSON.stringify(ref));
  if (other === undefined) return ref;
  const [one, two] = [first, other].map(([name, value]) => `${name} says ${value}`);
  return { kind: 'unclear', why: `${one}, and ${two}` };
}
