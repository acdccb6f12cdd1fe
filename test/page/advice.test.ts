/** What a person can do about a deploy, and what of it is to be typed. */
import { expect, it } from 'vitest';
import type { DomainEvent } from '../../src/machine/events.ts';
import { samples } from '../../src/machine/samples.ts';
import { type Advised, adviceFor, paragraphs } from '../../src/page/advice.ts';
import type { BecameKind } from '../../src/runtime/standing/became.ts';
import { diverged } from '../runtime/standing/situations.ts';

const sha = '4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e';
const deploy = '502-1a5f89db';

function advised(state: string, kind: BecameKind, running: boolean, ...events: DomainEvent[]) {
  const settled = ['superseded', 'failed', 'production.live'].includes(state);
  const row = { deploy, state, settled } as Advised['row'];
  const became = { kind, what: '', by: null, at: null };
  return adviceFor({ row, became, running, events: events.map((event) => ({ event })) });
}

it.each([
  ['nothing, of one that is live', 'production.live', 'live', false, null],
  ['nothing, of one that a run carries on', 'verifying.starting', 'underWay', true, null],
  [
    'to carry on what no run carries on',
    'verifying.starting',
    'interrupted',
    false,
    `No run carries it on: run its CI job or command again, or: pipeline resume ${deploy} --reason "…"`,
  ],
  [
    'to look at who took it back',
    'production.live',
    'rolledBack',
    false,
    `Who took it back, and why: pipeline explain ${deploy}`,
  ],
  [
    'what the chart says of a hold',
    'blockedByRollback',
    'held',
    false,
    `Once the cause is mended: pipeline resume ${deploy} --reason "…"`,
  ],
] as const)('%s', (_, state, kind, running, expected) => {
  expect(advised(state, kind, running)).toBe(expected);
});

it.each<[string, DomainEvent[]]>([
  ['as its event tells them', []],
  [
    'though its canary was taken back after it',
    [{ type: 'canary.restored', data: samples['canary.restored'] }],
  ],
])('both ways out of a stuck lane, %s', (_, after) => {
  const lines = advised('superseded', 'stuck', false, diverged(true), ...after)?.split('\n') ?? [];
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/git merge [0-9a-f]{40} on the branch/);
  expect(lines[2]).toContain('pipeline advance --override --reason "…"');
});

it.each([
  [`To ship it: git merge ${sha} on the branch.`, [`git merge ${sha}`]],
  [`git fetch origin ${sha} gets it.`, [`git fetch origin ${sha}`]],
  [
    'To leave it behind: pipeline advance --override --reason "…" at the branch',
    ['pipeline advance --override --reason "…"'],
  ],
  [
    'Ship it: pipeline advance --build LABEL --reason "…"',
    ['pipeline advance --build LABEL --reason "…"'],
  ],
  [`The whole story: pipeline log ${deploy}. Then again.`, [`pipeline log ${deploy}`]],
  ['Nothing\nto type', []],
])('%s: what is to be typed stands out', (text, typed) => {
  const shown = `${paragraphs(text)}`;
  expect(shown.match(/<p>/g)).toHaveLength(text.split('\n').length);
  const codes = [...shown.matchAll(/<code>(.*?)<\/code>/g)].map(([, code = '']) =>
    code
      .replaceAll(/<[^>]*>/g, '')
      .replaceAll('&quot;', '"')
      .replaceAll('&#34;', '"'),
  );
  expect(codes).toEqual(typed);
});
