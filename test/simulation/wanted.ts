/** What a build asks for: its commit, to be deployed by its lane's rules, in the scenario's way. */
import type { Environment, EnvironmentName } from '../../src/machine/events.ts';
import type { NewDeploy } from '../../src/runtime/loop/request.ts';
import { canary, production, staging } from './apps.ts';
import type { LaneWorld } from './lane-world.ts';
import type { Rules } from './rules.ts';
import { leaseMs, type Scenario } from './scenario.ts';

export interface Wanted {
  readonly lane: LaneWorld;
  /** The build's. */
  readonly label: string;
  readonly commit: string;
  readonly rules: Rules;
}

export function wanted({ lane, label, commit, rules }: Wanted, scenario: Scenario): NewDeploy {
  const verify = (service: EnvironmentName) => ({
    instances: { timeoutMs: 600_000, settleMs: rules.settleMs },
    waive: [],
    endpoints: [rules.successes]
      .filter((successes) => successes > 0)
      .map((successes) => ({
        url: `https://${service}.sandbox.test/`,
        status: 200,
        timeoutMs: 120_000,
        successes,
        body: null,
        header: null,
        revision: scenario.withoutRevision === true ? null : { header: 'x-revision' },
      })),
  });
  const environment = (
    name: EnvironmentName,
    app: string,
    submits: 'artifact' | 'commit',
  ): Environment => ({
    ...{ target: lane.targetOf(app), timeoutMs: 1_800_000, submits, verify: verify(name) },
    ...{ shares: null, bakeMs: 0 },
  });
  const later = scenario.production ?? 'artifact';
  const plan = scenario.canary ?? null;
  const isFirst = plan?.place === 'in-staging’s-place';
  const share = () => ({
    ...environment('canary', canary, isFirst ? 'commit' : later),
    bakeMs: plan?.bakeMs ?? 0,
    // Heroku has no way to give an app a share.
    shares: lane.shares?.slice() ?? null,
  });
  return {
    lane: rules.lane,
    branch: 'master',
    commit: { sha: commit, title: `Build ${label}`, author: 'Ana' },
    build: { provider: 'circleci', label, attempt: 1, job: 'deploy', workflow: null, url: null },
    settings: {
      stacking: scenario.stacking,
      lock: { provider: scenario.lock ?? 'store', timeoutMs: 6 * 3_600_000, leaseMs },
      store: null,
      repository: null,
      staging: isFirst ? null : environment('staging', staging, 'commit'),
      canary: plan === null ? null : share(),
      production: environment('production', production, later),
      gates: { rollback: 'hold', killSwitch: rules.killSwitch, stuckExit: 1 },
    },
    override: null,
  };
}
