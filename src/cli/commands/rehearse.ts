/** `pipeline advance --dry-run`: what it would do, with what the gates read now. Writes to no log and to no target. */
import { LockstepError } from '../../errors/error.ts';
import { toEvent } from '../../machine/codec.ts';
import { gatesInput } from '../../machine/environment-block.ts';
import { environmentsOf, firstOf } from '../../machine/environments.ts';
import type { DeployRequest } from '../../machine/events.ts';
import { begin } from '../../machine/interpret.ts';
import { emptyLane, type Lane } from '../../machine/lane.ts';
import { tell } from '../../machine/story.ts';
import { redactAll } from '../../redaction/gate.ts';
import { type GatesOptions, readGates } from '../../runtime/gates/gates.ts';
import { laneOfDeploy, otherLaneOf } from '../../runtime/gates/trust.ts';
import { Lanes } from '../../runtime/lock/lanes.ts';
import { hasRun } from '../../runtime/lock/living-runs.ts';
import { chartHash } from '../../runtime/log/charts.ts';
import { deployOf } from '../../runtime/loop/request.ts';
import type { EventLog } from '../../store/log.ts';
import { readKillSwitch } from '../config/kill-switch.ts';
import { type Rehearsal, rehearsalDocument, rehearsalView } from '../render/rehearsal-view.ts';
import type { Terminal } from '../render/terminal.ts';
import { type AskedDeploy, askedDeploy } from '../workspace/asked-deploy.ts';
import { openAsking } from '../workspace/asking.ts';
import { openDeployLog } from '../workspace/deploy-log.ts';
import { githubOf, historyOf } from '../workspace/history.ts';
import { isLogKept } from '../workspace/workspace.ts';
import { type AdvanceFlags, reasonOf } from './advance.ts';

/** How long the vendors are asked; a release that is under way there is not waited for longer. */
const askMs = 60_000;

export async function rehearse(flags: AdvanceFlags, terminal: Terminal): Promise<number> {
  const said = reasonOf(flags);
  const asked = await askedDeploy(flags);
  const log = await openIfThere(asked.workspace.storeUrl);
  const heard = new Heard(terminal);
  const asking = openAsking(heard.notice);
  const ports = asking.ports(askMs, heard.progress);
  try {
    const rehearsal = await heard.within(() =>
      look(asked, said, flags.override === true, log, ports),
    );
    terminal.clearStatus();
    if (flags.json === true) terminal.json(rehearsalDocument(rehearsal));
    else for (const line of rehearsalView(rehearsal, terminal)) terminal.out(line);
    return 0;
  } finally {
    await asking.close();
    await log?.close();
  }
}

/** Null: there is no log yet. */
async function openIfThere(storeUrl: string): Promise<EventLog | null> {
  try {
    return await openDeployLog(storeUrl, { readOnly: true });
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'E_STORE_MISSING') return null;
    throw error;
  }
}

type Ports = Parameters<typeof readGates>[2];

async function look(
  asked: AskedDeploy,
  said: string | null,
  isOverridden: boolean,
  log: EventLog | null,
  ports: Ports,
): Promise<Rehearsal> {
  const { workspace, commit, build, branch, settings, notices, targets } = asked;
  const lane = workspace.config.app;
  const { sha, title, author } = commit;
  const wanted = redactAll({ lane, branch, commit: { sha, title, author }, build, settings });
  const found = log === null ? null : await deployOf(log, wanted);
  const request: DeployRequest = {
    ...wanted,
    deploy: found?.deploy ?? `${build.label}-${sha.slice(0, 8)}`,
    chart: chartHash,
    override: isOverridden ? { actor: '', observed: '', reason: said ?? '' } : null,
    ...(said === null || isOverridden ? {} : { manual: { actor: '', observed: '', reason: said } }),
  };
  const folded = begin(request, ports.clock.now());
  const input = gatesInput(folded.snapshot.context);
  const lanes = log === null ? null : new Lanes(log);
  const readLane = async (name: string): Promise<Lane> => lanes?.read(name) ?? emptyLane;
  const gates = await readGates(input, { ...gatesOf(asked, log), readLane }, ports);
  if (gates.kind === 'clear') await mustBeGiven(asked, ports);
  const history = historyOf(workspace.config, githubOf(asked.environment), asked.repository);
  const notes =
    gates.kind === 'clear' ? await history.notes(gates.production.commit, sha, ports) : null;
  return {
    request,
    existing: found?.folded ?? null,
    lane: await readLane(lane),
    gates: { answer: gates, text: tell(redactAll(toEvent('readGates', gates))) },
    environments: environmentsOf(settings).map(({ name, environment }) => ({
      name,
      environment,
      isGiven: environment.submits === 'artifact' && name !== firstOf(settings),
      instances: targets(environment.target).hints.verifyKey,
    })),
    notes,
    notices,
  };
}

/** What is said while the vendors are asked: where none has told in time, the last of it is why. */
export class Heard {
  #last: string | null = null;
  #underWay: string | null = null;
  readonly #terminal: Pick<Terminal, 'status'>;

  constructor(terminal: Pick<Terminal, 'status'>) {
    this.#terminal = terminal;
  }

  /** What a request waits for. */
  readonly notice = (line: string): void => {
    this.#last = line;
    this.#terminal.status(line);
  };

  /** What the gates wait for: a release that is under way. A deploy waits longer for it. */
  readonly progress = (line: string): void => {
    this.#underWay = line;
    this.#terminal.status(line);
  };

  /** @throws E_RELEASE_UNDER_WAY, E_VENDOR_UNREACHABLE in place of a time that is over */
  async within<T>(look: () => Promise<T>): Promise<T> {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error;
      throw this.#notTold();
    }
  }

  #notTold(): LockstepError {
    if (this.#underWay !== null) {
      return new LockstepError('E_RELEASE_UNDER_WAY', `still after a minute: ${this.#underWay}`, {
        hint: 'A deploy waits for it. Try again, or look there.',
      });
    }
    const last = this.#last === null ? '' : `: ${this.#last}`;
    return new LockstepError(
      'E_VENDOR_UNREACHABLE',
      `a minute was not enough to learn what production runs${last}`,
      {
        hint: 'A deploy asks for longer. Check the network and a proxy (HTTPS_PROXY), and try again.',
      },
    );
  }
}

function gatesOf(asked: AskedDeploy, log: EventLog | null): Omit<GatesOptions, 'readLane'> {
  const { workspace, environment, repository, targets, ci } = asked;
  return {
    targets,
    history: historyOf(workspace.config, githubOf(environment), repository),
    hasRun: async (id) => log !== null && hasRun(log, id),
    killSwitch: (name) => readKillSwitch(name, process.env, ci.isCi),
    trust: {
      accepted: new Set(environment.trust),
      isLogKept: isLogKept(workspace, ci.isCi),
      laneOf: async (deploy) => (log === null ? null : laneOfDeploy(log, deploy)),
      otherLane: async (lane, target) => (log === null ? null : otherLaneOf(log, lane, target)),
    },
  };
}

/** That what is verified first can be given to production. @throws the target's own error */
async function mustBeGiven({ settings, targets }: AskedDeploy, ports: Ports): Promise<void> {
  const first = settings[firstOf(settings)];
  const { submits, target } = settings.production;
  if (submits === 'artifact' && first !== null) {
    await targets(target).mustBeGivenBy(first.target, ports);
  }
}
