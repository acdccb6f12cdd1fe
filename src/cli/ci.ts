/** What the CI says of this build; flags win over it. A person at a shell is none. */
import envCi from 'env-ci';
import { UsageError } from '../errors.ts';
import type { Build } from '../machine/events.ts';
import { cutOff } from '../redaction/cut.ts';
import { inCi } from './in-ci.ts';

export interface CiFlags {
  readonly commit?: string;
  readonly branch?: string;
  readonly build?: string;
}

export interface CiFacts {
  readonly isCi: boolean;
  /** Null in a CI that does not say which build this is. */
  readonly build: Build | null;
  /** As given: a full or a short id; null where nothing says. */
  readonly commit: string | null;
  /** `refs/tags/v1` or `pull/12` where the build is of no branch, so that it is not taken for one. */
  readonly branch: string | null;
  /** Who began the build, as the CI says. */
  readonly user: string | null;
  /** `gh/acme/web`, on CircleCI. */
  readonly projectSlug: string | null;
  /** How the CI itself numbers this build, whatever its label: CircleCI's job number, GitHub's run id. */
  readonly runId: string | null;
  /** `deploy.yml`, on GitHub: what its API calls the workflow. */
  readonly workflowFile: string | null;
}

type Env = Readonly<Record<string, string | undefined>>;
type Found = Omit<CiFacts, 'isCi' | 'build'> & {
  readonly build: Omit<Build, 'label'> & { readonly label: string | null };
};

const labelPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/;

export function detectCi(env: Env, flags: CiFlags = {}): CiFacts {
  const found = circleCi(env) ?? gitHub(env) ?? other(env);
  const isCi = found !== null || inCi(env);
  const label = flags.build ?? found?.build.label ?? (isCi ? null : 'local');
  return {
    isCi,
    build: label === null ? null : { ...(found?.build ?? nobody), label },
    commit: flags.commit ?? found?.commit ?? null,
    branch: flags.branch ?? found?.branch ?? null,
    user: found?.user ?? null,
    projectSlug: found?.projectSlug ?? null,
    runId: found?.runId ?? null,
    workflowFile: found?.workflowFile ?? null,
  };
}

/** @throws UsageError E_BUILD_LABEL no label, or one that cannot be a part of a deploy’s id */
export function requireBuild({ build }: CiFacts): Build {
  if (build !== null && labelPattern.test(build.label)) return build;
  throw badLabel(build?.label ?? null);
}

/**
 * The lane's branch, where the build is of it.
 *
 * @param checkedOut the branch that is checked out, null where none is
 * @throws UsageError E_BRANCH a tag, a pull request, another branch; or nothing says which
 */
export function requireBranch(
  { branch }: Pick<CiFacts, 'branch'>,
  checkedOut: string | null,
  lane: string,
): string {
  const found = branch ?? checkedOut;
  if (found === lane) return lane;
  const what =
    found === null
      ? 'nothing says which branch this build is of'
      : `this build is of ${inWords(found)}`;
  throw new UsageError('E_BRANCH', `${what}; the lane deploys branch ${lane}`, {
    hint:
      found === null
        ? `Say --branch ${lane} if it is that one.`
        : `Run pipeline advance in builds of ${lane} only, or change \`branch\` in pipeline.yml.`,
  });
}

function inWords(branch: string): string {
  if (branch.startsWith(tags)) return `tag ${branch.slice(tags.length)}`;
  return /^(refs\/)?pull\//.test(branch) ? `a pull request (${branch})` : `branch ${branch}`;
}

const tags = 'refs/tags/';

const nobody = { provider: 'other', attempt: 1, job: null, workflow: null, url: null } as const;

