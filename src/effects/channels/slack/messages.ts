/**
 * What Slack is told of a deploy, from its events so far. Pure.
 *
 * A bot keeps one message per deploy up to date and tells its steps in its thread; a webhook, which
 * can do neither, posts a message for them. Where steps are told in one, that is the last one's message.
 */
import { type DeployRequest, type DomainEvent, stuckIn } from '../../../machine/events.ts';
import { tell, tellStanding } from '../../../machine/story.ts';
import { type EventText, namedPerson } from '../../../machine/story-words.ts';
import type { DeployEvents } from '../channel.ts';
import { context, pack, type SlackBlock, type SlackMessage, section } from './blocks.ts';
import { isLive, isTold, type Level } from './level.ts';
import { type FailureFacts, failureLines, liveLine, nameLine, signOf, titleLine } from './lines.ts';
import { noteBlocks } from './notes.ts';
import { fillIn, type Templates } from './templates.ts';
import { cutEscaped, escapeText, pieces, textMax } from './text.ts';

export interface MessageOptions {
  readonly level?: Level;
  /** The team's own words, by event. */
  readonly templates?: Templates;
  /** What a person can do now, with the command; null: nothing is asked of anybody. */
  readonly next?: string | null;
}

export interface StepOptions extends MessageOptions, Partial<FailureFacts> {
  readonly mode: 'bot' | 'webhook';
  /** Raw mrkdwn that calls somebody, such as `<!subteam^S0ONCALL>`; null: nobody is called. */
  readonly oncall: string | null;
  /** The log's head, in words, where the deploy ends; null: it does not. */
  readonly head?: string | null;
  /** In words, why the event is nobody's concern any more; null: it is how things stand. */
  readonly overtaken?: string | null;
  /** Steps of the deploy that were not told by themselves, oldest first, and that this message tells of. */
  readonly folded?: readonly DomainEvent[];
  /** They could not be told in time. */
  readonly isLate?: boolean;
}

/** Whoever is on call is called for it: a failure, and the first deploy that finds the lane stuck. */
export function callsOncall(event: DomainEvent): boolean {
  return event.type === 'deploy.failed' || stuckIn(event)?.first === true;
}

/** The one message of a deploy, as it stands after the last of its events. Never calls anybody. */
export function deployMessage(history: DeployEvents, options: MessageOptions = {}): SlackMessage {
  const { level = 'steps', templates = {}, next = null } = options;
  const request = history[0].data;
  const event = latest(history);
  const told = tellStanding(history, request.deploy);
  const own = ownWords(history, templates, next);
  const blocks: SlackBlock[] = [];
  if (isLive(event)) {
    blocks.push(section(own ?? liveLine(history)));
    if (own === null && level === 'steps') blocks.push(context(escapeText(told.headline)));
  } else {
    blocks.push(section(`${nameLine(request)}\n${titleLine(request.commit)}`));
    blocks.push(section(own ?? `${signOf(event, told.tone)} ${escapeText(told.headline)}`));
    // Where there is a thread, it has all of this whole.
    const isShown = isForAll(event, told) || told.detail?.includes('pipeline ') === true;
    const detail = own === null && isShown ? told.detail : null;
    if (detail !== null) blocks.push(section(escapeText(detail)));
    blocks.push(...asked(told, detail, { next, isOwn: own !== null }));
  }
  if (request.override !== null) {
    const { reason } = request.override;
    const who = namedPerson(request.override);
    blocks.push(section(escapeText(`Out of order on the word of ${who}: ${reason}`)));
  }
  const text = own ?? escapeText(`${plainName(request)}: ${told.headline}`);
  return { text: cutEscaped(text, textMax), blocks };
}

/**
 * The messages for the last of the events, in order; none where the deploy's own message says it all, or the level has no
 * place for it. Whoever is on call is called for what nothing has overtaken, in its first message only.
 */
export function stepMessages(history: DeployEvents, options: StepOptions): SlackMessage[] {
  const { mode, oncall, level = 'steps', overtaken = null, next = null, folded = [] } = options;
  const { head = null, isLate = false } = options;
  const request = history[0].data;
  const event = latest(history);
  if (!isTold(history, level)) return [];
  // The deploy's own message says it, unless there is more to it than that message has room for.
  if (mode === 'bot' && event.type === 'deploy.requested' && event.data.override === null)
    return [];
  const told = tell(event, request.deploy);
  const own = ownWords(history, options.templates ?? {}, next);
  const blocks = body(history, options, told, own);
  const isConcern = callsOncall(event) && overtaken === null;
  if (isConcern && oncall !== null) blocks.splice(isNamed(options) ? 1 : 0, 0, section(oncall));
  if (overtaken !== null) blocks.push(section(escapeText(`${overtaken}: nobody is called.`)));
  if (folded.length > 0) blocks.push(...before(folded, isLate));
  // The last of the last message: what the log was by then can be compared later.
  if (head !== null) blocks.push(context(escapeText(head)));
  const text = own ?? escapeText(`${plainName(request)}: ${told.headline}`);
  return pack(text, blocks).map((message, i) =>
    isForAll(event, told) && overtaken === null && i === 0
      ? { ...message, broadcast: true }
      : message,
  );
}

