/** Why a commit shipped or did not: a table of every end of a deploy, and of commits that went with others. */
import { describe, expect, it } from 'vitest';
import { chart } from '../../../src/machine/chart.ts';
import type { DomainEvent, EventType } from '../../../src/machine/events.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { deployPaths } from '../../../src/machine/paths.ts';
import { samples } from '../../../src/machine/samples.ts';
import { givenUp, type Made } from '../../../src/machine/taken-back.ts';
import { type Asked, explain } from '../../../src/runtime/audit/explain.ts';
import { type CommitOrder, type Echo, factsOf } from '../../../src/runtime/audit/explain-facts.ts';
import { decisions } from '../../../src/runtime/audit/explain-links.ts';
import type { Explanation } from '../../../src/runtime/audit/explanation.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { deployStream, runResource } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { type OpenOptions, openLog } from '../../../src/store/open.ts';
import { ordered, sample, variants } from '../../machine/samples.ts';
import { CommitGraph } from '../../simulation/commit-graph.ts';
import { deployEvents, run, wayToGates, wayToLive, writeDeploy, writeLane } from './written.ts';

/** A line of commits `c0` … `c6`, one beside it, and one that no graph has. */
function commits() {
  const graph = new CommitGraph();
  const line = [graph.commit(null)];
  for (let i = 1; i <= 6; i++) line.push(graph.commit(line.at(-1) ?? null));
  const at = (i: number) => line[i] as string;
  return { graph, at, beside: graph.commit(at(1)), unknown: 'e'.repeat(40) };
}

const { graph, at, beside, unknown } = commits();
const held = samples['production.held'];
const person = { actor: 'bo@acme.test', observed: 'claimed; bo on ws-3', reason: 'fixed by #9' };

function order(
  echoes: Readonly<Record<string, readonly Echo[]>> = {},
  lacks?: string,
  same: Readonly<Record<string, Echo>> = {},
): CommitOrder {
  return {
    // Of before the log: every live deploy is looked at.
    madeAt: async (commit) => (graph.fullId(commit) === null ? null : new Date(0).toISOString()),
    async containing(commit, among) {
      const isThere = graph.fullId(commit) !== null && lacks === undefined;
      const has = (of: string) => of === commit || (isThere && graph.isAncestor(commit, of));
      const lack = { why: lacks ?? 'no clone', remedy: 'Fetch it, then ask again.' };
      return { having: new Set(among.filter(has)), lacks: isThere ? null : lack };
    },
    echoes: async (commit, head) =>
      (echoes[commit] ?? []).filter(({ sha }) => graph.isAncestor(sha, head)),
    samePatch: async (commit, head) => {
      const found = same[commit];
      return found !== undefined && graph.isAncestor(found.sha, head) ? found : null;
    },
  };
}
const revert = (sha: string): Echo => ({ kind: 'revert', sha, title: 'Revert "Greet"' });
const pick = (sha: string): Echo => ({ kind: 'pick', sha, title: 'Greet' });

type Story = (log: EventLog) => Promise<unknown>;
const live =
  (label: string, commit: string, base: string | null, version: string): Story =>
  (log) =>
    writeDeploy(log, { label, commit }, wayToLive(commit, base, version));
const ended =
  (label: string, commit: string, ...events: DomainEvent[]): Story =>
  (log) =>
    writeDeploy(log, { label, commit }, events);
const onCanary = deployPaths(chart, ['canary, baked'])[0]?.request.settings.canary ?? null;
const toCanary = [
  ...['gates.passed', 'canary.submitted', 'canary.released', 'canary.deployed'],
  ...['canary.instancesUp', 'canary.verified', 'canary.baked'],
].map((type) => sample(type as EventType));
const toGates = (label: string, commit: string, base: string, last: DomainEvent): Story =>
  ended(label, commit, ...wayToGates(commit, base, `v-${label}`), last);
/** What else is written before the deploy's last event. */
const meanwhile =
  (label: string, commit: string, events: readonly DomainEvent[], other: Story): Story =>
  async (log) => {
    const made = deployEvents({ label, commit }, events);
    const stream = deployStream(id(label, commit));
    await log.append([{ stream, expected: 'none', events: made.slice(0, -1) }]);
    await other(log);
    await log.append([{ stream, expected: made.length - 1, events: made.slice(-1) }]);
  };
const id = (label: string, commit: string): string => `${label}-${commit.slice(0, 8)}`;
const newer = (label: string, commit: string): DomainEvent => ({
  type: 'deploy.superseded',
  data: {
    cause: 'newer-build',
    step: 'acquireLock',
    by: { deploy: id(label, commit), build: label, commit },
  },
});
const seenAt = (cause: 'contained' | 'diverged', commit: string): DomainEvent => ({
  type: 'deploy.superseded',
  data: {
    ...{ cause, step: 'observe', production: { version: 'v9', commit }, verified: false },
    ...(cause === 'diverged' ? { stuck: null } : {}),
  } as never,
});
/** Refused for what production runs, and no old build. */
const stuckBy = (label: string, commit: string, runs: string): Story => {
  const { data } = seenAt('diverged', runs) as Extract<DomainEvent, { type: 'deploy.superseded' }>;
  const stuck = { release: { id: 'release-9', version: 'v9' }, first: true };
  return ended(label, commit, sample('lock.acquired'), {
    type: 'deploy.superseded',
    data: { ...data, stuck } as never,
  });
};
const rolledBack = (commit: string): DomainEvent =>
  sample('production.held', { rollback: { ...held.rollback, commit } });
const errors = { ...person, reason: 'errors' };
const back = { rollback: 'rollback-1a2b3c4d', target: 'sample acme-production', ...errors };
const to = { id: 'r38', version: 'v38' };
const begun: Extract<LaneEvent, { type: 'rollback.begun' }> = {
  type: 'rollback.begun',
  data: { ...back, from: { id: 'r40', version: 'v40' }, to, commit: null },
};
const { target: _, ...orderedBack } = { ...ordered, ...back, to };
const unended = { ...orderedBack, begun: true } as const;
const notBack: Extract<LaneEvent, { type: 'rollback.failed' }> = {
  type: 'rollback.failed',
  data: { ...back, to, code: 'E_UNHEALTHY', message: 'web.1 crashed' },
};
const byAna = { actor: 'ana', observed: 'ana on ws-7', reason: 'it is mended' };
/** Begun, and given up with what it is seen to have made; null: nobody looked. */
const abandonedWith = (made: Made | null): readonly Story[] => [
  (log) => writeLane(log, begun),
  (log) => writeLane(log, givenUp(begun.data, byAna, '', made)),
];
const abandoned = abandonedWith(null);
/** Its release runs, and a check of it did not hold. */
const notVerified =
  (commit: string): Story =>
  (log) =>
    writeLane(log, {
      type: 'rollback.failed',
      data: { ...notBack.data, made: { release: held.rollback.release, commit, runs: true } },
    });