/** CircleCI's variables (VENDORS.md 2.4). A re-run has a new build number. */
function circleCi(env: Env): Found | null {
  if (!isTrue(env.CIRCLECI)) return null;
  const { CIRCLE_PROJECT_USERNAME: owner, CIRCLE_PROJECT_REPONAME: name } = env;
  const host = (env.CIRCLE_REPOSITORY_URL ?? '').includes('bitbucket.org') ? 'bb' : 'gh';
  return {
    build: {
      provider: 'circleci',
      label: orNull(env.CIRCLE_BUILD_NUM),
      attempt: 1,
      job: orNull(env.CIRCLE_JOB),
      workflow: orNull(env.CIRCLE_WORKFLOW_ID),
      url: orNull(env.CIRCLE_BUILD_URL),
    },
    commit: orNull(env.CIRCLE_SHA1),
    branch: tagOf(env.CIRCLE_TAG) ?? orNull(env.CIRCLE_BRANCH),
    user: orNull(env.CIRCLE_USERNAME),
    projectSlug: owner && name ? `${host}/${owner}/${name}` : null,
    runId: orNull(env.CIRCLE_BUILD_NUM),
    workflowFile: null,
  };
}

/** GitHub's variables (VENDORS.md 3.5). A re-run keeps the number and counts its attempts. */
function gitHub(env: Env): Found | null {
  if (!isTrue(env.GITHUB_ACTIONS)) return null;
  // What a pull request brings is not merged, whatever its branch or its target is called.
  const isPullRequest = (env.GITHUB_EVENT_NAME ?? '').startsWith('pull_request');
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  return {
    build: {
      provider: 'github',
      label: orNull(env.GITHUB_RUN_NUMBER),
      attempt: Math.max(1, Number(env.GITHUB_RUN_ATTEMPT) || 1),
      job: orNull(env.GITHUB_JOB),
      workflow: orNull(env.GITHUB_WORKFLOW),
      url: server && repository && run ? `${server}/${repository}/actions/runs/${run}` : null,
    },
    commit: orNull(env.GITHUB_SHA),
    // The name alone may be a tag's.
    branch: isPullRequest
      ? `pull/${env.GITHUB_HEAD_REF ?? ''}`
      : (orNull(env.GITHUB_REF?.replace(/^refs\/heads\//, '')) ?? orNull(env.GITHUB_REF_NAME)),
    user: orNull(env.GITHUB_TRIGGERING_ACTOR) ?? orNull(env.GITHUB_ACTOR),
    projectSlug: null,
    runId: orNull(run),
    workflowFile: /\/([^/@]+)@/.exec(env.GITHUB_WORKFLOW_REF ?? '')?.[1] ?? null,
  };
}

/** Any other CI that `env-ci` knows. */
function other(env: Env): Found | null {
  const facts = envCi({ env, cwd: process.cwd() });
  if (!facts.isCi || facts.service === undefined) return null;
  return {
    build: {
      ...nobody,
      label: orNull(facts.build),
      job: orNull(facts.job),
      url: orNull(facts.buildUrl),
    },
    commit: orNull(facts.commit),
    // Of a pull request, `branch` is the one that it is meant for; of a tag, it may be the tag.
    branch:
      facts.isPr === true ? `pull/${facts.pr ?? ''}` : (tagOf(facts.tag) ?? orNull(facts.branch)),
    user: null,
    projectSlug: null,
    runId: null,
    workflowFile: null,
  };
}

function badLabel(label: string | null): UsageError {
  const what =
    label === null
      ? 'this CI does not say which build this is'
      : `a build cannot be called ${JSON.stringify(cutOff(label, 80))}`;
  return new UsageError('E_BUILD_LABEL', what, {
    hint: 'Say --build with letters, digits, dots, dashes and underscores, 60 at most: --build 502',
  });
}

const orNull = (value: string | undefined): string | null =>
  value === undefined || value === '' ? null : value;

const tagOf = (tag: string | undefined): string | null =>
  tag === undefined || tag === '' ? null : tags + tag;

function isTrue(value: string | undefined): boolean {
  return value === 'true' || value === '1';
}
