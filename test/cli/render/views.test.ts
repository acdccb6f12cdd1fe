/** What `pipeline log` and `replay` show, from events and replays. */
import { describe, expect, it } from 'vitest';
import { becameLine, logView } from '../../../src/cli/render/log-view.ts';
import { replayView } from '../../../src/cli/render/replay-view.ts';
import type { Terminal } from '../../../src/cli/render/terminal.ts';
import type { DomainEvent, EventType } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import type { Replay } from '../../../src/runtime/audit/replay.ts';
import type { JsonObject, RecordedEvent } from '../../../src/store/log.ts';
import { anActor } from '../../actor.ts';

const same = (text: string): string => text;
const plain: Pick<Terminal, 'color'> = {
  color: { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same },
};
const esc = '\u001b';
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

describe('pipeline log', () => {
  it('has a line for each event, with its UTC time and its words, and its details below', () => {
    const lines = logView(
      '502-1a5f89db',
      [record('deploy.requested'), record('deploy.observed')],
      plain,
    );
    const heads = lines.filter((line) => !line.startsWith('    '));
    expect(heads).toHaveLength(2);
    expect(heads[0]).toMatch(/^2026-01-05 13:04:05Z {2}deploy\.requested {2}queued: build 502/);
    expect(lines.length).toBeGreaterThan(heads.length);
  });

  it('has a line for every type of event', () => {
    for (const type of Object.keys(samples) as EventType[]) {
      expect(logView('502-1a5f89db', [record(type)], plain)[0]).toContain(type);
    }
  });

  it('says who let a held deploy go on, and why', () => {
    const { actor, observed, reason } = samples['deploy.resumed'];
    const line = logView('502-1a5f89db', [record('deploy.resumed')], plain)[0];
    expect(line).toContain(`${actor} (${observed}): ${reason}`);
  });

  it('says who asked for it, and who carried it on or ended that, and of nothing else', () => {
    const run = ' (run by ana: ';
    for (const type of Object.keys(samples) as EventType[]) {
      const isAsked = ['deploy.requested', 'run.resumed', 'run.interrupted'].includes(type);
      const [line = ''] = logView('502-1a5f89db', [record(type)], plain);
      expect([type, line.includes(run)]).toEqual([type, isAsked]);
      const [unknown = ''] = logView('502-1a5f89db', [record(type, { metadata: {} })], plain);
      expect(unknown).not.toContain('(run by');
    }
  });

  it('says what became of it, and since when', () => {
    const became = { kind: 'rolledBack', what: 'rolled back since by bo', by: null } as const;
    const at = '2026-01-05T13:00:00.000Z';
    const line = becameLine({ ...became, at }, plain);
    expect(line).toMatch(/^\S+ rolled back since by bo, 2026-01-05 13:00:00Z$/);
    expect(becameLine({ ...became, at: null }, plain)).toMatch(/ rolled back since by bo$/);
  });

  it('shows control characters of what was recorded instead of sending them', () => {
    const { failure, ...rest } = samples['deploy.failed'];
    const data = { ...rest, failure: { ...failure, message: `a${esc}]0;b`, hint: `c${esc}d` } };
    const hostile = record('deploy.failed', { data: data as unknown as RecordedEvent['data'] });
    expect(logView('502-1a5f89db', [hostile], plain).join('\n')).not.toContain(esc);
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
        step: null,
        by: { actor: 'ana', observed: 'by CI user; build 502; ana on ws-7' },
      },
      {
        version: 2,
        time: '2026-01-05T13:00:05.000Z',
        event: event('lock.acquired'),
        from: 'queued.waiting',
        to: 'locked',
        tookMs: 5_000,
        step: 'acquireLock',
        by: { actor: 'bo', observed: 'claimed; bo on ws-3' },
      },
    ],
    disagreement: null,
    state: 'locked',
    settled: false,
    sameChart: true,
    ranOn: ['present'],
  };

  it('shows each event with its time, where it led, how long it took, which service answered what and for whom, then that it agrees', () => {
    const lines = replayView(agreeing, plain);
    expect(lines[1]).toMatch(
      /^1 {2}2026-01-05 13:00:00Z .*queued: build 502 .* \(run by ana: by CI user; build 502; ana on ws-7\)$/,
    );
    expect(lines[2]).toMatch(
      /^2 {2}2026-01-05 13:00:05Z {2}5s +lock\.acquired +locked +acquireLock {2}took lane lock .* \(run by bo: claimed; bo on ws-3\)$/,
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
    const text = replayView({ ...agreeing, sameChart: false, ranOn: ['unknown'] }, plain).join(
      '\n',
    );
    expect(text).toContain('chart has changed');
    expect(text).toContain('agrees:');
  });
});

describe('a deploy with a canary', () => {
  it('is told event by event in the log, its share and its bake included', () => {
    const submitted = { ...samples['canary.submitted'], share: 10 };
    const text = logView(
      '502-1a5f89db',
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