/** By a person, with the release that holds deploys then. */
const takenBack =
  (commit: string | null, more: object = {}): Story =>
  (log) =>
    writeLane(log, {
      type: 'rollback.done',
      data: { ...back, to, release: held.rollback.release, commit, ...more },
    });
/** A run of the deploy is alive. */
const runs =
  (label: string, commit: string): Story =>
  (log) =>
    log.take(runResource(id(label, commit)), run.owner, 3_600_000);
const failing = sample('deploy.failed');
const lifted = (release: string): LaneEvent => ({
  type: 'rollback.lifted',
  data: { target: 'sample acme-production', release, ...person },
});
const laneOff = sample('production.disabled', {
  ...{ switch: 'lane', by: person },
  killSwitch: { name: 'PRODUCTION_CD_ENABLED', state: 'true', why: null },
});
const digest = 'd'.repeat(64);
const trusted = (of: string): LaneEvent => ({
  type: 'trust.given',
  data: { deploy: '499-0', about: 'settings', digest: of, ...person },
});
const distrusted = sample('production.disabled', {
  switch: 'settings',
  distrust: { about: 'settings', digest, changes: ['settle is 1 second, not 10 seconds'] },
});

interface Row {
  readonly stories: readonly Story[];
  readonly asked: string | Partial<Asked>;
  readonly told: object;
  /** Parts of the headline, of what is next, and of the chain. */
  readonly says?: readonly RegExp[];
  readonly next?: RegExp | null;
  readonly chain?: readonly RegExp[];
  readonly order?: CommitOrder;
}

const first = live('500', at(0), null, 'v1');

