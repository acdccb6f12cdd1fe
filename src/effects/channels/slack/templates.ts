/**
 * A team's own words for an event: Slack's mrkdwn, with `{field}` where a value comes in, escaped. `{{` and `}}` are braces.
 * Pure.
 */
import { nearest } from '../../../format/nearest.ts';
import { siteOf } from '../../../machine/environments.ts';
import type { EventType } from '../../../machine/events.ts';
import { tellStanding } from '../../../machine/story.ts';
import { shortSha } from '../../../machine/story-words.ts';
import type { DeployEvents } from '../channel.ts';
import { cutEscaped, escapeText, hrefOf } from './text.ts';

export type Templates = { readonly [T in EventType]?: string | undefined };

export interface TemplateValues {
  readonly history: DeployEvents;
  /** What a person can do now, with the command; null: nothing is asked of anybody. */
  readonly next: string | null;
}

const url = (value: string | null): string => hrefOf(value) ?? '';
const compareOf = (history: DeployEvents): string | null =>
  history.findLast((event) => event.type === 'deploy.observed')?.data.notes.compareUrl ?? null;

/** What each field brings; null values bring nothing. */
const fields = {
  lane: ({ history: [{ data }] }) => escapeText(data.lane),
  branch: ({ history: [{ data }] }) => escapeText(data.branch),
  deploy: ({ history: [{ data }] }) => escapeText(data.deploy),
  build: ({ history: [{ data }] }) => escapeText(data.build.label),
  buildUrl: ({ history: [{ data }] }) => url(data.build.url),
  commit: ({ history: [{ data }] }) => escapeText(shortSha(data.commit.sha)),
  title: ({ history: [{ data }] }) => escapeText(data.commit.title),
  author: ({ history: [{ data }] }) => escapeText(data.commit.author),
  compareUrl: ({ history }) => url(compareOf(history)),
  productionUrl: ({ history: [{ data }] }) => url(siteOf(data, 'production')),
  headline: ({ history }) => escapeText(tellStanding(history).headline),
  detail: ({ history }) => escapeText(tellStanding(history, history[0].data.deploy).detail ?? ''),
  next: ({ next }) => escapeText(next ?? ''),
} as const satisfies Readonly<Record<string, (values: TemplateValues) => string>>;

type Field = keyof typeof fields;
export const templateFields = Object.keys(fields) as readonly Field[];

const isField = (name: string): name is Field => Object.hasOwn(fields, name);
const parts = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;
const valueMax = 1_000;

/** What is wrong with a template, in words that follow “has to …”; null: nothing. */
export function templateFault(template: string): string | null {
  for (const [part, name] of template.matchAll(parts)) {
    if (part === '{{' || part === '}}') continue;
    if (name === undefined) return `have {{ and }} for braces that are no field’s`;
    if (isField(name)) continue;
    const meant = nearest(name, templateFields);
    const right =
      meant === null ? `known are ${templateFields.join(', ')}` : `did you mean {${meant}}?`;
    return `have fields that there are, and {${name}} is none; ${right}`;
  }
  return null;
}

/** @param template of which `templateFault` says nothing @returns mrkdwn */
export function fillIn(template: string, values: TemplateValues): string {
  return template.replace(parts, (part, name?: string) => {
    if (part === '{{' || part === '}}') return part.slice(1);
    return name !== undefined && isField(name) ? cutEscaped(fields[name](values), valueMax) : part;
  });
}
