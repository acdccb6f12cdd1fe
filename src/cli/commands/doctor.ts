/** `pipeline doctor`: whether a deploy would find what it needs. It deploys nothing and writes no event. */
import { openRepository, type Repository } from '../../effects/git/repository.ts';
import type { Ports } from '../../effects/ports.ts';
import { UsageError } from '../../errors/error.ts';
import { detectCi } from '../ci/ci.ts';
import { committedAs } from '../config/commit-config.ts';
import { type Environment, readEnvironment } from '../config/environment.ts';
import { checksOf } from '../doctor/checks.ts';
import { checkMs, type Examined, examine, isBroken } from '../doctor/examine.ts';
import type { Checkout } from '../doctor/repository-checks.ts';
import { configuration } from '../doctor/repository-checks.ts';
import { storeChecks } from '../doctor/store-checks.ts';
import { doctorDocument, doctorView } from '../render/doctor-view.ts';
import { printLines } from '../render/paragraph.ts';
import type { Terminal } from '../render/terminal.ts';
import { type RepositoryFacts, readFacts } from '../setup/facts.ts';
import { openAsking } from '../workspace/asking.ts';
import { openDeployLog } from '../workspace/deploy-log.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { openWorkspace, type Workspace } from '../workspace/workspace.ts';

/** How long a server that does not answer is tried. */
const storeMs = 5_000;

/** Exits 1 where something would break a deploy, 0 with warnings only. */
export async function doctor(flags: GlobalFlags, terminal: Terminal): Promise<number> {
  const environment = readEnvironment(process.env);
  const repository = await openRepository(process.cwd());
  terminal.status('looking at all that a deploy needs');
  const asking = openAsking(() => {});
  try {
    const examined = await look(flags, { environment, repository }, asking.ports(checkMs));
    terminal.clearStatus();
    if (flags.json === true) terminal.json(doctorDocument(examined));
    else printLines(doctorView(examined, terminal), terminal);
    return isBroken(examined) ? 1 : 0;
  } finally {
    await asking.close();
  }
}

async function look(
  flags: GlobalFlags,
  { environment, repository }: { environment: Environment; repository: Repository },
  ports: Ports,
): Promise<Examined[]> {
  let workspace: Workspace;
  try {
    workspace = await openWorkspace(flags, environment);
  } catch (error) {
    if (!(error instanceof UsageError) || !error.code.startsWith('E_CONFIG')) throw error;
    return examine([configuration(error)]);
  }
  const { config, storeUrl } = workspace;
  const { env } = process;
  const ci = detectCi(env);
  const facts = await readFacts(repository, env);
  const checkout = await checkoutOf(repository, facts, workspace, environment);
  const folder = process.cwd();
  const options = { readOnly: false, create: false, patienceMs: storeMs };
  const openLog = () => openDeployLog(storeUrl, options);
  const store = storeChecks({ storeUrl, config, environment, isCi: ci.isCi, folder, openLog });
  try {
    const parts = { config, environment, env, ci, facts, checkout, ports };
    return await examine(await checksOf(parts, store.checks));
  } finally {
    await store.close();
  }
}

async function checkoutOf(
  repository: Repository,
  facts: RepositoryFacts,
  { file }: Workspace,
  { githubToken }: Environment,
): Promise<Checkout> {
  const hasGitHubToken = githubToken !== null;
  const none = { submodules: [], lfs: [], exports: [] };
  if (!facts.hasCommits) return { facts, committed: 'missing', oddities: none, hasGitHubToken };
  const sha = await repository.head();
  const [committed, oddities] = await Promise.all([
    committedAs(file, { repository, sha }),
    repository.oddities(sha),
  ]);
  return { facts, committed, oddities, hasGitHubToken };
}
