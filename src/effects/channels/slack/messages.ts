/**
 * What Slack is told of a deploy, from its events so far. Pure.
 *
 * A bot keeps one message per deploy up to date and tells every step in its thread; a webhook, which
 * can do neither, posts a message for every step.
 */
import { type DeployRequest, type DomainEvent, stuckIn } from '../../../machine/events.ts';
import {
  type EventText,
  namedPerson,
  shortSha,
  tell,
  tellStanding,
} from '../../../machine/story.ts';
import type { DeployEvents } from '../channel.ts';
import { context, pack, type SlackBlock, type SlackMessage, section } from './blocks.ts';
import { noteBlocks } from './notes.ts';
import { cutEscaped, escapeText, link, pieces, textMax } from './text.ts';

export interface StepOptions {
  readonly mode: 'bot' | 'webhook';
  /** Raw mrkdwn that calls somebody, such as `<!subteam^S0ONCALL>`; null: nobody is called. */
  readonly oncall: string | null;
  /** In words, why the event is nobody's concern any more; null: it is how things stand. */
  readonly overtaken?: string | null;
  /** What a person can do now, with the command; null: nothing is asked of anybody. */
  readonly next?: string | null;
  /** Old steps of the deploy that were not told by themselves, oldest first, and that this message tells of. */
  readonly folded?: readonly DomainEvent[];
}

/** A sign beside the words, never in their place. */
const signs: { readonly [T in EventText['tone']]: string } = {
  good: '✅',
  bad: '🔴',
  waiting: '⏳',
  neutral: '▫️',
};

/** In the message that is kept up to date; the notes have the title whole. */
const titleMax = 300;

/** Whoever is on call is called for it: a failure, and the first deploy that finds the lane stuck. */
export function callsOncall(event: DomainEvent): boolean {
  return event.type === 'deploy.failed' || stuckIn(event)?.first === true;
}

/** The one message of a deploy, as it stands after the last of its events. Never calls anybody. `next` as in `StepOptions`. */
export function deployMessage(history: DeployEvents, next: string | null = null): SlackMessage {
  const request = history[0].data;
  const { headline, detail, tone } = tellStanding(history);
  const { title, author } = request.commit;
  const words = cutEscaped(escapeText(title), titleMax);
  const blocks: SlackBlock[] = [
    section(`${name(request)}\n${words} — ${cutEscaped(escapeText(author), titleMax)}`),
    section(`${signs[tone]} ${escapeText(headline)}`),
  ];
  // Where there is a thread, it has all of this whole.
  if (tone === 'bad' && detail !== null) blocks.push(section(escapeText(detail)));
  if (next !== null) blocks.push(section(escapeText(next)));
  if (request.override !== null) {
    const { reason } = request.override;
    const who = namedPerson(request.override);
    blocks.push(section(escapeText(`Out of order on the word of ${who}: ${reason}`)));
  }
  const text = escapeText(`${plainName(request)}: ${headline}`);
  return { text: cutEscaped(text, textMax), blocks };
}

/**
 * The messages for the last of the events, in order; none where the deploy's own message says it all.
 * Whoever is on call is called for what nothing has overtaken, in its first message only.
 */
export function stepMessages(history: DeployEvents, options: StepOptions): SlackMessage[] {
  const { mode, oncall, overtaken = null, next = null, folded = [] } = options;
  const request = history[0].data;
  const event = latest(history);
  // The deploy's own message says it, unless there is more to it than that message has room for.
  if (mode === 'bot' && event.type === 'deploy.requested' && event.data.override === null)
    return [];
  const { headline, detail, tone } = tell(event);
  const isFirst = mode === 'webhook' || folded.length > 0;
  const blocks: SlackBlock[] = isFirst ? [section(name(request))] : [];
  const isConcern = callsOncall(event) && overtaken === null;
  if (isConcern && oncall !== null) blocks.push(section(oncall));
  for (const each of sections(`${signs[tone]} `, headline)) blocks.push(each);
  for (const each of details([...folded, event], detail)) blocks.push(each);
  if (next !== null && overtaken === null) blocks.push(section(escapeText(next)));
  if (overtaken !== null) blocks.push(section(escapeText(`${overtaken}: nobody is called.`)));
  if (folded.length > 0) blocks.push(context(escapeText(inOneLine(folded))));
  const text = escapeText(`${plainName(request)}: ${headline}`);
  return pack(text, blocks).map((message, i) =>
    tone === 'bad' && overtaken === null && i === 0 ? { ...message, broadcast: true } : message,
  );
}

/** What the last event says beside its headline, and the release notes wherever they are among the events. */
function details(events: readonly DomainEvent[], detail: string | null): SlackBlock[] {
  const observed = events.findLast((event) => event.type === 'deploy.observed');
  const notes = observed === undefined ? [] : noteBlocks(observed.data.notes);
  const isObserved = events.at(-1) === observed;
  return [...(isObserved || detail === null ? [] : sections('', detail)), ...notes];
}

/** `Before that, in one because Slack could not be told in time: queued; took lane acme-web; …` */
function inOneLine(folded: readonly DomainEvent[]): string {
  const steps = folded.map((event) => tell(event).headline);
  return `Before that, in one because Slack could not be told in time: ${steps.join('; ')}`;
}

function latest(history: DeployEvents): DomainEvent {
  return history.at(-1) ?? history[0];
}

/** User text after words of ours, in as many sections as it takes. */
function sections(before: string, text: string): SlackBlock[] {
  return pieces(text, 2_900).map((piece, i) => section(i === 0 ? before + piece : piece));
}

/** `*acme-web* build 502, 1a5f89db`, with links to the build and the commit. */
function name({ lane, build, commit, settings: { repository } }: DeployRequest): string {
  const url = repository === null ? null : `${repository}/commit/${commit.sha}`;
  return `*${escapeText(lane)}* build ${link(build.url, build.label)}, ${link(url, shortSha(commit.sha))}`;
}

function plainName({ lane, build }: DeployRequest): string {
  return `${lane} ${build.label}`;
}
