/** What `pipeline status`, `log` and `replay` show, from rows, events and replays. */
import { describe, expect, it } from 'vitest';
import { logView } from '../../../src/cli/render/log-view.ts';
import { replayView } from '../../../src/cli/render/replay-view.ts';
import { type StatusRow, statusView } from '../../../src/cli/render/status-view.ts';
import type { Terminal } from '../../../src/cli/render/terminal.ts';
import type { DomainEvent, EventType } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import { nextFor } from '../../../src/machine/state-facts.ts';
import type { Replay } from '../../../src/runtime/audit/replay.ts';
import type { JsonObject, RecordedEvent } from '../../../src/store/log.ts';
import { anActor } from '../../actor.ts';

const same = (text: string): string => text;
const plain: Pick<Terminal, 'color'> = {
  color: { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same },
};
const esc = '\u001b';
const nowMs = Date.parse('2026-01-05T13:10:00.000Z');

const row = (change: Partial<StatusRow> = {}): StatusRow => ({
  next: change.state === undefined ? null : nextFor(change.state, '502-1a5f89db'),
  deploy: '502-1a5f89db',
  lane: 'acme-web',
  commit: '1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd',
  title: 'Greet people by name',
  branch: 'master',
  build: '502',
  state: 'production.live',
  since: '2026-01-05T13:08:00.000Z',
  requestedAt: '2026-01-05T13:00:00.000Z',
  settled: true,
  reason: null,
  version: 9,
  position: 9,
  running: false,
  ...change,
});

function record(type: EventType, change: Partial<RecordedEvent> = {}): RecordedEvent {
  return {
    id: '0190a0b0-0000-7000-8000-000000000001',
    stream: 'deploy/502-1a5f89db',
    version: 1,
    position: 1,
    time: '2026-01-05T13:04:05.678Z',
    type,
    data: samples[type] as unknown as RecordedEvent['data'],
    metadata: { actor: anActor as unknown as JsonObject },
    ...change,
  } as RecordedEvent;
}

describe('pipeline status', () => {
  it('shows a deploy’s id, state, how long ago, commit and title in one line', () => {
    const [, line] = statusView([row()], [], nowMs, plain);
    expect(line).toMatch(
      /^502-1a5f89db {2}production\.live {2}2m.* ago {2}1a5f89db {2}Greet people by name$/,
    );
  });

  it('says so when there are none', () => {
    expect(statusView([], [], nowMs, plain)).toEqual(['No deploys yet.']);
  });

  it.each(['blockedByRollback', 'disabled'])(
    'tells the person how to resume one that is %s',
    (state) => {
      const lines = statusView([row({ state, reason: 'v43 is a rollback' })], [], nowMs, plain);
      expect(lines.at(-1)).toContain('v43 is a rollback');
      expect(lines.at(-1)).toContain('pipeline resume 502-1a5f89db --reason "…"');
    },
  );

  it('tells how one goes on that gave up or has lost its run', () => {
    const gaveUp = row({ state: 'queued.gaveUp', settled: false, reason: 'gave up waiting' });
    const lost = row({ state: 'verifying.starting', settled: false });
    for (const one of [gaveUp, lost]) {
      const lines = statusView([one], [], nowMs, plain);
      expect(lines[1]).toContain(', no run');
      expect(lines.at(-1)).toMatch(
        /run its CI job again, or: pipeline resume 502-1a5f89db --reason/i,
      );
    }
  });

  it('says what to do for a deploy that an earlier chart left in a state that today’s does not have', () => {
    const left = { state: 'awaitingApproval.asked', reason: 'somebody has to approve it' };
    const over = statusView([row({ ...left, settled: true })], [], nowMs, plain);
    expect(over[1]).toContain('awaitingApproval.asked');
    expect(over.at(-1)).toContain('somebody has to approve it.');
    expect(over.at(-1)).toContain('pipeline log 502-1a5f89db');
    expect(over.at(-1)).toContain('pipeline resume 502-1a5f89db --reason "…"');
    const alone = statusView([row({ ...left, settled: false })], [], nowMs, plain);
    expect(alone.at(-1)).toMatch(/run its CI job again, or: pipeline resume 502-1a5f89db/i);
    const carried = row({ ...left, settled: false, running: true });
    expect(statusView([carried], [], nowMs, plain)).toHaveLength(2);
  });

  it('asks nothing of anybody for one that is over or has a run', () => {
    const underWay = row({ state: 'verifying.starting', settled: false, running: true });
    const lines = statusView([row(), underWay], [], nowMs, plain);
    expect(lines).toHaveLength(3);
    expect(lines.join()).not.toContain('no run');
  });

  it('shows control characters of a title instead of sending them', () => {
    const lines = statusView([row({ title: `a${esc}[2Jb` })], [], nowMs, plain).join('\n');
    expect(lines).not.toContain(esc);
    expect(lines).toContain('\\u001b');
  });
});