const rows: Readonly<Record<string, Row>> = {
  'its own deploy is live': {
    stories: [first, live('501', at(1), at(0), 'v2')],
    asked: at(1),
    told: { verdict: 'live', deploy: id('501', at(1)), carrier: null },
    says: [/^shipped: live since .* UTC with deploy 501-.* \(v2\)$/],
    next: null,
    chain: [
      /^queued/,
      /took lane lock/,
      /production runs/,
      /staging is healthy/,
      /gates are open/,
      /live/,
    ],
  },
  'CI skipped it, and a later deploy carried it': {
    stories: [first, live('503', at(3), at(0), 'v2')],
    asked: at(2),
    told: { verdict: 'carried', deploy: id('503', at(3)), carrier: at(3), lacks: null },
    says: [/^shipped: carried by [0-9a-f]{8}, live since/],
    next: null,
  },
  'the first of several that have it carried it': {
    stories: [first, live('503', at(3), at(0), 'v2'), live('504', at(4), at(3), 'v3')],
    asked: at(2),
    told: { verdict: 'carried', deploy: id('503', at(3)) },
  },
  'its build was superseded by one that is live': {
    stories: [first, ended('501', at(1), newer('502', at(2))), live('502', at(2), at(0), 'v2')],
    asked: at(1),
    told: { verdict: 'carried', deploy: id('502', at(2)) },
    chain: [/^superseded: build 502/, /^queued: build 502/],
  },
  'its build was superseded by one that is live, and git knows nothing': {
    stories: [first, ended('501', at(1), newer('502', at(2))), live('502', at(2), at(0), 'v2')],
    asked: at(1),
    order: order({}, 'this clone is a shallow one'),
    told: { verdict: 'carried', deploy: id('502', at(2)), lacks: 'this clone is a shallow one' },
  },
  'its build was superseded by one that was superseded by one that is live, and git knows nothing':
    {
      stories: [
        first,
        ended('501', at(1), newer('502', at(2))),
        ended('502', at(2), newer('503', at(3))),
        live('503', at(3), at(0), 'v2'),
      ],
      asked: at(1),
      order: order({}, 'this clone is a shallow one'),
      told: { verdict: 'carried', deploy: id('503', at(3)) },
    },
  'its build was superseded by one that failed': {
    stories: [
      first,
      ended('501', at(1), newer('502', at(2))),
      ended('502', at(2), sample('lock.acquired'), sample('deploy.failed')),
    ],
    asked: at(1),
    told: { verdict: 'failed', deploy: id('502', at(2)), carrier: at(2) },
    says: [/^goes with deploy 502-.*, which is failed while/],
    next: /A newer commit of the branch/,
  },
  'production had it before its deploy looked': {
    stories: [ended('501', at(1), sample('lock.acquired'), seenAt('contained', at(2)))],
    asked: at(1),
    told: { verdict: 'contained', production: { has: true, commit: at(2), version: 'v9' } },
    says: [/^superseded: production already contains this commit \(v9/],
    next: null,
  },
  'it does not follow on what production runs': {
    stories: [ended('501', beside, sample('lock.acquired'), seenAt('diverged', at(2)))],
    asked: beside,
    told: { verdict: 'diverged', production: { has: false } },
    next: /--override --reason/,
  },
  'it was refused by a lane that was stuck': {
    stories: [first, stuckBy('501', beside, at(2))],
    asked: beside,
    told: { verdict: 'diverged', production: { has: false } },
    next: /git merge [0-9a-f]{40}.*--override --reason/s,
  },
  'it was refused by a lane that was stuck, and no clone tells whether production has it': {
    stories: [first, stuckBy('501', beside, at(2))],
    asked: beside,
    order: order({}, 'this clone is a shallow one'),
    told: { verdict: 'diverged', production: { has: null } },
    next: /git merge [0-9a-f]{40}.*--override --reason/s,
  },
  'it was refused by a lane that was stuck, and a person took production back since': {
    stories: [first, stuckBy('501', beside, at(2)), takenBack(at(0))],
    asked: beside,
    told: { verdict: 'diverged', production: { version: 'v41', isTakenBack: true } },
    chain: [/^stuck: /, /^production was taken back to v38 .*; lifted by nobody$/],
    next: /^(?!.*git merge)Production runs v41, [0-9a-f]{8} by now: .*\n.*held by that rollback.*pipeline advance --build LABEL/s,
  },
  'it was refused by a lane that was stuck, and production was taken back and let go on since': {
    stories: [
      first,
      stuckBy('501', beside, at(2)),
      takenBack(at(0)),
      (log) => writeLane(log, lifted(held.rollback.release.id)),
    ],
    asked: beside,
    told: { verdict: 'diverged' },
    next: /^Production runs v41, [0-9a-f]{8} by now: the next build of the branch is compared with that\.$/,
  },
  'it was refused by a lane that was stuck, and production was taken back to what has it': {
    stories: [first, stuckBy('501', at(1), beside), takenBack(at(2))],
    asked: at(1),
    told: { verdict: 'diverged', production: { has: true } },
    next: null,
  },
  'it is held by a rollback that nobody lifted': {
    stories: [first, toGates('501', at(1), at(0), rolledBack(at(0)))],
    asked: at(1),
    told: { verdict: 'held', deploy: id('501', at(1)), production: { has: false, version: 'v41' } },
    says: [
      /^held: production was rolled back \(v41 "Rollback to v38" by ana@acme.test, 2026-01-05 13:04 UTC\); lifted by nobody$/,
    ],
    next: /pipeline resume 501-/,
  },
  'it gave way to a rollback that was withdrawn': {
    stories: [
      first,
      toGates('501', at(1), at(0), sample('production.held', { rollback: ordered })),
    ],
    asked: at(1),
    told: {
      verdict: 'held',
      deploy: id('501', at(1)),
      production: { has: false, version: 'before v-501' },
    },
    says: [
      /^held: production is to be taken back to v500, as ordered by mia \(.*\): errors since 501 \(2026-01-05 13:04 UTC\)$/,
    ],
    next: /pipeline resume 501-/,
  },
  'it gave way to a rollback, which the target refused': {
    stories: [
      first,
      toGates('501', at(1), at(0), sample('production.held', { rollback: ordered })),
      (log) =>
        writeLane(log, {
          type: 'rollback.failed',
          data: {
            ...{ ...back, rollback: ordered.rollback, to },
            ...{ code: 'E_VENDOR_INVALID', message: 'Heroku answered 422', made: null },
          },
        }),
    ],
    asked: at(1),
    told: { verdict: 'held' },
    chain: [/production was to be taken back to .*; that failed: E_VENDOR_INVALID, Heroku/],
    next: /pipeline resume 501-/,
  },
  'it is held by a rollback that was begun and never carried out': {
    stories: [
      first,
      (log) => writeLane(log, begun),
      toGates('501', at(1), at(0), sample('production.held', { rollback: unended })),
    ],
    asked: at(1),
    told: { verdict: 'held' },
    says: [/^held: .* as ordered by bo@acme.test .*; that was begun, and never carried out$/],
    chain: [/nothing says that this ended/, /^held: /],
    next: /pipeline rollback v38 .*\n.*pipeline rollback --give-up .*\n.*pipeline resume 501-/,
  },
  'it gave way to a rollback, which took production back and was lifted': {
    stories: [
      first,
      toGates('501', at(1), at(0), sample('production.held', { rollback: ordered })),
      (log) =>
        writeLane(log, {
          type: 'rollback.done',
          data: {
            ...{ ...back, rollback: ordered.rollback, to },
            ...{ release: held.rollback.release, commit: at(0) },
          },
        }),
      (log) => writeLane(log, lifted(held.rollback.release.id)),
    ],
    asked: at(1),
    told: { verdict: 'held', production: { has: false, version: 'v41', isTakenBack: true } },
    says: [/^held: production is to be taken back to v500, .*; lifted by bo@acme.test/],
    chain: [/production was taken back to v38 .*errors/],
  },
  'it is held by a rollback that was lifted for another deploy': {
    stories: [
      first,
      toGates('501', at(1), at(0), rolledBack(at(0))),
      (log) =>
        writeLane(log, {
          type: 'rollback.lifted',
          data: { target: 'sample acme-production', release: held.rollback.release.id, ...person },
        }),
    ],
    asked: at(1),
    told: { verdict: 'held' },
    says: [/; lifted by bo@acme.test \(claimed; bo on ws-3\), .* UTC: fixed by #9$/],
  },
  'it is held by a rollback, and another one was lifted': {
    stories: [
      first,
      toGates('501', at(1), at(0), rolledBack(at(0))),
      (log) =>
        writeLane(log, {
          type: 'rollback.lifted',
          data: { target: 'sample acme-production', release: 'another', ...person },
        }),
    ],
    asked: at(1),
    told: { verdict: 'held' },
    says: [/; lifted by nobody$/],
  },
  // A newer commit that waits would carry it, too.
  'an older build of it is held, and a newer one came to nothing': {
    stories: [
      first,
      toGates('501', at(1), at(0), rolledBack(at(0))),
      toGates('502', at(1), at(0), sample('deploy.failed')),
      ended('503', at(2)),
    ],
    asked: at(1),
    told: { verdict: 'held', deploy: id('501', at(1)), carrier: null },
  },
  'it was held, and let go on': {
    stories: [
      first,
      ended(
        '501',
        at(1),
        ...wayToGates(at(1), at(0), 'v2'),
        rolledBack(at(0)),
        sample('deploy.resumed'),
        ...wayToLive(at(1), at(0), 'v3'),
      ),
    ],
    asked: at(1),
    told: { verdict: 'live' },
    chain: [
      /held: production was rolled back/,
      /resumed by ana@acme.test .*: fixed by #812/,
      /live/,
    ],
  },
  'the kill switch is off': {
    stories: [first, toGates('501', at(1), at(0), sample('production.disabled'))],
    asked: at(1),
    told: { verdict: 'disabled' },
    says: [/PRODUCTION_CD_ENABLED is not set/],
    next: /Set PRODUCTION_CD_ENABLED to true/,
  },
  'the lane is off': {
    stories: [first, toGates('501', at(1), at(0), laneOff)],
    asked: at(1),
    told: { verdict: 'disabled' },
    says: [/turned off by bo@acme.test .*; lifted by nobody$/],
    next: /pipeline enable/,
  },
  'the lane was off, and was turned on twice since': {
    stories: [
      first,
      toGates('501', at(1), at(0), laneOff),
      (log) => writeLane(log, { type: 'lane.enabled', data: person }),
      (log) => writeLane(log, { type: 'lane.disabled', data: byAna }),
      (log) => writeLane(log, { type: 'lane.enabled', data: byAna }),
    ],
    asked: at(1),
    told: { verdict: 'disabled' },
    says: [/; lifted by bo@acme.test .*: fixed by #9$/],
  },
  'nobody accepted its settings': {
    stories: [first, toGates('501', at(1), at(0), distrusted)],
    asked: at(1),
    told: { verdict: 'disabled' },
    says: [/settle is 1 second, not 10 seconds; lifted by nobody$/],
    next: new RegExp(
      `^Production was not touched. To accept this.*pipeline resume 501-.*PIPELINE_TRUST=${digest}[^\\n]*$`,
    ),
  },
  'a check of it failed': {
    stories: [first, toGates('501', at(1), at(0), sample('deploy.failed'))],
    asked: at(1),
    told: { verdict: 'failed', production: { has: false, commit: at(0) } },
    says: [/^failed while .*E_ENDPOINT/],
    next: /^See what it answers: curl -i .*\nThis deploy is over\. A newer commit/,
  },
  'it failed, and went with the next one': {
    stories: [
      first,
      toGates('501', at(1), at(0), sample('deploy.failed')),
      live('502', at(2), at(0), 'v2'),
    ],
    asked: at(1),
    told: { verdict: 'carried', deploy: id('502', at(2)) },
    chain: [/^failed while/, /^queued: build 502/],
  },
  'it failed, and waits with the next one': {
    stories: [first, toGates('501', at(1), at(0), sample('deploy.failed')), ended('502', at(2))],
    asked: at(1),
    told: { verdict: 'underWay', deploy: id('502', at(2)), carrier: at(2) },
    says: [/^goes with deploy 502-/],
  },
  'the deploy that is asked about failed, and its commit shipped with another': {
    stories: [
      first,
      toGates('501', at(1), at(0), sample('deploy.failed')),
      live('502', at(1), at(0), 'v2'),
    ],
    asked: { commit: at(1), deploy: id('501', at(1)) },
    told: { verdict: 'live', deploy: id('502', at(1)) },
    chain: [/^failed while/],
  },
  'it waits for the lane': {
    stories: [first, ended('501', at(1))],
    asked: at(1),
    told: { verdict: 'underWay', deploy: id('501', at(1)) },
    next: /No run carries it on/,
  },
  'it waits for the lane, and its run is alive': {
    stories: [first, ended('501', at(1)), runs('501', at(1))],
    asked: at(1),
    told: { verdict: 'underWay' },
    next: null,
  },
  'it waits for the lane, which another deploy has': {
    stories: [
      first,
      ended('502', at(2), sample('lock.acquired')),
      ended('501', at(1)),
      runs('502', at(2)),
      runs('501', at(1)),
    ],
    asked: at(1),
    told: { verdict: 'underWay', deploy: id('501', at(1)) },
    says: [/^queued: .*; it waits behind 502-[0-9a-f]{8}, which has the lane$/],
    next: null,
  },
  'it gave up waiting': {
    stories: [first, ended('501', at(1), sample('lock.waitTimedOut'))],
    asked: at(1),
    told: { verdict: 'waitTimedOut' },
    next: /pipeline resume 501-/,
  },
  'its run was interrupted': {
    stories: [first, ended('501', at(1), sample('lock.acquired'), sample('run.interrupted'))],
    asked: at(1),
    told: { verdict: 'underWay' },
    says: [/interrupted by SIGTERM/],
    next: /run its CI job or command again/,
  },
  'no deploy was of it, and one that has it is held': {
    stories: [first, toGates('503', at(3), at(0), rolledBack(at(0)))],
    asked: at(2),
    told: { verdict: 'held', deploy: id('503', at(3)), carrier: at(3) },
    says: [
      /^goes with deploy 503-.*, which is held: production was rolled back .*; lifted by nobody$/,
    ],
    next: /pipeline resume 503-/,
  },
  'no deploy has it': {
    stories: [first, live('501', at(1), at(0), 'v2')],
    asked: at(5),
    told: { verdict: 'notAsked', deploy: null, production: { has: false } },
    says: [/^no deploy of lane acme-web was of this commit, nor of one that has it$/],
    next: /CI runs pipeline advance/,
  },
  'no deploy has it, and somebody gave it to production by hand': {
    stories: [first, ended('501', at(1), ...wayToGates(at(1), at(5), 'v-501').slice(0, 3))],
    asked: at(5),
    told: { verdict: 'notAsked', deploy: null, production: { has: true } },
    says: [/nor of one that has it; production was seen with it all the same$/],
    next: null,
  },
  'no deploy was of it, and the clone is cut short': {
    stories: [first],
    asked: at(5),
    order: order({}, 'this clone is a shallow one'),
    told: { verdict: 'unknown', lacks: 'this clone is a shallow one', production: { has: null } },
    says: [/this clone is a shallow one/],
    next: /^Fetch it, then ask again\.$/,
  },
  'the clone is cut short, and release notes name it, those that were made last': {
    stories: [
      (log) => {
        const way = wayToLive(at(3), at(0), 'v2');
        const { notes } = samples['deploy.observed'];
        const [note] = notes.commits;
        const named = { ...(note as never as object), sha: at(2) } as never;
        way[1] = sample('deploy.observed', {
          notes: { ...notes, base: at(0), head: at(3), commits: [named] },
        });
        const before = [...wayToGates(at(3), at(0), 'v2'), sample('production.held')];
        const events = [...before, sample('deploy.resumed'), ...way];
        return writeDeploy(log, { label: '503', commit: at(3) }, events);
      },
    ],
    asked: at(2),
    order: order({}, 'this clone is a shallow one'),
    told: { verdict: 'carried', deploy: id('503', at(3)) },
  },
  'neither git nor the log knows it': {
    stories: [first],
    asked: unknown,
    told: { verdict: 'unknown', lacks: 'no clone' },
  },
  'it shipped, and production was rolled back since': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      toGates('502', at(2), at(1), rolledBack(at(0))),
    ],
    asked: at(1),
    told: { verdict: 'live', deploy: id('501', at(1)), production: { has: false, version: 'v41' } },
    says: [/production was seen without it since$/],
    chain: [/live/, /held: production was rolled back .*; lifted by nobody/],
    next: /^Once the cause is mended: pipeline resume 502-/,
  },
  'it shipped, and a person took production back since': {
    stories: [first, live('501', at(1), at(0), 'v2'), takenBack(at(0))],
    asked: at(1),
    told: {
      verdict: 'live',
      production: { has: false, version: 'v41', deploy: 'rollback-1a2b3c4d', isTakenBack: true },
    },
    says: [/production was seen without it since$/],
    chain: [
      /^live/,
      /^production was taken back to v38 \([0-9a-f]{8}\) as v41, by bo@acme.test \(.*\): errors; lifted by nobody$/,
    ],
    next: /held by that rollback.*pipeline advance --build LABEL --reason/,
  },
  'it shipped, a person took production back since, and no clone tells to what': {
    stories: [first, live('501', at(1), at(0), 'v2'), takenBack(at(0))],
    asked: { commit: at(1), deploy: id('501', at(1)) },
    order: order({}, 'this is no clone of the repository'),
    told: { verdict: 'live', production: { has: null, isTakenBack: true } },
    says: [/\(v2\)$/],
    chain: [/^live/, /^production was taken back to v38 .* as v41, by bo@acme.test/],
    next: null,
  },
  'it shipped, a person took production back, and lifted that': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      takenBack(at(0)),
      (log) => writeLane(log, lifted(held.rollback.release.id)),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false } },
    chain: [/^production was taken back .*; lifted by bo@acme.test .*: fixed by #9$/],
    next: /^A newer commit of the branch brings it back/,
  },
  'it shipped, a person took production back to what nothing tells, and a deploy that has it shipped since':
    {
      stories: [
        first,
        live('501', at(1), at(0), 'v2'),
        takenBack(null),
        live('502', at(2), at(1), 'v3'),
      ],
      asked: at(1),
      told: { verdict: 'live', production: { has: true } },
      says: [/^shipped: live since .* with deploy 501-[0-9a-f]{8} \(v2\)$/],
      next: null,
    },
  'it shipped, and a person has not ended taking production back': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      (log) => writeLane(log, begun),
      toGates('502', at(2), at(1), rolledBack(at(0))),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false } },
    chain: [
      /^production is being taken back from v40 to v38, by bo@.*: errors; nothing says that this ended$/,
      /^held: /,
    ],
    next: /^To go on with the rollback to v38, which was begun and not ended: pipeline rollback v38 --reason "…"\nTo give it up: pipeline rollback --give-up --reason "…"\nOnce the cause is mended: pipeline resume 502-/,
  },
  'it shipped, and a rollback that was begun since was given up': {
    stories: [first, live('501', at(1), at(0), 'v2'), ...abandoned],
    asked: at(1),
    told: { verdict: 'live', production: { has: true } },
    chain: [
      /^live/,
      /^production was to be taken back to v38, by bo@.*: errors; given up by ana \(ana on ws-7\): it is mended; what came of it before is not on record$/,
    ],
    next: null,
  },
  'it shipped, and a rollback that was begun since was given up with a release that did not come to run':
    {
      stories: [
        first,
        live('501', at(1), at(0), 'v2'),
        ...abandonedWith({ release: held.rollback.release, commit: at(0), runs: false }),
      ],
      asked: at(1),
      told: { verdict: 'live', production: { has: true } },
      chain: [/^live/],
      next: null,
    },
  'it shipped, a person took production back, and gave up a rollback whose release did not come to run':
    {
      stories: [
        first,
        live('501', at(1), at(0), 'v2'),
        takenBack(at(0)),
        ...abandonedWith({ release: { id: 'r43', version: 'v43' }, commit: at(0), runs: false }),
      ],
      asked: at(1),
      told: { verdict: 'live', production: { has: false } },
      chain: [
        /^live/,
        /^production was taken back to v38 .*, by bo@.*: errors/,
        /^production was to be taken back to v38, by bo@.*: errors; given up by ana \(ana on ws-7\): it is mended; its release v43 did not come to run$/,
      ],
      next: /./,
    },
  'it shipped, and a rollback was given up after its release ran': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      ...abandonedWith({ release: { id: 'r43', version: 'v43' }, commit: at(0), runs: true }),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false } },
    chain: [
      /^live/,
      /^production was taken back to v38 \([0-9a-f]{8}\) as v43, not verified, by bo@.*: errors; given up by ana \(ana on ws-7\): it is mended; lifted by nobody$/,
    ],
    next: /./,
  },
  'it shipped, and a deploy looked after a rollback was given up': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      ...abandoned,
      toGates('502', at(2), at(1), sample('deploy.failed')),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: true } },
    chain: [/^live/],
    next: null,
  },
  'it shipped, and a rollback that is under way has not told what it made': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      (log) => writeLane(log, begun),
      (log) => log.take(runResource(back.rollback), run.owner, 3_600_000),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: true } },
    chain: [/^live/, /^production is being taken back from v40 to v38/],
    next: /^The rollback to v38 is under way: wait for its end\.$/,
  },
  'it shipped, and a rollback before it never ended': {
    stories: [first, (log) => writeLane(log, begun), live('501', at(1), at(0), 'v2')],
    asked: at(1),
    told: { verdict: 'live', production: { has: true } },
    next: null,
  },
  'its deploy failed, and a person has not ended taking production back': {
    stories: [
      first,
      toGates('501', at(1), at(0), sample('deploy.failed')),
      (log) => writeLane(log, begun),
    ],
    asked: at(1),
    told: { verdict: 'failed' },
    chain: [/^production is being taken back from v40 to v38/],
    next: /^To go on with the rollback to v38, .*\nTo give it up: .*\nSee what it answers: .*\nThis deploy is over\./,
  },
  'its deploy failed, and a rollback that never ended was before the last that shipped': {
    stories: [
      first,
      (log) => writeLane(log, begun),
      live('501', at(1), at(0), 'v2'),
      toGates('502', at(2), at(1), sample('deploy.failed')),
    ],
    asked: at(2),
    told: { verdict: 'failed' },
    next: /^(?!.*rollback to v38)See what it answers/s,
  },
  'it shipped, a person could not take production back, and then did': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      (log) => writeLane(log, begun),
      (log) => writeLane(log, notBack),
      takenBack(at(0)),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false } },
    chain: [/that failed: E_UNHEALTHY, web.1 crashed$/, /^production was taken back to v38/],
  },
  'it shipped, and a person took production back, whose checks did not hold': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      (log) => writeLane(log, begun),
      notVerified(at(0)),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false, version: 'v41', isTakenBack: true } },
    chain: [
      /^production was taken back to v38 \([0-9a-f]{8}\) as v41, not verified, by bo@acme.test \(.*\): errors; E_UNHEALTHY, web.1 crashed; lifted by nobody$/,
    ],
    next: /held by that rollback.*pipeline advance --build LABEL --reason/,
  },
  'it is held by what a person took production back by, whose checks did not hold': {
    stories: [
      first,
      notVerified(at(0)),
      (log) => writeLane(log, notBack),
      toGates('501', at(1), at(0), rolledBack(at(0))),
    ],
    asked: at(1),
    told: { verdict: 'held', production: { isTakenBack: false, version: 'v41' } },
    chain: [/^production was taken back to v38 .* as v41, not verified/, /^held: /],
  },
  'it is held by what a person took production back by': {
    stories: [first, takenBack(at(0)), toGates('501', at(1), at(0), rolledBack(at(0)))],
    asked: at(1),
    told: { verdict: 'held', production: { isTakenBack: false, version: 'v41' } },
    chain: [/^production was taken back to v38 .* as v41, by bo@.*: errors$/, /^held: /],
  },
  'it failed, and a person had taken production back since it looked': {
    stories: [
      first,
      meanwhile(
        '501',
        at(1),
        [...wayToGates(at(1), at(0), 'v2'), sample('deploy.failed')],
        takenBack(at(0)),
      ),
    ],
    asked: at(1),
    told: {
      verdict: 'failed',
      production: { version: 'v41', deploy: 'rollback-1a2b3c4d', isTakenBack: true },
    },
  },
  'it is live, and production was taken back to it': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      live('502', at(2), at(1), 'v3'),
      takenBack(at(1)),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: true, isTakenBack: true } },
    next: null,
  },
  'it shipped, a person took production back from it, and a later deploy brought it again': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      takenBack(at(0)),
      (log) => writeLane(log, lifted(held.rollback.release.id)),
      live('502', at(2), at(0), 'v42'),
    ],
    asked: at(1),
    told: { verdict: 'live', deploy: id('501', at(1)), production: { has: true } },
    says: [/; production was taken back since, and has it again with deploy 502-[0-9a-f]{8}$/],
    chain: [/^live/, /^production was taken back to v38 .*; lifted by bo@acme.test/, /^live/],
    next: null,
  },
  'it shipped, a person took production back from it, and another deploy of it brought it again': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      takenBack(at(0)),
      (log) => writeLane(log, lifted(held.rollback.release.id)),
      live('502', at(1), at(0), 'v42'),
    ],
    asked: at(1),
    told: { verdict: 'live', deploy: id('501', at(1)), production: { has: true } },
    says: [/; production was taken back since, and has it again with deploy 502-[0-9a-f]{8}$/],
  },
  'it shipped after production was taken back, and so did a deploy that had been held by that': {
    stories: [
      first,
      meanwhile(
        '502',
        at(2),
        [
          ...wayToGates(at(2), at(0), 'v2'),
          rolledBack(at(0)),
          sample('deploy.resumed'),
          ...wayToLive(at(2), at(1), 'v3'),
        ],
        live('501', at(1), at(0), 'v4'),
      ),
    ],
    asked: at(1),
    told: { verdict: 'live', deploy: id('501', at(1)), production: { has: true } },
    says: [/^shipped: live since .* with deploy 501-[0-9a-f]{8} \(v4\)$/],
    next: null,
  },
  'it shipped, and was taken back and brought again twice': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      takenBack(at(0)),
      (log) => writeLane(log, lifted(held.rollback.release.id)),
      live('502', at(2), at(0), 'v42'),
      (log) =>
        writeLane(log, {
          type: 'rollback.done',
          data: {
            ...{ ...back, rollback: 'rollback-2', to },
            ...{ release: { id: 'r50', version: 'v50' }, commit: at(0) },
          },
        }),
      (log) => writeLane(log, lifted('r50')),
      live('503', at(3), at(0), 'v51'),
    ],
    asked: at(1),
    told: { verdict: 'live', deploy: id('501', at(1)), production: { has: true } },
    says: [/; production was taken back since, and has it again with deploy 503-[0-9a-f]{8}$/],
    next: null,
  },
  'it shipped, somebody took production back from it by hand, and a later deploy brought it again':
    {
      stories: [
        first,
        live('501', at(1), at(0), 'v2'),
        toGates('502', at(2), at(1), rolledBack(at(0))),
        (log) => writeLane(log, lifted(held.rollback.release.id)),
        live('503', at(3), at(0), 'v42'),
      ],
      asked: at(1),
      told: { verdict: 'live', deploy: id('501', at(1)), production: { has: true } },
      says: [/; production was taken back since, and has it again with deploy 503-[0-9a-f]{8}$/],
      chain: [/^live/, /^production was rolled back \(v41 .*; lifted by bo@acme.test/, /^live/],
    },
  'it shipped, a person took production back from it, a deploy was held by that, and a later one brought it again':
    {
      stories: [
        first,
        live('501', at(1), at(0), 'v2'),
        takenBack(at(0)),
        toGates('502', at(2), at(1), rolledBack(at(0))),
        (log) => writeLane(log, lifted(held.rollback.release.id)),
        live('503', at(3), at(0), 'v42'),
      ],
      asked: at(1),
      told: { verdict: 'live', deploy: id('501', at(1)), production: { has: true } },
      says: [/; production was taken back since, and has it again with deploy 503-[0-9a-f]{8}$/],
      // Once, by who ordered it.
      chain: [/^live/, /^production was taken back to v38 .* by bo@.*; lifted by bo@/, /^live/],
    },
  'it shipped, production was taken back from it, and to it again': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      takenBack(at(0)),
      (log) =>
        writeLane(log, {
          type: 'rollback.done',
          data: {
            ...{ ...back, rollback: 'rollback-2', to },
            ...{ release: { id: 'r50', version: 'v50' }, commit: at(1) },
          },
        }),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: true, version: 'v50' } },
    says: [/; production was taken back since, and has it again$/],
    chain: [/^live/, /^production was taken back to v38 \([0-9a-f]{8}\) as v41/],
  },
  'it shipped, and production was taken back since to what has it': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      live('502', at(2), at(1), 'v3'),
      live('503', at(3), at(2), 'v4'),
      takenBack(at(2)),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: true } },
    says: [/\(v2\)$/],
    next: null,
  },
  'it shipped, and was reverted by a commit that shipped': {
    stories: [first, live('501', at(1), at(0), 'v2'), live('502', at(2), at(1), 'v3')],
    asked: at(1),
    order: order({ [at(1)]: [pick(at(2)), revert(at(2))] }),
    told: {
      verdict: 'live',
      echo: { kind: 'revert', sha: at(2), title: 'Revert "Greet"', deploy: id('502', at(2)) },
    },
    says: [/; undone since by [0-9a-f]{8}$/],
  },
  'it shipped, and its revert was reverted': {
    stories: [first, live('501', at(1), at(0), 'v2'), live('503', at(3), at(1), 'v3')],
    asked: at(1),
    order: order({
      [at(1)]: [revert(at(2))],
      [at(2)]: [revert(at(3))],
    }),
    told: { verdict: 'live', echo: null },
  },
  'it shipped, and was reverted twice, and each revert was reverted': {
    stories: [first, live('501', at(1), at(0), 'v2'), live('505', at(5), at(1), 'v3')],
    asked: at(1),
    order: order({
      [at(1)]: [revert(at(4)), revert(at(2))],
      [at(2)]: [revert(at(3))],
      [at(4)]: [revert(at(5))],
    }),
    told: { verdict: 'live', echo: null },
  },
  'it shipped, and of its two reverts only the newer one was reverted': {
    stories: [first, live('501', at(1), at(0), 'v2'), live('505', at(5), at(1), 'v3')],
    asked: at(1),
    order: order({ [at(1)]: [revert(at(4)), revert(at(2))], [at(4)]: [revert(at(5))] }),
    told: { verdict: 'live', echo: { ...revert(at(2)), deploy: id('505', at(5)) } },
  },
  'it shipped, and its revert is not in production': {
    stories: [first, live('501', at(1), at(0), 'v2')],
    asked: at(1),
    order: order({ [at(1)]: [revert(at(2))] }),
    told: { verdict: 'live', echo: null },
  },
  'it was cherry-picked, and the pick shipped': {
    stories: [first, live('502', at(2), at(0), 'v2')],
    asked: beside,
    order: order({ [beside]: [revert(at(1)), pick(at(2))] }),
    told: { verdict: 'notAsked', echo: { ...pick(at(2)), deploy: id('502', at(2)) } },
    says: [/; the same change is in production as [0-9a-f]{8}$/],
  },
  'it was cherry-picked, and another commit has the same patch': {
    stories: [first, live('503', at(3), at(0), 'v2')],
    asked: beside,
    order: order({ [beside]: [pick(at(2))] }, undefined, { [beside]: pick(at(3)) }),
    told: { verdict: 'notAsked', echo: { ...pick(at(2)), deploy: id('503', at(3)) } },
  },
  'its deploy failed, and the same patch is in what production runs': {
    stories: [
      first,
      toGates('501', beside, at(0), failing),
      live('503', at(3), at(0), 'v2'),
      (log) => writeLane(log, begun),
    ],
    asked: beside,
    order: order({}, undefined, { [beside]: pick(at(2)) }),
    told: { verdict: 'failed', echo: { ...pick(at(2)), deploy: id('503', at(3)) } },
    says: [/^failed while .*; the same change is in production as [0-9a-f]{8}$/],
  },
  'it was cherry-picked, and nobody knows which commit production runs': {
    stories: [first, live('502', at(2), at(0), 'v2'), takenBack(null)],
    asked: beside,
    order: order({ [beside]: [pick(at(2))] }),
    told: { verdict: 'notAsked', echo: { sha: at(2) }, production: { has: null, commit: null } },
  },
  'it was cherry-picked, and the pick came to production by no deploy': {
    stories: [first, ended('501', at(1), sample('lock.acquired'), seenAt('diverged', at(4)))],
    asked: beside,
    order: order({ [beside]: [pick(at(3))] }),
    told: { verdict: 'notAsked', echo: { ...pick(at(3)), deploy: null } },
  },
  'it was cherry-picked, and nothing ever looked at production': {
    stories: [ended('501', at(1))],
    asked: beside,
    order: order({ [beside]: [pick(at(1))] }),
    told: { verdict: 'notAsked', echo: null, production: null },
  },
  'two deploys of it are live, and no clone tells which was first': {
    stories: [first, live('501', at(1), at(0), 'v2'), live('502', at(1), at(1), 'v3')],
    asked: at(1),
    order: { ...order({}, 'this is no clone of the repository'), madeAt: async () => null },
    told: { verdict: 'live', deploy: id('501', at(1)), production: { has: true } },
  },
  'two deploys of it are live, and one is asked about': {
    stories: [first, live('501', at(1), at(0), 'v2'), live('502', at(1), at(1), 'v3')],
    asked: { commit: at(1), deploy: id('502', at(1)) },
    told: { verdict: 'live', deploy: id('502', at(1)) },
  },
  'two builds of it failed, and the third is live, as an earlier release was': {
    stories: [
      first,
      toGates('501', at(1), at(0), failing),
      ended('502', at(1), sample('lock.waitTimedOut')),
      ended(
        '503',
        at(1),
        ...wayToGates(at(1), at(0), 'v2'),
        sample('gates.passed', { production: { version: 'before v2', commit: at(0) } }),
        sample('production.found', {
          artifact: { ...samples['production.found'].artifact, commit: at(1) },
        }),
        sample('production.instancesUp'),
        sample('production.verified'),
      ),
    ],
    asked: at(1),
    told: { verdict: 'live', deploy: id('503', at(1)), production: { has: true } },
    says: [/^shipped: live since [-0-9: ]* UTC with deploy 503-[0-9a-f]{8}/],
    chain: [/^failed while/, /^gave up waiting/, /^queued: build 503/],
  },
  'two builds of it failed, and the third waits': {
    stories: [
      first,
      toGates('501', at(1), at(0), failing),
      toGates('502', at(1), at(0), failing),
      ended('503', at(1)),
    ],
    asked: at(1),
    told: { verdict: 'underWay', deploy: id('503', at(1)), carrier: null },
  },
  'CI skipped it, and the only deploy that has it failed': {
    stories: [first, toGates('503', at(3), at(0), failing)],
    asked: at(2),
    told: { verdict: 'failed', deploy: id('503', at(3)), carrier: at(3) },
  },
  'its build was superseded by one that failed, and git knows nothing': {
    stories: [
      first,
      ended('501', at(1), newer('502', at(2))),
      toGates('502', at(2), at(0), failing),
    ],
    asked: at(1),
    order: order({}, 'this clone is a shallow one'),
    told: { verdict: 'failed', deploy: id('502', at(2)), carrier: at(2) },
  },
  'it goes on, and no deploy has the lane': {
    stories: [
      first,
      ended('502', at(2)),
      ended('503', at(3), sample('lock.acquired')),
      ended('501', at(1)),
      runs('502', at(2)),
      runs('501', at(1)),
    ],
    asked: at(1),
    told: { verdict: 'underWay', deploy: id('501', at(1)) },
    says: [/^queued: (?!.*it waits behind)/],
  },
  'it goes on, and has the lane itself': {
    stories: [
      first,
      ended('502', at(2), sample('lock.acquired')),
      ended('501', at(1), sample('lock.acquired')),
      runs('502', at(2)),
      runs('501', at(1)),
    ],
    asked: at(1),
    told: { verdict: 'underWay', deploy: id('501', at(1)) },
    says: [/^(?!.*it waits behind)/],
  },
  'it shipped, and a deploy saw production without it': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      ended('502', at(2), sample('lock.acquired'), seenAt('diverged', at(0))),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false } },
    chain: [/^live/, /^production ran v9, [0-9a-f]{8} when 502-[0-9a-f]{8} looked/],
    next: /^A newer commit of the branch brings it back/,
  },
  'it shipped, and two deploys were held for what took production back': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      meanwhile(
        '502',
        at(2),
        [...wayToGates(at(2), at(0), 'v3'), rolledBack(at(0))],
        toGates('503', at(3), at(0), rolledBack(at(0))),
      ),
      takenBack(at(0)),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false } },
    chain: [/^held: /, /^production was taken back to v38/],
  },
  'it shipped, and what held a deploy is no release of anybody’s': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      toGates('502', at(2), at(0), sample('production.held', { rollback: unended })),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false } },
    chain: [/^held: .*that was begun, and never carried out$/],
  },
  'it shipped after a deploy had been held, which goes on since, and production was taken back': {
    stories: [
      first,
      meanwhile(
        '502',
        at(2),
        [...wayToGates(at(2), at(0), 'v3'), rolledBack(at(0)), sample('deploy.resumed')],
        live('501', at(1), at(0), 'v2'),
      ),
      takenBack(at(0)),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false } },
    chain: [/^live/, /^production was taken back to v38/],
  },
  'it shipped after a rollback, and a deploy saw production without it': {
    stories: [
      first,
      takenBack(at(0)),
      live('501', at(1), at(0), 'v2'),
      ended('502', at(2), sample('lock.acquired'), seenAt('diverged', at(0))),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false } },
    next: /^A newer commit of the branch brings it back/,
  },
  'it shipped, and two people took production back, the one before the other’s': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      takenBack(null, { rollback: 'rollback-9f', release: { id: 'r90', version: 'v90' } }),
      takenBack(at(0), { reason: 'errors\nall over' }),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false } },
    chain: [
      /^production was taken back to v38 as v90, by bo@acme.test \(.*\): errors$/,
      /^production was taken back to v38 \([0-9a-f]{8}\) as v41, .*; lifted by nobody$/,
    ],
  },
  'it shipped, and what a rollback made does not run': {
    stories: [
      first,
      live('501', at(1), at(0), 'v2'),
      (log) => writeLane(log, begun),
      (log) =>
        writeLane(log, {
          type: 'rollback.failed',
          data: {
            ...notBack.data,
            made: { release: held.rollback.release, commit: at(0), runs: false },
          },
        }),
      ended('502', at(2), sample('lock.acquired'), seenAt('diverged', at(0))),
    ],
    asked: at(1),
    told: { verdict: 'live', production: { has: false } },
    chain: [
      /^production was to be taken back to v38, .*; that failed: E_UNHEALTHY, web.1 crashed$/,
    ],
  },
  'the lane was turned off, and on again': {
    stories: [
      first,
      (log) => writeLane(log, { type: 'lane.enabled', data: { ...person, reason: 'before' } }),
      toGates('501', at(1), at(0), laneOff),
      (log) => writeLane(log, lifted(held.rollback.release.id)),
      (log) => writeLane(log, { type: 'lane.enabled', data: person }),
    ],
    asked: at(1),
    told: { verdict: 'disabled' },
    says: [/; lifted by bo@acme.test \(claimed; bo on ws-3\), [-0-9: ]* UTC: fixed by #9$/],
  },
  'its settings were accepted since, and others before': {
    stories: [
      first,
      toGates('501', at(1), at(0), distrusted),
      (log) => writeLane(log, trusted('e'.repeat(64))),
      (log) => writeLane(log, trusted(digest)),
    ],
    asked: at(1),
    told: { verdict: 'disabled' },
    says: [/; lifted by bo@acme.test .*: fixed by #9$/],
  },
  'other settings than its were accepted': {
    stories: [
      first,
      toGates('501', at(1), at(0), distrusted),
      (log) => writeLane(log, trusted('e'.repeat(64))),
    ],
    asked: at(1),
    told: { verdict: 'disabled' },
    says: [/; lifted by nobody$/],
  },
};

/** A log that each story finds a minute later. */
async function written(stories: readonly Story[]): Promise<EventLog> {
  let time = Date.UTC(2026, 0, 5, 13);
  const options: OpenOptions = { projections, now: () => time };
  const log = await openLog('sqlite::memory:', options);
  for (const story of stories) {
    await story(log);
    time += 60_000;
  }
  return log;
}

const inWords = ({ lane: _, verdict, headline, chain, next, ...told }: Explanation): string =>
  [
    `${verdict}: ${headline}`,
    ...chain.map(
      ({ time, deploy, words, isRollback }) =>
        `  ${time.slice(11, 16)} ${isRollback ? 'by ' : ''}${deploy}: ${words}`,
    ),
    ...Object.entries(told).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
    `next: ${next}`,
  ].join('\n');

describe('why a commit shipped or did not, where', () => {
  it.each(Object.entries(rows))('%s', async (_, row) => {
    const log = await written(row.stories);
    const { asked } = row;
    const about = typeof asked === 'string' ? { commit: asked } : asked;
    const all = { commit: at(0), lane: 'acme-web', deploy: null, ...about };
    const told = await explain(all, factsOf(log), row.order ?? order());
    await log.close();
    expect(told).toMatchObject({ lane: 'acme-web', ...row.told });
    expect(inWords(told)).toMatchSnapshot();
    for (const words of row.says ?? []) expect(told.headline).toMatch(words);
    const live = told.chain
      .filter(({ words }) => words.startsWith('live'))
      .map(({ deploy }) => deploy);
    expect(new Set(live).size).toBe(live.length);
    if (row.next === null) expect(told.next).toBeNull();
    else if (row.next !== undefined) expect(told.next).toMatch(row.next);
    let from = 0;
    for (const words of row.chain ?? []) {
      const place = told.chain.findIndex((link, i) => i >= from && words.test(link.words));
      expect(place, `${words} in ${told.chain.map((link) => link.words).join('\n')}`).not.toBe(-1);
      from = place + 1;
    }
  });

  const wayBack = {
    'taken back': sample('canary.restored'),
    'not taken back': sample('deploy.failed', { step: 'restoreCanary' }),
  };
  it.each([
    ['a rollback', rolledBack(at(0)), 'held'],
    ['the kill switch', sample('production.disabled'), 'disabled'],
    ['the lane', laneOff, 'disabled'],
    ['order', seenAt('diverged', at(2)), 'diverged'],
    ['a check', sample('deploy.failed'), 'failed'],
  ] as const)('its canary was taken back, or was not, after %s', async (_, end, verdict) => {
    const explained = async (back: DomainEvent) => {
      const log = await openLog('sqlite::memory:', { projections });
      const wanted = { label: '501', commit: at(1), canary: onCanary };
      await writeDeploy(log, wanted, [...wayToGates(at(1), at(0), 'v2'), ...toCanary, end, back]);
      const about = { commit: at(1), lane: 'acme-web', deploy: null };
      const told = await explain(about, factsOf(log), order());
      await log.close();
      return told;
    };
    const taken = await explained(wayBack['taken back']);
    const left = await explained(wayBack['not taken back']);
    expect([taken.verdict, left.verdict]).toEqual([verdict, verdict]);
    expect(left.next).toBe(taken.next);
    expect(left.headline).toMatch(/the canary was not taken back, and may still run the commit/);
  });

  it('each verdict has a row', () => {
    const verdicts = new Set(
      Object.values(rows).map(({ told }) => (told as { verdict: string }).verdict),
    );
    expect([...verdicts].sort()).toEqual([
      'carried',
      'contained',
      'disabled',
      'diverged',
      'failed',
      'held',
      'live',
      'notAsked',
      'underWay',
      'unknown',
      'waitTimedOut',
    ]);
  });

  it('deploys and rollbacks of another lane have no say, though one reading tells of both', async () => {
    const log = await openLog('sqlite::memory:', { projections });
    await writeDeploy(
      log,
      { label: '9', commit: at(1), lane: 'acme-web-2' },
      wayToLive(at(1), at(0), 'v1'),
    );
    await writeLane(log, begun, 'acme-web-2');
    const facts = factsOf(log);
    const about = { commit: at(1), lane: 'acme-web-2', deploy: null };
    expect(await explain(about, facts, order())).toMatchObject({ verdict: 'live' });
    const told = await explain({ ...about, lane: 'acme-web' }, facts, order());
    expect(told).toMatchObject({ verdict: 'notAsked', production: null });
    expect(await facts.deploy('acme-web', id('9', at(1)))).toBeNull();
    expect(await facts.rollbacks('acme-web')).toEqual([]);
    await log.close();
  });

  it('what is written meanwhile has no say', async () => {
    const log = await openLog('sqlite::memory:', { projections });
    const facts = factsOf(log);
    const ask = () => explain({ commit: at(1), lane: 'acme-web', deploy: null }, facts, order());
    const before = await ask();
    expect(before.verdict).toBe('notAsked');
    await live('501', at(1), at(0), 'v2')(log);
    expect(await ask()).toEqual(before);
    await log.close();
  });

  it('the decisions are told, and not how it went otherwise', () => {
    const all = [...(Object.keys(samples) as EventType[]).map((type) => sample(type)), ...variants];
    const events = all.map((event, i) => ({ event, time: '', position: i }));
    const told = decisions('501-a', events).map(({ words }) => words);
    expect(told.join('\n')).toMatchSnapshot();
  });
});
