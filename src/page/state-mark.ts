/** What became of a deploy, and the states that it came through, as people see them: a sign and words, so that colour is never alone. */
import { stateFacts, topOf } from '../machine/state-facts.ts';
import type { Became } from '../runtime/standing/became.ts';
import { type Mark, markOf } from '../runtime/standing/became-mark.ts';
import { type Addresses, nothing, since, time } from './document.ts';
import { html, type Markup } from './markup.ts';

/**
 * Where an event led to. That it was live says nothing of what runs now, so none is good. One of the nine states is what is
 * read first; what is in it comes softer, and on a line of its own where there is no room.
 */
export function stateMark(state: string): Markup {
  const { sign, tone } = passedMark(state);
  const top = topOf(state);
  const within = state.slice(top.length);
  return html`<span class="state ${tone}"><span aria-hidden="true">${sign}</span>\u00a0<strong>${top}</strong><wbr>${within}</span>`;
}

function passedMark(state: string): Mark {
  const tags: readonly string[] = stateFacts(state)?.tags ?? [];
  if (tags.includes('live')) return { sign: '✔', tone: 'soft' };
  if (tags.includes('failed')) return { sign: '✖', tone: 'bad' };
  if (tags.includes('held') || tags.includes('paused')) return { sign: '‖', tone: 'waiting' };
  return { sign: tags.includes('settled') ? '⤼' : '▸', tone: 'soft' };
}

/** @param at null: there is no other page to lead to, and nobody to ask how long ago it is */
export function becameMark(became: Became, at: Addresses | null): Markup {
  const { sign, tone } = markOf(became.kind);
  const when = became.at === null ? nothing : at === null ? time(became.at) : since(became.at);
  return html`<span class="became ${tone}"><span aria-hidden="true">${sign}</span> ${words(became, at)}</span>${became.at === null ? nothing : html` <span class="soft">${when}</span>`}`;
}

/** With a link to the deploy that they name. */
function words({ what, by }: Became, at: Addresses | null): Markup {
  const [before = '', ...after] = by === null || at === null ? [what] : what.split(by);
  if (by === null || at === null || after.length === 0) return html`${what}`;
  return html`${before}<a href="${at.deploy(by)}">${by}</a>${after.join(by)}`;
}
