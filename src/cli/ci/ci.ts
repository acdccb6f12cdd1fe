/** What the CI says of this build; flags win over it. A person at a shell is none. */
import envCi, { type EnvCiFacts } from 'env-ci';
import { UsageError } from '../../errors/error.ts';
import type { Build } from '../../machine/events.ts';
import { cutOff } from '../../redaction/cut.ts';
import { testedCommit } from './github-event.ts';
import { inCi } from './in-ci.ts';
import { agreed, type BuildRef, isSet, refOf, unshippable } from './refs.ts';

export interface CiFlags {
  readonly commit?: string;
  readonly branch?: string;
  readonly build?: string;
}

export interface CiFacts {
  readonly isCi: boolean;
  /** Null in a CI that does not say which build this is. */
  readonly build: Build | null;
  /** Who names which commit, as given: full or short ids; the flag first. */
  readonly commits: readonly { readonly by: string; readonly name: string }[];
  readonly ref: BuildRef;
  /** Who began the build, as the CI says. */
  readonly user: string | null;
  /** On CircleCI: `gh/acme/web`, or `circleci/ORGANIZATION/PROJECT` by their ids. */
  readonly projectSlug: string | null;
  /** How the CI itself numbers this build, whatever its label: CircleCI's job number, GitHub's run id. */
  readonly runId: string | null;
  /** `deploy.yml`, on GitHub: what its API calls the workflow. */
  readonly workflowFile: string | null;
}

type Env = Readonly<Record<string, string | undefined>>;
type Found = Omit<CiFacts, 'isCi' | 'build' | 'commits'> & {
  readonly commit: string | null;
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
    commits: [
      { by: '--commit', name: flags.commit ?? null },
      { by: 'the CI', name: found?.commit ?? null },
    ].filter((one): one is { by: string; name: string } => one.name !== null),
    ref: unshippable(env, isCi) ?? withFlag(found?.ref ?? { kind: 'unnamed' }, flags.branch),
    user: found?.user ?? null,
    projectSlug: found?.projectSlug ?? null,
    runId: found?.runId ?? null,
    workflowFile: found?.workflowFile ?? null,
  };
}

/** `--branch` tells what the CI does not; it does not overrule the CI. */
function withFlag(ref: BuildRef, branch: string | undefined): BuildRef {
  if (branch === undefined) return ref;
  if (ref.kind === 'branch') return agreed({ 'the CI': ref.name, '--branch': branch });
  return ref.kind === 'unnamed' && branch !== '' ? refOf(branch) : ref;
}

/** @throws UsageError E_BUILD_LABEL no label, or one that cannot be a part of a deploy’s id */
export function requireBuild({ build }: CiFacts): Build {
  if (build !== null && labelPattern.test(build.label)) return build;
  throw badLabel(build?.label ?? null);
}

/**
 * The lane's branch, where the build is of it. In a CI the branch that is checked out is not taken
 * for it: jobs of pull requests and tags check out what they like.
 *
 * @param checkedOut the branch that is checked out, null where none is
 * @throws UsageError E_BRANCH a pull request, a merge queue's group, a tag, another branch; or
 *   nothing says which, or not clearly
 */
export function requireBranch(
  { ref, isCi }: Pick<CiFacts, 'ref' | 'isCi'>,
  checkedOut: string | null,
  lane: string,
): string {
  const found = ref.kind === 'unnamed' && !isCi && checkedOut !== null ? refOf(checkedOut) : ref;
  const { [found.kind]: tell } = branchFaults;
  if (found.kind === 'branch' && found.name === lane) return lane;
  throw new UsageError('E_BRANCH', `${tell(found as never)}; the lane deploys branch ${lane}`, {
    hint:
      found.kind === 'unnamed'
        ? `Say --branch ${lane} if it is that one.`
        : `Run pipeline advance in builds of ${lane} only.`,
  });
}

const branchFaults: {
  readonly [K in BuildRef['kind']]: (ref: Extract<BuildRef, { kind: K }>) => string;
} = {
  branch: ({ name }) => `this build is of branch ${name}`,
  tag: ({ shown }) => `this build is of a tag (${shown}), which never ships`,
  'pull request': ({ shown }) => `this build is of a pull request (${shown}), which never ships`,
  'merge queue': ({ shown }) => `this build is of a merge queue (${shown}), which never ships`,
  unclear: ({ why }) => `it is not clear which branch this build is of: ${why}`,
  untested: ({ why }) => `what this build is of did not pass: ${why}`,
  unnamed: () => 'nothing says which branch this build is of',
};

