/** A state as people see it: a sign and its name, so that colour is never alone. */
import { stateFacts } from '../machine/state-facts.ts';
import type { Became, BecameKind } from '../runtime/standing/became.ts';
import { html, type Markup } from './markup.ts';

interface Mark {
  readonly sign: string;
  readonly tone: 'good' | 'bad' | 'waiting' | 'soft';
}

function markOf(state: string): Mark {
  const tags: readonly string[] = stateFacts(state)?.tags ?? [];
  if (tags.includes('live')) return { sign: '✔', tone: 'good' };
  if (tags.includes('failed')) return { sign: '✖', tone: 'bad' };
  if (tags.includes('held') || tags.includes('paused')) return { sign: '‖', tone: 'waiting' };
  return tags.includes('settled') ? { sign: '⤼', tone: 'soft' } : { sign: '▸', tone: 'waiting' };
}

export const toneOf = (state: string): Mark['tone'] => markOf(state).tone;

export function stateMark(state: string): Markup {
  const { sign, tone } = markOf(state);
  return html`<span class="state ${tone}"><span aria-hidden="true">${sign}</span> ${state}</span>`;
}

const becameMarks: { readonly [K in BecameKind]: Mark } = {
  live: { sign: '✔', tone: 'good' },
  failed: { sign: '✖', tone: 'bad' },
  interrupted: { sign: '✖', tone: 'bad' },
  stuck: { sign: '✖', tone: 'bad' },
  rolledBack: { sign: '↶', tone: 'waiting' },
  held: { sign: '‖', tone: 'waiting' },
  disabled: { sign: '‖', tone: 'waiting' },
  waitTimedOut: { sign: '‖', tone: 'waiting' },
  waiting: { sign: '▸', tone: 'waiting' },
  underWay: { sign: '▸', tone: 'waiting' },
  replaced: { sign: '⤼', tone: 'soft' },
  carried: { sign: '⤼', tone: 'soft' },
  contained: { sign: '⤼', tone: 'soft' },
  old: { sign: '·', tone: 'soft' },
  unknown: { sign: '?', tone: 'soft' },
};

/** What became of a deploy, in words. */
export function becameMark({ kind, what }: Became): Markup {
  const { sign, tone } = becameMarks[kind];
  return html`<span class="${tone}"><span aria-hidden="true">${sign}</span> ${what}</span>`;
}
