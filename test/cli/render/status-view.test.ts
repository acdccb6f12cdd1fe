/** What `pipeline status` shows of how lanes stand: at a terminal of any width, to a program, as JSON. */
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type StatusDocument, statusDocument } from '../../../src/cli/render/status-document.ts';
import { statusTabs } from '../../../src/cli/render/status-tabs.ts';
import { type StatusPaper, statusView } from '../../../src/cli/render/status-view.ts';
import { createTerminal } from '../../../src/cli/render/terminal.ts';
import { undeliveredView } from '../../../src/cli/render/undelivered-view.ts';
import { widthOf } from '../../../src/format/columns.ts';
import { Gate, within } from '../../../src/redaction/gate.ts';
import type { UndeliveredTo } from '../../../src/runtime/notify/read-undelivered.ts';
import type { LaneStanding } from '../../../src/runtime/standing/standing.ts';
import {
  commitOf,
  idOf,
  offline,
  rolledBackTo,
  runs,
  StandingWorld,
} from '../../runtime/standing/standing-world.ts';

const same = (text: string): string => text;
const esc = '\u001b';
const color = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };
const paper = (columns: number): StatusPaper => ({ columns, color });

/** A rollback holds 502, 503 has the lane, 504 waits for it, and production's target tells of the rollback. */
let standing: LaneStanding;
/** The same, with nobody asked. */
let logged: LaneStanding;
let world: StandingWorld;
beforeAll(async () => {
  // However long a machine takes for it, all of it was 90 seconds ago.
  vi.useFakeTimers({ toFake: ['Date'] });
  world = await StandingWorld.open();
  const back = { ...rolledBackTo(500), before: 'v501' };
  await world.live(501);
  await world.held(502, back);
  await world.alive(503, 'staging.deployed');
  await world.waits(504);
  standing = await world.stands(runs(back.release, { back, commit: commitOf(500) }));
  logged = await world.stands({ kind: 'notAsked', why: 'HEROKU_API_KEY is not set' });
});
afterAll(async () => {
  vi.useRealTimers();
  await world.close();
});

const document = (
  standings: readonly LaneStanding[],
  undelivered: readonly UndeliveredTo[] = [],
): StatusDocument =>
  statusDocument({ standings, moreLanes: 0, undelivered, limit: 20, nowMs: Date.now() + 90_000 });

describe('at a terminal', () => {
  it('shows first what is, then what can be done, then what became of the deploys', () => {
    const text = statusView(document([standing]), paper(120)).join('\n');
    const order = [
      'acme-web',
      'production',
      'staging',
      'held',
      'lane held',
      'waiting',
      'to do',
      'deploy  ',
    ];
    const places = order.map((word) => text.indexOf(`\n${word}`) + text.indexOf(`\n  ${word}`));
    expect(places.slice(1).every((place) => place > 0)).toBe(true);
    expect(text).toContain(`v9500  50000000`);
    expect(text).toContain('mia@acme.test');
    expect(text).toContain('[the log knew v41]');
    expect(text).toMatch(/lane held +by 503-50300000 for 1m30s: starting staging’s instances/);
    expect(text).toContain(`${idOf(504)} for 1m30s`);
    expect(text).toContain('rolled back since by mia@acme.test');
  });

  it.each([40, 60, 72, 80, 120, 200])(
    'keeps to %i columns, but for what is to be typed',
    (columns) => {
      for (const one of [standing, logged]) {
        const lines = statusView(document([one, { ...one, lane: 'other' }]), paper(columns));
        const wide = lines.filter(
          (line) => widthOf(line) > columns && !line.startsWith('    pipeline'),
        );
        expect(wide).toEqual([]);
      }
    },
  );

  it('takes 40 columns where there are fewer, and 200 where there are more', () => {
    const found = document([standing]);
    expect(statusView(found, paper(10))).toEqual(statusView(found, paper(40)));
    expect(statusView(found, paper(1_000))).toEqual(statusView(found, paper(200)));
  });

  it('says how old the log’s knowledge is, and why nobody was asked', () => {
    const text = statusView(document([logged]), paper(200)).join('\n');
    expect(text).toMatch(/\[as the log knew 1m30s ago; HEROKU_API_KEY is not set\]/);
  });

  it('says so when there is nothing', async () => {
    expect(statusView(document([]), paper(80))).toEqual(['No deploys yet.']);
    const empty = await StandingWorld.open();
    const lines = statusView(document([await empty.stands(offline)]), paper(80));
    await empty.close();
    expect(lines.at(-1)).toBe('No deploys yet.');
  });

  it('shows control characters of a title instead of sending them', () => {
    const hostile = standing.deploys.map((one) => ({
      ...one,
      row: { ...one.row, title: `a${esc}[2Jb\nc` },
    }));
    for (const show of [statusTabs, (found: StatusDocument) => statusView(found, paper(200))]) {
      const lines = show(document([{ ...standing, deploys: hostile }]));
      expect(lines.join('\n')).not.toContain(esc);
      expect(lines.every((line) => !line.includes('\n'))).toBe(true);
    }
  });

  it('never says anything by colour alone', () => {
    const painted = {
      ...{ bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 },
    };
    const colors = Object.fromEntries(
      Object.entries(painted).map(([name, code]) => [
        name,
        (text: string) => `${esc}[${code}m${text}${esc}[0m`,
      ]),
    ) as unknown as StatusPaper['color'];
    for (const columns of [40, 100]) {
      const bare = statusView(document([standing]), { columns, color: colors }).map((line) =>
        stripVTControlCharacters(line),
      );
      expect(bare).toEqual(statusView(document([standing]), paper(columns)));
    }
  });
});

