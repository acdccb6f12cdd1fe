/** Order and gates against the oracle's table: each combination of facts, at each of the places where they are asked. */
import { describe, expect, it } from 'vitest';
import type { History } from '../../../src/effects/history/history.ts';
import type { Observed, Running, Submission, Target } from '../../../src/effects/targets/target.ts';
import { LockstepError } from '../../../src/errors/error.ts';
import { environmentsOf } from '../../../src/machine/environments.ts';
import { emptyLane, type Lane, targetName } from '../../../src/machine/lane.ts';
import { protectedOf } from '../../../src/machine/protected-settings.ts';
import { samples } from '../../../src/machine/samples.ts';
import type { GatesInput } from '../../../src/machine/services.ts';
import type { ServiceTable } from '../../../src/runtime/loop/run.ts';
import { createServices } from '../../../src/runtime/loop/service-table.ts';
import { createLoopbackPorts } from '../../effects/loopback-ports.ts';
import { byGates, byOrder, type Facts, type Verdict } from '../../machine/oracle.ts';

const request = samples['deploy.requested'];
const { sha: ours } = request.commit;
const theirs = '0f0a53bc1d5e4c0f8a7b6c5d4e3f2a1b0c9d8e7f';
const { killSwitch } = samples['gates.passed'];
const ports = createLoopbackPorts();

const both = [true, false] as const;
const allFacts: readonly Facts[] = (
  ['none', 'ahead', 'same', 'behind', 'diverged', 'unknown'] as const
).flatMap((relation) =>
  both.flatMap((isOverridden) =>
    both.flatMap((isVerified) =>
      both.flatMap((isRolledBack) =>
        both.flatMap((isSwitchOn) =>
          both.flatMap((isLaneDisabled) =>
            both.flatMap((isRollbackWaiting) =>
              both.map((isRollbackBegun) => ({
                relation,
                isOverridden,
                isVerified,
                isRolledBack,
                isRollbackWaiting,
                isRollbackBegun,
                isSwitchOn,
                isLaneDisabled,
              })),
            ),
          ),
        ),
      ),
    ),
  ),
);

const verdictOf = (table: typeof byOrder, facts: Facts): Verdict | undefined =>
  table.find(({ of }) =>
    Object.entries(of).every(([name, value]) => facts[name as keyof Facts] === value),
  )?.verdict;

const release = (n: number) => ({ id: `release-${n}`, version: `v${n}` });
const artifact = { kind: 'bundle', id: 'bundle-9', digest: null, commit: theirs };

function runningOf({ relation, isRolledBack }: Facts): Running | null {
  if (relation === 'none') return null;
  return {
    release: release(9),
    artifact,
    description: isRolledBack ? 'Rollback to v7' : 'Deploy 0f0a53bc',
    by: 'ana@acme.test',
    at: '2026-01-05T09:00:00Z',
    isRollback: isRolledBack,
    named: theirs,
  };
}

function laneOf(facts: Facts): Lane {
  const { isVerified, isLaneDisabled, isRollbackWaiting, isRollbackBegun } = facts;
  const shipped: Lane['shipped'] = {
    deploy: '501-0f0a53bc',
    target: targetName(request.settings.production.target),
    release: release(isVerified ? 9 : 8),
    commit: theirs,
    artifact,
    settings: null,
  };
  const disabled = isLaneDisabled ? samples['deploy.resumed'] : null;
  const rollback = {
    ...{ deploy: 'rollback-1', run: 'r', build: 'rollback', commit: '0'.repeat(40), first: true },
    rollback: { from: release(9), to: release(8), ...samples['deploy.resumed'], at: '2026-01-05' },
    yieldsTo: new Set<string>(),
  };
  const begun = {
    ...{ rollback: 'rollback-2', target: targetName(request.settings.production.target) },
    ...{ from: release(9), to: release(8), commit: null, ...samples['deploy.resumed'] },
  };
  return {
    ...{ ...emptyLane, shipped, disabled, waiting: isRollbackWaiting ? [rollback] : [] },
    rollback: isRollbackBegun ? begun : null,
  };
}