const nobody = { provider: 'other', attempt: 1, job: null, workflow: null, url: null } as const;

/** CircleCI's variables (circleci.com/docs, “Built-in environment variables”). A re-run has a new build number. */
function circleCi(env: Env): Found | null {
  if (!isSet(env.CIRCLECI)) return null;
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
    // Every build has one but a tag's.
    ref: required(agreed({ CIRCLE_BRANCH: env.CIRCLE_BRANCH }), 'CIRCLE_BRANCH'),
    user: orNull(env.CIRCLE_USERNAME),
    projectSlug: circleCiProject(env),
    runId: orNull(env.CIRCLE_BUILD_NUM),
    workflowFile: null,
  };
}

/**
 * The project as CircleCI's API v2 calls it (its reference, parameter `project-slug`): by host and names where the
 * project is of GitHub OAuth or Bitbucket Cloud; else, as of GitHub's app or GitLab, by the ids of organization and
 * project. Only the former have `CIRCLE_REPOSITORY_URL`.
 */
function circleCiProject(env: Env): string | null {
  const { CIRCLE_ORGANIZATION_ID: organization, CIRCLE_PROJECT_ID: project } = env;
  const { CIRCLE_PROJECT_USERNAME: owner, CIRCLE_PROJECT_REPONAME: name } = env;
  const repository = env.CIRCLE_REPOSITORY_URL ?? '';
  const isByName = owner && name && (repository !== '' || !organization || !project);
  if (isByName) return `${repository.includes('bitbucket.org') ? 'bb' : 'gh'}/${owner}/${name}`;
  return organization && project ? `circleci/${organization}/${project}` : null;
}

/** GitHub's variables (docs.github.com, “Default environment variables”). A re-run keeps the number and counts its attempts. */
function gitHub(env: Env): Found | null {
  if (!isSet(env.GITHUB_ACTIONS)) return null;
  const tested = testedCommit(env);
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
    commit: tested === null ? orNull(env.GITHUB_SHA) : tested.commit,
    ref:
      tested?.ref ??
      required(
        // The name alone may be a tag's.
        isSet(env.GITHUB_REF)
          ? agreed({ GITHUB_REF: env.GITHUB_REF, GITHUB_REF_NAME: env.GITHUB_REF_NAME })
          : { kind: 'unnamed' },
        'GITHUB_REF',
      ),
    user: orNull(env.GITHUB_TRIGGERING_ACTOR) ?? orNull(env.GITHUB_ACTOR),
    projectSlug: null,
    runId: orNull(run),
    workflowFile: /\/([^/@]+)@/.exec(env.GITHUB_WORKFLOW_REF ?? '')?.[1] ?? null,
  };
}

/** Any other CI that `env-ci` knows. */
function other(env: Env): Found | null {
  const facts = factsOf(env);
  if (facts === null || !facts.isCi || facts.service === undefined) return null;
  return {
    build: {
      ...nobody,
      label: orNull(facts.build),
      job: orNull(facts.job),
      url: orNull(facts.buildUrl),
    },
    commit: orNull(facts.commit),
    ref: refOfOther(facts, env),
    user: null,
    projectSlug: null,
    runId: null,
    workflowFile: null,
  };
}

function refOfOther({ service, isPr, pr, tag, branch }: EnvCiFacts, env: Env): BuildRef {
  if (isPr === true) return { kind: 'pull request', shown: orNull(pr) ?? `${service} says so` };
  if (isSet(tag)) return { kind: 'tag', shown: tag };
  // Jenkins names the branch of the remote.
  if (service === 'jenkins') return agreed({ 'the CI': branch?.replace(/^origin\//, '') });
  if (service === 'codebuild') {
    return agreed({
      CODEBUILD_WEBHOOK_TRIGGER: env.CODEBUILD_WEBHOOK_TRIGGER?.replace(/^branch\//, ''),
    });
  }
  return agreed({ 'the CI': branch });
}

/**
 * No folder can be called so. `env-ci` asks git for what no variable says; but what is checked out is not taken for what
 * the build is of, and of such a folder git is not even started.
 */
const nowhere = '\0';

/** Null where it cannot read what its CI says. */
function factsOf(env: Env): EnvCiFacts | null {
  try {
    return envCi({ env, cwd: nowhere });
  } catch {
    return null;
  }
}

/** A CI that always names its branch and does not is not believed by a flag alone. */
const required = (ref: BuildRef, name: string): BuildRef =>
  ref.kind === 'unnamed' ? { kind: 'unclear', why: `${name} is not set` } : ref;

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