describe('a place', () => {
  const [production] = ['production'] as const;
  const tell = (change: Partial<LaneStanding['places'][number]>) => {
    const places = standing.places
      .filter(({ environment }) => environment === production)
      .map((place) => ({ ...place, ...change }));
    const found = document([{ ...standing, places }]);
    const shown = statusView(found, paper(200)).find((line) => line.startsWith('  production'));
    return { shown, tabs: statusTabs(found)[0]?.split('\t') ?? [] };
  };
  const unknown = { version: null, commit: null, deploy: null, verified: false } as const;

  it.each<[string, Parameters<typeof tell>[0], RegExp, string]>([
    ['of which nothing is known', { ...unknown, source: 'log' }, /not known/, 'unverified'],
    ['that runs nothing', { ...unknown, source: 'target' }, /runs nothing yet/, 'unverified'],
    ['that nobody verified', { verified: false }, /\bnot verified\b/, 'unverified'],
    ['that was verified', { verified: true }, /, verified\)/, 'verified'],
    [
      'that is verified, with a release under way',
      { verified: true, pending: { version: 'v44', ageMs: 12_000 } },
      /verified, v44 has been under way for 12s\)/,
      'verified',
    ],
    [
      'that runs another deploy than the log knew',
      { deploy: idOf(500), logKnew: { version: 'v41', deploy: idOf(501) } },
      new RegExp(`\\[the log knew v41 of ${idOf(501)}\\]`),
      'verified',
    ],
  ])('%s is told as such', (_, change, words, verified) => {
    const { shown, tabs } = tell({ verified: true, ...change });
    expect(shown).toMatch(words);
    expect(tabs[8]).toBe(verified);
  });

  it('that runs what the log knew is told without that', () => {
    const deploy = idOf(501);
    const { shown } = tell({ deploy, logKnew: { version: 'v41', deploy } });
    expect(shown).not.toContain('the log knew');
  });
});

describe('a holder', () => {
  it.each([true, false])('has a run, or is shown to have none (%s)', (running) => {
    const { holder } = standing;
    if (holder === null) throw new Error('503 holds the lane');
    const found = document([{ ...standing, holder: { ...holder, running } }]);
    const text = statusView(found, paper(200)).join('\n');
    expect(text.includes('its run is gone; the next one takes the lane over')).toBe(!running);
    const line = statusTabs(found).find((one) => one.startsWith('holder'));
    expect(line?.split('\t')[4]).toBe(running ? 'running' : 'gone');
  });
});

