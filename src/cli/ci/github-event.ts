/**
 * What GitHub's event says of the commit that a run is about, where GITHUB_SHA is the tip of the
 * default branch instead: `workflow_run`, `check_suite`, `check_run` and `status` tell of a commit
 * that was tested (docs.github.com, “Events that trigger workflows” and “Webhook events and payloads”).
 */
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { type BuildRef, isSet, refOf } from './refs.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface TestedCommit {
  /** Null where the event does not say. */
  readonly commit: string | null;
  readonly ref: BuildRef;
}

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const repository = z.object({ full_name: z.string() });
const run = z.object({
  head_sha: sha,
  head_branch: z.string().min(1),
  conclusion: z.string().nullable(),
});
const payloads = {
  workflow_run: z.object({
    repository,
    workflow_run: run.extend({ event: z.string(), head_repository: repository }),
  }),
  check_suite: z.object({ check_suite: run }),
  check_run: z.object({ check_run: run.omit({ head_branch: true }).extend({ check_suite: run }) }),
  status: z.object({ sha, state: z.string(), branches: z.array(z.object({ name: z.string() })) }),
  push: z.object({ deleted: z.boolean() }),
} as const;
type EventName = keyof typeof payloads;

/**
 * Started by these, a run names what it was about as its head. By others, as `workflow_run` again or a
 * comment, the head is the default branch's tip, whatever was checked out and tested.
 */
const tellingEvents = ['push', 'workflow_dispatch', 'repository_dispatch', 'schedule'];

/** Null for an event whose GITHUB_SHA is the commit that it is about. */
export function testedCommit(env: Env): TestedCommit | null {
  const name = env.GITHUB_EVENT_NAME ?? '';
  if (!Object.hasOwn(payloads, name)) return null;
  const content = read(env.GITHUB_EVENT_PATH);
  const event = name as EventName;
  if (event === 'push') {
    if (payloads.push.safeParse(content).data?.deleted !== true) return null;
    return { commit: null, ref: { kind: 'unclear', why: 'the push deleted its branch' } };
  }
  return readers[event](content) ?? unreadable(event);
}

const readers: Readonly<
  Record<Exclude<EventName, 'push'>, (content: unknown) => TestedCommit | null>
> = {
  workflow_run(content) {
    const payload = payloads.workflow_run.safeParse(content).data;
    if (payload === undefined) return null;
    const { event, head_repository, ...about } = payload.workflow_run;
    if (head_repository.full_name !== payload.repository.full_name) {
      const shown = `the workflow run was of ${head_repository.full_name}`;
      return { commit: about.head_sha, ref: { kind: 'pull request', shown } };
    }
    const shown = `the workflow run was started by ${event}`;
    if (event.startsWith('pull_request')) {
      return { commit: about.head_sha, ref: { kind: 'pull request', shown } };
    }
    if (event === 'merge_group') {
      return { commit: about.head_sha, ref: { kind: 'merge queue', shown } };
    }
    if (event === 'release') return { commit: about.head_sha, ref: { kind: 'tag', shown } };
    if (!tellingEvents.includes(event)) {
      const why = `${shown}, and such a run does not say which commit it tested`;
      return { commit: about.head_sha, ref: { kind: 'unclear', why } };
    }
    return passed('the workflow run', about);
  },
  check_suite(content) {
    const payload = payloads.check_suite.safeParse(content).data;
    return payload === undefined ? null : passed('the check suite', payload.check_suite);
  },
  check_run(content) {
    const payload = payloads.check_run.safeParse(content).data;
    if (payload === undefined) return null;
    const { check_suite, ...about } = payload.check_run;
    return passed('the check', { ...about, head_branch: check_suite.head_branch });
  },
  status(content) {
    const payload = payloads.status.safeParse(content).data;
    if (payload === undefined) return null;
    const [branch, ...others] = payload.branches;
    const about = { head_sha: payload.sha, conclusion: payload.state };
    if (branch !== undefined && others.length === 0) {
      return passed('the status', { ...about, head_branch: branch.name });
    }
    const why = 'the status is of a commit that is the tip of no branch, or of several';
    return { commit: payload.sha, ref: { kind: 'unclear', why } };
  },
};

function passed(what: string, about: z.infer<typeof run>): TestedCommit {
  const { head_sha: commit, head_branch: branch, conclusion } = about;
  if (conclusion === 'success') return { commit, ref: refOf(branch) };
  const why = `${what} that it follows ended with ${conclusion ?? 'nothing yet'}, not with success`;
  return { commit, ref: { kind: 'untested', why } };
}

function unreadable(event: string): TestedCommit {
  const why = `the payload of ${event} (GITHUB_EVENT_PATH) is not there or says too little`;
  return { commit: null, ref: { kind: 'unclear', why } };
}

/** GitHub's own limit for a payload is 25 MB. */
const payloadBytesMax = 32 * 1024 * 1024;

function read(path: string | undefined): unknown {
  if (!isSet(path)) return null;
  try {
    const { size } = statSync(path);
    return size > payloadBytesMax ? null : JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
