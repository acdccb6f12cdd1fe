/** `pipeline explain COMMIT | DEPLOY | #PR`: why it shipped, or did not. */
import type { Repository } from '../../effects/git/repository.ts';
import { UsageError } from '../../errors/error.ts';
import { redactAll } from '../../redaction/gate.ts';
import { indexedDeploys } from '../../runtime/audit/deploy-index.ts';
import { type DeployRow, readDeploy } from '../../runtime/audit/deploys.ts';
import { explain as explainIn } from '../../runtime/audit/explain.ts';
import { type CommitOrder, type ExplainFacts, factsOf } from '../../runtime/audit/explain-facts.ts';
import type { Explanation } from '../../runtime/audit/explanation.ts';
import type { EventLog } from '../../store/log.ts';
import { type Environment, readEnvironment } from '../config/environment.ts';
import { type Explained, explainView } from '../render/explain-view.ts';
import { printLines } from '../render/paragraph.ts';
import type { Terminal } from '../render/terminal.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { findNamed, repositoryHere } from '../workspace/find-commit.ts';
import { findLanes, mustHaveLane } from '../workspace/find-lane.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { mergeCommitOf } from '../workspace/pull-request.ts';

export async function explain(
  name: string,
  flags: GlobalFlags & { lane?: string },
  terminal: Terminal,
): Promise<number> {
  const environment = readEnvironment(process.env);
  const repository = await repositoryHere();
  const log = await openDeployLog(await findStore(flags, environment), { readOnly: true });
  try {
    const told = await explained(name, {
      log,
      repository,
      environment,
      lane: flags.lane,
      tell: terminal.err,
    });
    if (flags.json === true) terminal.json({ version: 1, ...told });
    else printLines(explainView(told, terminal), terminal);
    return 0;
  } finally {
    await log.close();
  }
}

/** @throws UsageError nothing of that name is known, or it may be several */
export async function explained(
  name: string,
  {
    log,
    repository,
    environment,
    lane: onlyLane,
    tell,
  }: {
    readonly log: EventLog;
    readonly repository: Repository | null;
    readonly environment: Environment;
    readonly lane: string | undefined;
    readonly tell: (line: string) => void;
  },
): Promise<Explained & { readonly deploy: string | null }> {
  const number = /^#(\d{1,9})$/.exec(name)?.[1];
  const asked =
    number === undefined
      ? name
      : await mergeCommitOf(Number(number), await urlOf(repository, log), environment);
  const named = await findNamed(asked, { log, repository, tell });
  const commit = named.kind === 'deploy' ? named.row.commit : named.sha;
  const deploy = named.kind === 'deploy' ? named.row.deploy : null;
  const lanes =
    named.kind === 'deploy'
      ? await laneOf(named.row, log, onlyLane)
      : await lanesFor(log, commit, onlyLane);
  const git = orderOf(repository);
  const facts = factsOf(log);
  const found: Explanation[] = [];
  for (const lane of lanes) found.push(await explainIn({ commit, lane, deploy }, facts, git));
  return redactAll({
    commit: { sha: commit, title: await titleOf(commit, log, repository) },
    deploy,
    lanes: worthTelling(found),
  });
}

/** As git says, or else the newest deploy's settings. */
async function urlOf(repository: Repository | null, log: EventLog): Promise<string | null> {
  const url = (await repository?.remoteUrl()) ?? null;
  if (url !== null && /^(https?:|ssh:|[^/]+@)/.test(url)) return url;
  const [newest] = await log.streams({ prefix: 'deploy/', limit: 1 });
  const facts: ExplainFacts = factsOf(log);
  const events =
    newest === undefined ? [] : await facts.events(newest.stream.slice('deploy/'.length));
  const first = events[0]?.event;
  return first?.type === 'deploy.requested' ? first.data.settings.repository : null;
}

/** @throws UsageError E_NO_LANE; E_NO_DEPLOY the deploy is of another lane than the one that is named */
async function laneOf(
  { deploy, lane }: DeployRow,
  log: EventLog,
  named: string | undefined,
): Promise<string[]> {
  if (named === undefined || named === lane) return [lane];
  await mustHaveLane(log, named);
  throw new UsageError('E_NO_DEPLOY', `${deploy} is a deploy of lane ${lane}, not of ${named}`, {
    hint: `Leave --lane out, or name a deploy of ${named}: pipeline status --lane ${named} lists them.`,
  });
}

/** The lane that is named; those that have a deploy of the commit; else all. @throws UsageError E_NO_LANE */
async function lanesFor(
  log: EventLog,
  commit: string,
  named: string | undefined,
): Promise<string[]> {
  const all = await findLanes(log, named);
  if (named !== undefined) return all;
  const own = await indexedDeploys(log, { commit, limit: 1_000 });
  const lanes = [...new Set(own.map(({ lane }) => lane))];
  return lanes.length === 0 ? all : lanes;
}

/** Of several lanes, those that had nothing to do with it are left out. */
function worthTelling(found: readonly Explanation[]): readonly Explanation[] {
  const told = found.filter(({ verdict }) => verdict !== 'notAsked');
  return told.length === 0 ? found : told;
}

async function titleOf(
  commit: string,
  log: EventLog,
  repository: Repository | null,
): Promise<string | null> {
  const [entry] = await indexedDeploys(log, { commit, limit: 1 });
  const [row] = entry === undefined ? [] : await readDeploy(log, entry.deploy);
  if (row !== undefined) return row.title;
  return (await repository?.commit(commit).catch(() => null))?.title ?? null;
}

const noClone = {
  why: 'this is no clone of the repository',
  remedy: 'In a clone of the repository, ask again.',
};

function orderOf(repository: Repository | null): CommitOrder {
  if (repository !== null) {
    return {
      madeAt: async (commit) => (await repository.committedAt([commit])).get(commit) ?? null,
      containing: (commit, among) => repository.containing(commit, among),
      echoes: (commit, head) => repository.echoes(commit, head),
      samePatch: (commit, head) => repository.samePatch(commit, head),
    };
  }
  return {
    madeAt: async () => null,
    async containing(commit, among) {
      const having = new Set(among.filter((one) => one === commit));
      return { having, lacks: noClone };
    },
    echoes: async () => [],
    samePatch: async () => null,
  };
}