describe('the deploys', () => {
  const stuckAt = (deploy: string): UndeliveredTo => ({
    ...{ channel: 'hooks/page', title: 'hook page', lane: 'acme-web', leftOutCount: 0 },
    waiting: {
      event: {
        ...{ id: 'e1', type: 'production.held', deploy, position: 9 },
        time: '2026-01-05T13:00:00.000Z',
      },
      ...{ since: '2026-01-05T13:05:00.000Z', at: '2026-01-05T13:09:00.000Z', tries: 3 },
      ...{ code: 'E_HOOK_LATER', message: 'hook page ended with 75', hint: null },
    },
    leftOut: [],
  });
  const ids = (limit: number, undelivered: readonly UndeliveredTo[] = []) => {
    const same = { standings: [standing], moreLanes: 0, undelivered, nowMs: Date.now() };
    return statusDocument({ ...same, limit }).deploys.map(({ deploy }) => deploy);
  };
  const all = [504, 503, 502, 501].map(idOf);

  it('are the newest ones, so many as are asked for, and the one at which a channel stands', () => {
    for (const limit of [1, 2, 3, 4, 20]) expect(ids(limit)).toEqual(all.slice(0, limit));
    expect(ids(2, [stuckAt(idOf(501))])).toEqual([idOf(504), idOf(503), idOf(501)]);
  });

  it('of several lanes are in the order in which they were asked for, whosever they are', () => {
    const at = (minute: number) => `2026-01-05T13:0${minute}:00.000Z`;
    const [one] = standing.deploys;
    if (one === undefined) throw new Error('there is a deploy');
    const asked = (lane: string, ...minutes: number[]): LaneStanding => ({
      ...{ ...standing, lane },
      deploys: minutes.map((minute) => ({
        ...one,
        row: { ...one.row, lane, deploy: `${lane}-${minute}`, requestedAt: at(minute) },
      })),
    });
    const { deploys } = document([asked('web', 4, 1), asked('api', 3, 2)]);
    expect(deploys.map(({ deploy }) => deploy)).toEqual(['web-4', 'api-3', 'api-2', 'web-1']);
  });

  it('have each its own next command, and what was not told of it', () => {
    const left = (deploy: string) => ({
      ...{ at: '2026-01-05T13:05:00.000Z', reason: 'answered 410' },
      event: { ...(stuckAt(deploy).waiting?.event as NonNullable<unknown>) },
    });
    const leftOut = [left(idOf(503))] as unknown as UndeliveredTo['leftOut'];
    const { deploys } = document(
      [{ ...standing, toDo: [{ deploy: idOf(502), why: 'held', commands: ['first', 'second'] }] }],
      [{ ...stuckAt(idOf(502)), leftOut }],
    );
    const shown = deploys.map(({ deploy, next, undelivered }) => [
      ...[deploy, next],
      undelivered.map((one) => (one as { kind: string }).kind).join(),
    ]);
    expect(shown).toEqual([
      [idOf(504), null, ''],
      [idOf(503), null, 'leftOut'],
      [idOf(502), 'first', 'waiting'],
      [idOf(501), null, ''],
    ]);
  });

  it('and each command of what can be done is there, at a terminal as for a program', () => {
    const toDo = [{ deploy: null, why: 'held', commands: ['first', 'second'] }];
    const found = document([{ ...standing, toDo }]);
    const tabs = statusTabs(found).filter((line) => line.startsWith('todo'));
    expect(tabs.map((line) => line.split('\t')[3])).toEqual(['first', 'second']);
    const view = statusView(found, paper(200));
    expect(view.filter((line) => /^ {4}(first|second)$/.test(line))).toHaveLength(2);
  });

  it('of more lanes than are shown are told to be there', () => {
    const same = { standings: [standing], undelivered: [], limit: 20, nowMs: Date.now() };
    const text = (moreLanes: number) =>
      statusView(statusDocument({ ...same, moreLanes }), paper(80)).join('\n');
    expect(text(0)).not.toContain('--lane NAME');
    expect(text(2)).toMatch(/\n2 more lanes: pipeline status --lane NAME$/);
    const tabs = (moreLanes: number) => statusTabs(statusDocument({ ...same, moreLanes })).at(-1);
    expect(tabs(0)).toMatch(/^deploy\t/);
    expect(tabs(2)).toBe('more\t-\t2');
  });
});

describe('to a program', () => {
  it('has a fact a line, tabs between its fields, and nothing cut', () => {
    const lines = statusTabs(document([standing]));
    const kinds = [...new Set(lines.map((line) => line.split('\t')[0]))];
    expect(kinds).toEqual(['place', 'hold', 'holder', 'waiting', 'todo', 'deploy']);
    expect(lines.every((line) => line.split('\t')[1] === 'acme-web')).toBe(true);
    expect(lines.join('\n')).toContain(`\t${commitOf(502)}\t`);
    const [place] = lines;
    expect(place?.split('\t').slice(2, 5)).toEqual(['production', 'v9500', commitOf(500)]);
    expect(place).toContain('2026-01-05T13:00:00.000Z');
  });
});