describe('pipeline status, of what was not delivered', () => {
  const event = {
    ...{ id: 'e1', type: 'production.held', deploy: '502-1a5f89db', position: 9 },
    time: '2026-01-05T13:00:00.000Z',
  };
  const waiting = {
    ...{ event, since: '2026-01-05T13:05:00.000Z', at: '2026-01-05T13:09:00.000Z', tries: 3 },
    ...{ code: 'E_HOOK_LATER', message: 'hook page ended with 75', hint: null },
  };
  const page = { channel: 'hooks/page', title: 'hook page', lane: 'acme-web', leftOutCount: 0 };
  const reason = `answered 410:${esc}[2J gone`;
  const leftOut = [{ event, at: '2026-01-05T13:05:00.000Z', reason }];

  it('says where each channel stands, since when, why, and who delivers it', () => {
    const lines = statusView([row()], [{ ...page, waiting, leftOut: [] }], nowMs, plain);
    expect(lines.slice(2)).toEqual([
      '',
      'not delivered',
      '  hook page: production.held of 502-1a5f89db, and what came after it (for 5m, tried 3 times): hook page ended with 75.',
      '    The lane’s next run delivers it: run its CI job again, or let the next build come.',
    ]);
  });

  it('says what was left out for good, of the deploys that are listed', () => {
    const one = { ...page, waiting: null, leftOut, leftOutCount: 1 };
    const [, , , , line, ...none] = statusView([row()], [one], nowMs, plain);
    expect(line).toContain(
      'hook page: production.held of 502-1a5f89db was left out for good: answered 410',
    );
    expect(line).not.toContain(esc);
    expect(none).toEqual([]);
    const [, , , , both] = statusView(
      [row()],
      [{ ...one, leftOut: [...leftOut, ...leftOut] }],
      nowMs,
      plain,
    );
    expect(both).toContain(
      '2 events of 502-1a5f89db were left out for good, the last one production.held',
    );
    expect(statusView([row({ deploy: '503-7c3d2e1f' })], [one], nowMs, plain)).toHaveLength(2);
  });
});

describe('pipeline log', () => {
  it('has a line for each event, with its UTC time and its words, and its details below', () => {
    const lines = logView([record('deploy.requested'), record('deploy.observed')], plain);
    const heads = lines.filter((line) => !line.startsWith('    '));
    expect(heads).toHaveLength(2);
    expect(heads[0]).toMatch(/^2026-01-05 13:04:05Z {2}deploy\.requested {2}queued: build 502/);
    expect(lines.length).toBeGreaterThan(heads.length);
  });

  it('has a line for every type of event', () => {
    for (const type of Object.keys(samples) as EventType[]) {
      expect(logView([record(type)], plain)[0]).toContain(type);
    }
  });

  it('says who let a held deploy go on, and why', () => {
    const { actor, observed, reason } = samples['deploy.resumed'];
    const line = logView([record('deploy.resumed')], plain)[0];
    expect(line).toContain(`${actor} (${observed}): ${reason}`);
  });

  it('shows control characters of what was recorded instead of sending them', () => {
    const { failure, ...rest } = samples['deploy.failed'];
    const data = { ...rest, failure: { ...failure, message: `a${esc}]0;b`, hint: `c${esc}d` } };
    const hostile = record('deploy.failed', { data: data as unknown as RecordedEvent['data'] });
    expect(logView([hostile], plain).join('\n')).not.toContain(esc);
  });
});