/** The real services; the target and git answer as the facts are, and `writes` counts what went out. */
function world(facts: Facts): { services: ServiceTable; writes: () => number } {
  let writes = 0;
  const observed: Observed = {
    cursor: '9',
    running: runningOf(facts),
    before: null,
    failed: [],
    pending: null,
  };
  const target = {
    settings: settings.production.target,
    isReadable: true,
    observe: async () => observed,
    keyOf: async () => null,
    submit: async ({ clear }: Submission) => {
      const refused = await clear();
      if (refused !== null) return refused;
      writes += 1;
      return { kind: 'submitted', work: { kind: 'build', id: 'b' }, adopted: false };
    },
  } as unknown as Target;
  const history = {
    relation: async (base: string, head: string) => {
      expect([base, head]).toEqual([theirs, ours]);
      return facts.relation;
    },
    notes: async () => samples['deploy.observed'].notes,
    fullId: async (named: string) => named,
  } as unknown as History;
  const services = createServices({
    usualStartMs: async () => null,
    http: ports.http,
    targets: () => target,
    history,
    archive: async () => new Uint8Array(),
    readLane: async () => laneOf(facts),
    hasRun: async (id) => id === 'rollback-1',
    killSwitch: () => ({ killSwitch, on: facts.isSwitchOn }),
    trust: {
      accepted: new Set(),
      isLogKept: true,
      laneOf: async () => null,
      otherLane: async () => null,
    },
  });
  return { services, writes: () => writes };
}

async function toldBy(answer: Promise<object>): Promise<Verdict> {
  const known = (await answer.catch((error: unknown) => {
    if (error instanceof LockstepError && error.code === 'E_ORDER_UNKNOWN') return null;
    throw error;
  })) as {
    kind: string;
    cause?: Verdict;
    switch?: string;
    rollback?: { kind: string; begun?: true };
  } | null;
  if (known === null) return 'unknown';
  if (known.kind === 'superseded') return known.cause as Verdict;
  if (known.kind === 'disabled') {
    return known.switch === 'environment' ? 'switch off' : 'lane disabled';
  }
  if (known.rollback?.begun === true) return 'held by one that was begun';
  if (known.rollback?.kind === 'ordered') return 'held by an order';
  return known.kind === 'found' || known.kind === 'held' ? known.kind : 'ships';
}

const { lane, settings } = request;
const { target } = settings.production;

const gatesInput = ({ isOverridden }: Facts): GatesInput => ({
  lane,
  target,
  commit: ours,
  killSwitch: settings.gates.killSwitch,
  passesOver: 'none',
  overridden: isOverridden,
  settings: protectedOf(request),
  canary: null,
  sources: environmentsOf(settings).map(({ environment }) => environment.target),
});

/** The gates are asked only where order lets the deploy ship. */
function atProduction(facts: Facts): Verdict | undefined {
  const order = verdictOf(byOrder, facts);
  return order === 'ships' ? verdictOf(byGates, facts) : order;
}

const asks: Record<string, (services: ServiceTable, facts: Facts) => Promise<object>> = {
  readGates: (services, facts) => services.readGates(gatesInput(facts), ports),
  submit: (services, facts) =>
    services.submit(
      {
        environment: 'production',
        share: null,
        target,
        commit: ours,
        verified: null,
        cursor: '9',
        key: request.deploy,
        timeoutMs: 1_000,
        gates: gatesInput(facts),
      },
      ports,
    ),
};

describe('each combination of facts', () => {
  it('when the lane is taken: what order says, whatever the gates', async () => {
    for (const facts of allFacts) {
      const answer = world(facts).services.observe(
        {
          lane,
          commit: ours,
          branch: 'master',
          repository: null,
          target,
          overridden: facts.isOverridden,
          givenBy: null,
          artifact: null,
        },
        ports,
      );
      expect([facts, await toldBy(answer)]).toEqual([facts, verdictOf(byOrder, facts)]);
    }
    expect(allFacts).toHaveLength(768);
  });

  it.each(Object.entries(asks))('%s: what order and the gates say', async (name, ask) => {
    let shipped = 0;
    for (const facts of allFacts) {
      const { services, writes } = world(facts);
      const verdict = await toldBy(ask(services, facts));
      expect([facts, verdict]).toEqual([facts, atProduction(facts)]);
      expect([facts, writes()]).toEqual([
        facts,
        verdict === 'ships' && name !== 'readGates' ? 1 : 0,
      ]);
      shipped += verdict === 'ships' ? 1 : 0;
    }
    expect(shipped).toBeGreaterThan(0);
    expect(shipped).toBeLessThan(allFacts.length / 2);
  });
});