describe('what was not delivered', () => {
  const event = {
    ...{ id: 'e1', type: 'production.held', deploy: idOf(502), position: 9 },
    time: '2026-01-05T13:00:00.000Z',
  };
  const waiting = {
    ...{ event, since: '2026-01-05T13:05:00.000Z', at: '2026-01-05T13:09:00.000Z', tries: 3 },
    ...{ code: 'E_HOOK_LATER', message: 'hook page ended with 75', hint: null },
  };
  const page = { channel: 'hooks/page', title: 'hook page', lane: 'acme-web', leftOutCount: 0 };
  const leftOut = [
    { event, at: '2026-01-05T13:05:00.000Z', reason: `answered 410:${esc}[2J gone` },
  ];

  it('says where each channel stands, since when, why, and who delivers it', () => {
    const found = document([standing], [{ ...page, waiting, leftOut: [] }]);
    const text = statusView(found, paper(200)).join('\n');
    expect(text).toContain(
      `hook page: production.held of ${idOf(502)}, and what came after it (for `,
    );
    expect(text).toContain('tried 3 times): hook page ended with 75.');
    expect(text).toContain('The lane’s next run delivers it');
    const held = found.deploys.find(({ deploy }) => deploy === idOf(502));
    expect(held?.undelivered).toMatchObject([{ kind: 'waiting', channel: 'hooks/page' }]);
  });

  it('says what was left out for good, of the deploys that are listed', () => {
    const one = { ...page, waiting: null, leftOut, leftOutCount: 1 };
    const show = (more: Partial<typeof one> = {}) =>
      statusTabs(document([standing], [{ ...one, ...more }])).join('\n');
    expect(show()).toContain('was left out for good: answered 410');
    expect(show()).not.toContain(esc);
    expect(show({ leftOut: [...leftOut, ...leftOut] })).toContain(
      `2 events of ${idOf(502)} were left out for good, the last one production.held`,
    );
    const other = [{ ...leftOut[0], event: { ...event, deploy: '9-9' } }] as typeof leftOut;
    expect(show({ leftOut: other })).not.toContain('left out');
  });

  it('shows what was left out of a deploy however old it is, and of an order for a week', () => {
    const day = 24 * 60 * 60_000;
    const left = (deploy: string | null, type: string, days: number) => ({
      ...{ event: { ...event, deploy, type }, reason: 'gone' },
      at: new Date(100 * day - days * day).toISOString(),
    });
    const told = (...all: ReturnType<typeof left>[]) =>
      undeliveredView([{ ...page, waiting: null, leftOut: all }], new Set([idOf(502)]), 100 * day);
    expect(told(left(idOf(502), 'production.held', 60))).toHaveLength(1);
    expect(told(left(null, 'lane.disabled', 60))).toEqual([]);
    expect(told(left(null, 'lane.disabled', 6))).toEqual([
      'hook page: lane.disabled of lane acme-web was left out for good: gone.',
    ]);
    const two = [left(null, 'lane.disabled', 6), left(null, 'lane.enabled', 5)];
    expect(told(...two)[0]).toContain(
      '2 events of lane acme-web were left out for good, the last one lane.enabled',
    );
  });
});

describe('redraw', () => {
  it.each([true, false])('at a terminal (%s) begins at the top, elsewhere below', (isTTY) => {
    let written = '';
    const stdout = { isTTY, columns: 80, on: () => {}, write: (text: string) => (written += text) };
    const around = { stdout, stderr: stdout, env: { TERM: 'xterm' }, noColor: true };
    const terminal = createTerminal(around as unknown as Parameters<typeof createTerminal>[0]);
    terminal.redraw(['one']);
    terminal.redraw(['two']);
    const top = `${esc}[H${esc}[2J`;
    expect(written).toBe(isTTY ? `${top}one\n${top}two\n` : 'one\n\ntwo\n');
  });

  it('and the live line and an annotation hide a secret, as every other line does', () => {
    let written = '';
    const stdout = {
      ...{ isTTY: true, columns: 200, on: () => {} },
      write: (text: string) => (written += text),
    };
    const env = { TERM: 'xterm', GITHUB_ACTIONS: 'true' };
    const around = { stdout, stderr: stdout, env, noColor: true };
    const gate = new Gate();
    gate.hide('HRKU-shown-again-0123');
    return within(gate, async () => {
      const terminal = createTerminal(around as unknown as Parameters<typeof createTerminal>[0]);
      terminal.redraw(['it is HRKU-shown-again-0123']);
      terminal.status('it was HRKU-shown-again-0123');
      const [title, message] = ['of HRKU-shown-again-0123', 'why HRKU-shown-again-0123'];
      terminal.annotate({ level: 'error', title, message });
      expect(written).not.toContain('HRKU');
      expect(written).toContain('::error title=of [secret]::why [secret]');
      expect(written).toMatch(/it is \[secret\][\s\S]*it was \[secret\]/);
    });
  });
});
