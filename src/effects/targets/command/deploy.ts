/** A deploy by the team's program: begun once for a key, found again by it, and followed until there is a release. */
import type { Artifact, Work } from '../../../machine/events.ts';
import type { Refusal, ServiceOutput } from '../../../machine/services.ts';
import { VendorUnreachable } from '../../http/errors.ts';
import { writeOnce } from '../../lost-replies.ts';
import { pollUntil } from '../../polling.ts';
import type { ClearedPorts, Ports, StepPorts } from '../../ports.ts';
import type { Submission } from '../target.ts';
import { type Answer, type Call, wrongAnswer } from './call.ts';
import { CommandError } from './error-codes.ts';
import { releaseFailed, releaseLate } from './errors.ts';
import type { Host } from './host.ts';
import { toldKey } from './keys.ts';
import type { Variable } from './protocol.ts';
import { artifactOf, type ReleaseList } from './releases.ts';

type Submitted = ServiceOutput<'submit'>;
type Released = ServiceOutput<'follow'>;

/** How long `current` may take to tell of what was begun; each is a pause before one more look. */
const listedPausesMs = [0, 1_000, 2_000, 4_000, 8_000, 15_000];
/** What is under way is called lost when no look within so long finds it. */
const lostAfterMs = 30_000;
const pollPauseMaxMs = 5_000;

/** Deploys that this process began, and whose programs still run. */
export type Begun = Map<string, BegunDeploy>;

/**
 * Looks for the key first. What is adopted is what `current` tells; nothing else is believed of what a program said
 * that is not alive any more.
 *
 * @throws CommandError
 */
export async function submit(
  host: Host,
  begun: Begun,
  submission: Submission,
  ports: StepPorts,
): Promise<Submitted | Refusal> {
  const { key, archive, verified, clear } = submission;
  let file: Awaited<ReturnType<Host['file']>> | null = null;
  let seen: ReleaseList | null = null;
  try {
    const written = await writeOnce<Work, Refusal>(ports, {
      what: `the deploy to ${host.name}`,
      look: async () => {
        if (!host.canList) return null;
        seen = await host.list(ports);
        return findWork(seen, key);
      },
      prepare: async () => {
        if (verified === null) file ??= await host.file(await archive(ports.signal));
      },
      clear,
      send: (cleared) =>
        begin(host, begun, submission, { seen, source: file?.path ?? null }, cleared),
    });
    if (written.kind === 'refused') return written.refusal;
    return { kind: 'submitted', work: written.value, adopted: written.adopted };
  } finally {
    await removeLater(file, begun.get(host.name));
  }
}

/** What the key has come to, or is coming to; null: nothing that still counts. One that failed may be begun again. */
function findWork(list: ReleaseList, key: string): Work | null {
  const { releases, work } = list.ofKey(key);
  const [release] = releases.filter(({ state }) => state === 'running' || state === 'pending');
  if (release !== undefined) return { kind: 'release', id: release.id };
  const [first] = work;
  return first === undefined ? null : { kind: 'work', id: first.id };
}

async function begin(
  host: Host,
  begun: Begun,
  submission: Submission,
  { seen, source }: { readonly seen: ReleaseList | null; readonly source: string | null },
  ports: ClearedPorts,
): Promise<Work> {
  const { deploy: words } = host.commands;
  const { key, timeoutMs } = submission;
  // One over which other code was released is over: this is another one.
  const over = seen?.ofKey(key).releases.filter(({ state }) => state === 'earlier') ?? [];
  const told = toldOf(submission, source);
  told.LOCKSTEP_KEY = toldKey(
    key,
    over.flatMap((one) => one.key ?? []),
  );
  const deploy = new BegunDeploy(words);
  const options = { operation: 'deploy' as const, words, told, onAnswer: deploy.hear };
  deploy.call = await host.begin(options, ports);
  begun.set(host.name, deploy);
  try {
    if (seen === null) {
      // Nobody could be asked later what became of work: it is waited for to its end.
      await deploy.call.attend(ports, { timeoutMs });
      return untold(deploy, words);
    }
    await deploy.call.attend(ports, { timeoutMs, until: deploy.worksOn });
    const work = await listed(host, key, seen, ports);
    deploy.mustAgree(work);
    return work;
  } catch (error) {
    // It may still be at it: nothing may come to run there once the deploy has failed.
    await deploy.call.end(error);
    throw error;
  }
}

/** Until `current` tells what was begun: what it does not tell cannot be found again after a kill. */
async function listed(host: Host, key: string, seen: ReleaseList, ports: Ports): Promise<Work> {
  const newest = seen.releases[0]?.number ?? -1;
  for (const pause of listedPausesMs) {
    if (pause > 0) await ports.clock.sleep(pause, ports.signal);
    const list = await host.list(ports);
    const work = findWork(list, key);
    if (work !== null) return work;
    const failed = list.ofKey(key).releases.find(({ number }) => number > newest);
    if (failed !== undefined) return { kind: 'release', id: failed.id };
  }
  throw new CommandError(
    'E_PROGRAM_FORGETS',
    `${host.shown('deploy')} deployed, but ${host.shown('current')} tells no release and no work of the key ${key}`,
    {
      hint: 'What was deployed stays as it is. `current` has to tell LOCKSTEP_KEY with each release: docs/targets.md.',
      details: { key, target: host.name },
    },
  );
}

/** Where nothing lists releases, only the program itself says what came of it; what artifact it was of, nobody remembers. */
function untold(deploy: BegunDeploy, words: readonly string[]): Work {
  if (deploy.release === null) throw wrongAnswer(words, 'it ended well, but told no release');
  return { kind: 'release', id: deploy.release };
}