describe('pipeline replay', () => {
  const event = (type: EventType): DomainEvent => ({ type, data: samples[type] }) as DomainEvent;
  const agreeing: Replay = {
    deploy: '502-1a5f89db',
    steps: [
      {
        version: 1,
        time: '2026-01-05T13:00:00.000Z',
        event: event('deploy.requested'),
        from: null,
        to: 'queued.waiting',
        tookMs: 0,
      },
      {
        version: 2,
        time: '2026-01-05T13:00:05.000Z',
        event: event('lock.acquired'),
        from: 'queued.waiting',
        to: 'locked',
        tookMs: 5_000,
      },
    ],
    disagreement: null,
    state: 'locked',
    settled: false,
    sameChart: true,
  };

  it('shows each event with its time, where it led and how long it took, then that it agrees', () => {
    const lines = replayView(agreeing, plain);
    expect(lines[2]).toMatch(
      /^2026-01-05 13:00:05Z {2}lock\.acquired\s+queued\.waiting {2}locked\s+5/,
    );
    expect(lines.at(-1)).toMatch(/agrees: 2 events, .*ends in locked/);
    expect(lines.join('\n')).not.toContain('chart has changed');
  });

  it('says where it differs, what was recorded and what was recomputed', () => {
    const disagreement = {
      version: 3,
      type: 'gates.passed',
      recorded: 'a → b',
      recomputed: 'a → c',
    };
    const text = replayView({ ...agreeing, disagreement }, plain).join('\n');
    expect(text).not.toContain('agrees:');
    expect(text).toMatch(/event 3 \(gates\.passed\)[\s\S]*recorded +a → b[\s\S]*recomputed +a → c/);
  });

  it('notes that the chart has changed since, and still gives the verdict', () => {
    const text = replayView({ ...agreeing, sameChart: false }, plain).join('\n');
    expect(text).toContain('chart has changed');
    expect(text).toContain('agrees:');
  });
});

it('a reason is one sentence in pipeline status, whether it came with a stop or not', () => {
  for (const reason of ['v43 is a rollback', 'v43 is a rollback.', 'why?', 'wait…']) {
    for (const state of ['blockedByRollback', 'disabled', 'queued.gaveUp', 'failed']) {
      const text = statusView([row({ state, reason })], [], nowMs, plain).join('\n');
      expect(text).toContain(reason);
      expect(text).not.toMatch(/[.,:;!?…]\.(\s|$)/);
    }
  }
});

describe('a deploy with a canary', () => {
  it.each([
    'production.restoring',
    'deployingStaging.canary.following',
    'verifying.canary.baking',
    'production.canary.baking',
    'production.verifying.baking',
    'verifying.baking',
  ])(
    'in %s asks nothing of anybody while a run carries it on, and is told to go on without',
    (state) => {
      const one = row({ state, settled: false, running: true });
      expect(statusView([one], [], nowMs, plain)).toHaveLength(2);
      const lines = statusView([{ ...one, running: false }], [], nowMs, plain);
      expect(lines[1]).toContain(`${state}, no run`);
      expect(lines.at(-1)).toContain(
        'no run carries it on. Run its CI job again, or: pipeline resume 502-1a5f89db --reason "…"',
      );
    },
  );

  it('is told event by event in the log, its share and its bake included', () => {
    const submitted = { ...samples['canary.submitted'], share: 10 };
    const text = logView(
      [
        record('canary.submitted', { data: submitted as unknown as RecordedEvent['data'] }),
        record('canary.baked'),
        record('canary.restored'),
      ],
      plain,
    ).join('\n');
    expect(text).toMatch(/canary build \w+ requested, for 10% of the traffic/);
    expect(text).toMatch(/canary is healthy: v7 baked for .* \(checked \d+ times?\b/);
    expect(text).toContain('the canary was taken back: it runs v8, what it ran before');
  });
});
