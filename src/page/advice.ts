/** What a person can do about a deploy or a commit, and how a page shows it. */
import type { DomainEvent } from '../machine/events.ts';
import { nextFor } from '../machine/state-facts.ts';
import { carryOn } from '../machine/story-words.ts';
import type { DeployRow } from '../runtime/audit/deploys.ts';
import { wayOut } from '../runtime/audit/explain-next.ts';
import type { Became } from '../runtime/standing/became.ts';
import { command } from './document.ts';
import { html, type Markup } from './markup.ts';

export interface Advised {
  readonly row: DeployRow;
  readonly became: Became;
  /** A run carries it on. */
  readonly running: boolean;
  readonly events: readonly { readonly event: DomainEvent }[];
}

/** Null: there is nothing to do. */
export function adviceFor({ row, became, running, events }: Advised): string | null {
  const { deploy, state, settled } = row;
  if (became.kind === 'rolledBack') return `Who took it back, and why: pipeline explain ${deploy}`;
  if (became.kind === 'stuck') return wayOut(events, deploy);
  const next = nextFor(state, deploy);
  if (next !== null || settled || running) return next;
  return carryOn(deploy);
}

/** A line is a paragraph; a command to be typed stands out, and is copied by itself. */
export function paragraphs(text: string): Markup {
  return html`${text.split('\n').map((line) => html`<p>${withCommands(line)}</p>`)}`;
}

const typed =
  /(pipeline [a-z]+ [^\s.]+(?: [A-Z]+)?(?: --reason "…")?|git (?:merge|fetch origin) [0-9a-f]{40})/;

function withCommands(text: string): Markup {
  const parts = text.split(typed);
  return html`${parts.map((part, i) => (i % 2 === 0 ? part : command(part)))}`;
}
