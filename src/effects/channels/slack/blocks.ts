/** Block Kit, as far as we use it: typed blocks, and messages that stay within Slack's limits. */
import { cutEscaped, sectionMax, textMax } from './text.ts';

/** Text that Slack reads as mrkdwn but in which it looks for no names or URLs by itself. */
interface Mrkdwn {
  readonly type: 'mrkdwn';
  readonly text: string;
  readonly verbatim: true;
}

export type SlackBlock =
  | { readonly type: 'section'; readonly text: Mrkdwn }
  | { readonly type: 'context'; readonly elements: readonly [Mrkdwn] }
  | { readonly type: 'divider' };

export interface SlackMessage {
  /** For notifications, and for whoever does not see blocks; escaped. */
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  /** As a reply, it is shown in the channel too. */
  readonly broadcast?: boolean;
}

/** Slack's limit for a message. */
const blocksMax = 50;
/** All texts of a message's blocks together; above about 13,200 Slack says `msg_blocks_too_long`. */
const charactersMax = 12_000;

/** A paragraph of escaped text; what is beyond 3,000 characters is cut: see `pieces`. */
export function section(escaped: string): SlackBlock {
  return { type: 'section', text: mrkdwn(escaped) };
}

/** A small grey line. */
export function context(escaped: string): SlackBlock {
  return { type: 'context', elements: [mrkdwn(escaped)] };
}

function mrkdwn(escaped: string): Mrkdwn {
  return { type: 'mrkdwn', text: cutEscaped(escaped, sectionMax), verbatim: true };
}

/** Blocks in as few messages as Slack's limits allow, in order, each with that text. */
export function pack(text: string, blocks: readonly SlackBlock[]): SlackMessage[] {
  const messages: SlackBlock[][] = [];
  let size = charactersMax;
  for (const block of blocks) {
    const length = textOf(block).length;
    const last = messages.at(-1);
    if (last === undefined || last.length === blocksMax || size + length > charactersMax) {
      messages.push([block]);
      size = length;
    } else {
      last.push(block);
      size += length;
    }
  }
  return messages.map((packed) => ({ text: cutEscaped(text, textMax), blocks: packed }));
}

/** The same message without blocks: what is left to try when Slack refuses them. */
export function asPlainText({ text, blocks, ...where }: SlackMessage): SlackMessage {
  const whole = blocks
    .map(textOf)
    .filter((one) => one !== '')
    .join('\n');
  return { ...where, text: cutEscaped(whole === '' ? text : whole, textMax), blocks: [] };
}

/** The escaped text of a block. */
export function textOf(block: SlackBlock): string {
  if (block.type === 'divider') return '';
  return block.type === 'section' ? block.text.text : block.elements[0].text;
}