/** Told in the channel too: what failed, and what waits for a person. An interrupted run may go on by itself. */
const isForAll = ({ type }: DomainEvent, { tone }: EventText): boolean =>
  tone === 'bad' || (tone === 'waiting' && type !== 'run.interrupted');

/** A message that stands in no thread of its deploy says of which it is. */
const isNamed = ({ mode, level = 'steps', folded = [] }: StepOptions): boolean =>
  mode === 'webhook' || level !== 'steps' || folded.length > 0;

/** What a step's messages say, but for whom they call and what came before. */
function body(
  history: DeployEvents,
  options: StepOptions,
  told: EventText,
  own: string | null,
): SlackBlock[] {
  const { level = 'steps', overtaken = null, next = null, folded = [] } = options;
  const request = history[0].data;
  const event = latest(history);
  if (isLive(event)) {
    const more = [told.headline, told.detail].filter((line) => line !== null).join('\n');
    const isShort = own !== null || level !== 'steps';
    const blocks = [
      section(own ?? liveLine(history)),
      ...(isShort ? [] : [context(escapeText(more))]),
    ];
    return [...blocks, ...details(folded, null)];
  }
  const blocks: SlackBlock[] = isNamed(options) ? [section(nameLine(request))] : [];
  if (own !== null) blocks.push(section(own), ...details(folded, null));
  else {
    for (const each of sections(`${signOf(event, told.tone)} `, told.headline)) blocks.push(each);
    for (const each of details([...folded, event], told.detail)) blocks.push(each);
    if (event.type === 'deploy.failed') {
      for (const each of lines(failureLines(history, factsOf(options)))) blocks.push(each);
    }
  }
  if (overtaken !== null) return blocks;
  const detail = own === null ? told.detail : null;
  return [...blocks, ...asked(told, detail, { next, isOwn: own !== null })];
}

/** Of what is overtaken nobody is told to do anything. */
function factsOf({
  time = null,
  mentions,
  follower = null,
  overtaken = null,
}: StepOptions): FailureFacts {
  if (overtaken !== null) return { time, mentions: new Map(), follower: null };
  return { time, mentions: mentions ?? new Map(), follower };
}

/** What a person can do, with the command, where what is shown does not say it yet. */
function asked(
  { detail }: EventText,
  shown: string | null,
  { next, isOwn }: { next: string | null; isOwn: boolean },
): SlackBlock[] {
  const command = /pipeline \w+ \S+/.exec(next ?? '')?.[0];
  if (command !== undefined && shown?.includes(command) === true) return [];
  // Where the team's own words take the place of ours, the command stays.
  const ask = next ?? (isOwn && detail?.includes('pipeline ') === true ? detail : null);
  return ask === null ? [] : [section(escapeText(ask))];
}

/** The team's words for the last event, as mrkdwn; null: it has none. */
function ownWords(history: DeployEvents, templates: Templates, next: string | null): string | null {
  const { [latest(history).type]: template } = templates;
  return template === undefined ? null : fillIn(template, { history, next });
}

/** What the last event says beside its headline, and the release notes wherever they are among the events. */
function details(events: readonly DomainEvent[], detail: string | null): SlackBlock[] {
  const observed = events.findLast((event) => event.type === 'deploy.observed');
  const notes = observed === undefined ? [] : noteBlocks(observed.data.notes);
  const isObserved = observed !== undefined && events.at(-1) === observed;
  return [...(isObserved || detail === null ? [] : sections('', detail)), ...notes];
}

/** `Before that:`, and a line each; what the steps say beside that is beneath it, but the release notes, which are among the details. */
function before(folded: readonly DomainEvent[], isLate: boolean): SlackBlock[] {
  const why = isLate ? ', in one because Slack could not be told in time' : '';
  const steps = folded.flatMap((event) => {
    const { tone, headline, detail } = tell(event);
    const more = detail === null || event.type === 'deploy.observed' ? [] : [detail];
    return [`${signOf(event, tone)} ${headline}`, ...more];
  });
  return pieces([`Before that${why}:`, ...steps].join('\n'), 2_900).map(context);
}

function latest(history: DeployEvents): DomainEvent {
  return history.at(-1) ?? history[0];
}

/** User text after words of ours, in as many sections as it takes. */
function sections(before: string, text: string): SlackBlock[] {
  return pieces(text, 2_900).map((piece, i) => section(i === 0 ? before + piece : piece));
}

/** Lines of mrkdwn, each of them whole, in as many sections as they take. */
function lines(all: readonly string[]): SlackBlock[] {
  const found: string[] = [];
  for (const line of all) {
    const last = found.at(-1);
    if (last === undefined || last.length + line.length > 2_900) found.push(line);
    else found[found.length - 1] = `${last}\n${line}`;
  }
  return found.map(section);
}

function plainName({ lane, build }: DeployRequest): string {
  return `${lane} ${build.label}`;
}
