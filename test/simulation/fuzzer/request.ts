/** What CI asks for in a fuzzed deploy: short deadlines, and a lane of its own. */
import type { Endpoint, Settings, Verify } from '../../../src/machine/events.ts';
import type { NewDeploy } from '../../../src/runtime/loop/request.ts';
import { production, staging } from '../apps.ts';
import { targetOf } from '../lane-world.ts';
import { leaseMs } from '../scenario.ts';
import type { FuzzWorld } from './worlds.ts';

const verifyOf = (service: 'staging' | 'production'): Verify => ({
  instances: { timeoutMs: 30_000, settleMs: 0 },
  waive: [],
  endpoints: [endpointOf(`http://${service}.sandbox.test/`)],
});

const endpointOf = (url: string): Endpoint => ({
  url,
  status: 200,
  timeoutMs: 20_000,
  successes: 1,
  body: null,
  header: null,
  revision: { header: 'x-revision' },
});

const usual: Settings = {
  stacking: 'skip',
  lock: { provider: 'store', timeoutMs: 3_600_000, leaseMs },
  store: null,
  repository: null,
  staging: {
    target: targetOf(staging),
    submits: 'commit',
    shares: null,
    bakeMs: 0,
    timeoutMs: 60_000,
    verify: verifyOf('staging'),
  },
  canary: null,
  production: {
    target: targetOf(production),
    submits: 'artifact',
    shares: null,
    bakeMs: 0,
    timeoutMs: 60_000,
    verify: verifyOf('production'),
  },
  gates: { rollback: 'hold', killSwitch: 'PRODUCTION_CD_ENABLED', stuckExit: 1 },
};

export function requestOf({ settings }: FuzzWorld, sha: string, label: string): NewDeploy {
  return {
    lane: `lane-${label}`,
    branch: 'master',
    commit: { sha, title: 'Ours', author: 'Ana' },
    build: { provider: 'circleci', label, attempt: 1, job: 'deploy', workflow: null, url: null },
    settings: settings?.(usual) ?? usual,
    override: null,
  };
}