function toldOf(
  { commit, verified, key, share }: Submission,
  source: string | null,
): Partial<Record<Variable, string>> {
  const told: Partial<Record<Variable, string>> = { LOCKSTEP_KEY: key, LOCKSTEP_COMMIT: commit };
  if (source !== null) told.LOCKSTEP_SOURCE = source;
  if (verified !== null) {
    const { artifact, release } = verified;
    told.LOCKSTEP_ARTIFACT = artifact.id;
    told.LOCKSTEP_ARTIFACT_KIND = artifact.kind;
    if (artifact.digest !== null) told.LOCKSTEP_ARTIFACT_DIGEST = artifact.digest;
    told.LOCKSTEP_VERIFIED_RELEASE = release.id;
  }
  if (share !== null) told.LOCKSTEP_SHARE = String(share);
  return told;
}

/** A deploy whose program runs: what it has said so far. */
class BegunDeploy {
  call: Call<'deploy'> | null = null;
  release: string | null = null;
  artifact: Omit<Artifact, 'commit'> | null = null;
  #work: string | null = null;
  readonly #words: readonly string[];
  readonly #works = Promise.withResolvers<void>();

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  /** Once it has told work that goes on without it. */
  get worksOn(): Promise<void> {
    return this.#works.promise;
  }

  readonly hear = (answer: Answer<'deploy'>): void => {
    if (answer.type === 'work') {
      this.#work = answer.id;
      this.#works.resolve();
    }
    if (answer.type === 'release') this.release = answer.id;
    if (answer.type === 'artifact') {
      const { kind, id, digest } = answer;
      this.artifact = { kind, id, digest };
    }
  };

  /** @throws CommandError E_PROGRAM_ANSWER it told another id than is listed */
  mustAgree(work: Work): void {
    const said = work.kind === 'release' ? this.release : this.#work;
    if (said === null || said === work.id) return;
    throw wrongAnswer(
      this.#words,
      `it tells ${work.kind} ${said}, but ${work.id} is listed of its key`,
    );
  }

  /** @throws CommandError E_PROGRAM_ANSWER it told another artifact than is listed */
  mustBeOf(artifact: Artifact): void {
    if (this.artifact === null) return;
    const [told, listed] = [artifactInWords(this.artifact), artifactInWords(artifact)];
    if (told === listed) return;
    throw wrongAnswer(this.#words, `it tells ${told}, but ${listed} is listed of its release`);
  }
}

/** All by which one is told from another. */
const artifactInWords = ({ kind, id, digest }: Omit<Artifact, 'commit'>): string =>
  `${kind} ${id}${digest === null ? '' : ` (${digest})`}`;

/** The tarball stays as long as the program that may read it. */
async function removeLater(
  file: { remove(): Promise<void> } | null,
  deploy: BegunDeploy | undefined,
): Promise<void> {
  if (file === null) return;
  const ended = deploy?.call?.ended;
  const remove = () => file.remove();
  if (ended === undefined) await remove();
  else void ended.then(remove, remove).catch(() => {});
}

/**
 * Until there is a release of the work. A program of this process that is still at it is waited for first: it tells how it goes.
 *
 * @throws CommandError E_WORK_LOST; what the program's end says; LockstepError E_RELEASE_TIMEOUT, E_RELEASE_FAILED
 */
export async function follow(
  host: Host,
  begun: Begun,
  { work, timeoutMs }: { readonly work: Work; readonly timeoutMs: number },
  ports: Ports,
): Promise<Released> {
  if (!host.canList) {
    return { kind: 'released', release: work.id, artifact: untoldArtifact(work.id) };
  }
  const begunAt = ports.clock.ran();
  const deploy = begun.get(host.name);
  if (deploy?.call) await attendToEnd(deploy.call, timeoutMs, ports);
  const leftMs = Math.max(0, timeoutMs - (ports.clock.ran() - begunAt));
  let seenAt = ports.clock.ran();
  const polling = { timeoutMs: leftMs, pauseMaxMs: pollPauseMaxMs };
  const release = await pollUntil(ports, polling, async () => {
    const list = await host.list(ports);
    const found = list.madeOf(work);
    if (found !== null) return found;
    if (list.isUnderWay(work)) seenAt = ports.clock.ran();
    else if (ports.clock.ran() - seenAt >= lostAfterMs) throw lost(host, work);
    return undefined;
  });
  if (release === undefined) throw releaseLate(host, `${work.kind} ${work.id}`, timeoutMs);
  if (release.state === 'failed') throw releaseFailed(host, release);
  const artifact = artifactOf(release);
  deploy?.mustBeOf(artifact);
  begun.delete(host.name);
  return { kind: 'released', release: release.id, artifact };
}

/** Of a place that lists nothing, the release is all that is known of what it runs. */
const untoldArtifact = (release: string): Artifact => ({
  kind: 'release',
  id: release,
  digest: null,
  commit: null,
});

/** One that may be tried again, or was killed, says nothing of the work that it told. */
async function attendToEnd(call: Call<'deploy'>, timeoutMs: number, ports: Ports): Promise<void> {
  try {
    await call.attend(ports, { timeoutMs });
  } catch (error) {
    if (!(error instanceof VendorUnreachable)) throw error;
    ports.progress(`${error.message}; looking at what runs instead`);
  }
}

function lost(host: Host, work: Work): CommandError {
  return new CommandError(
    'E_WORK_LOST',
    `${host.name}: ${work.kind} ${work.id} is neither under way any more nor a release`,
    {
      hint: `See what became of it: ${host.shown('current')}. Then deploy again.`,
      details: { target: host.name, work: work.id },
    },
  );
}
