/**
 * What Slack does not take of a message, by the names that it has for it (Slack API, chat.postMessage;
 * Block Kit reference).
 */

/** In characters, or in things. */
export const limits = {
  text: 40_000,
  attachments: 100,
  blocks: 50,
  blocksText: 13_200,
  id: 255,
  section: 3_000,
  fields: 10,
  field: 2_000,
  header: 150,
  contextElements: 10,
  actionElements: 25,
  button: 75,
  buttonValue: 2_000,
  url: 3_000,
  imageText: 2_000,
  markdown: 12_000,
  tableRows: 100,
  tableColumns: 20,
} as const;

export interface MessageFault {
  readonly error: string;
  /** Of blocks: each says what, and a JSON pointer to where. */
  readonly messages?: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Null: Slack takes it. */
export function faultOf(body: Fields, via: 'webhook' | 'bot'): MessageFault | null {
  const { text, blocks, attachments } = body;
  if (blocks !== undefined && !Array.isArray(blocks)) return { error: 'invalid_blocks_format' };
  if (attachments !== undefined && !Array.isArray(attachments)) {
    return { error: via === 'webhook' ? 'invalid_payload' : 'invalid_array_arg' };
  }
  const given = listOf(attachments);
  if (!isFilled(text) && listOf(blocks).length === 0 && given.length === 0) {
    return { error: 'no_text' };
  }
  // A webhook cuts what is longer.
  if (via === 'bot' && isFilled(text) && text.length > limits.text)
    return { error: 'msg_too_long' };
  if (given.length > limits.attachments) return { error: 'too_many_attachments' };
  if (!isFilled(text) && listOf(blocks).length === 0 && !given.every(isShowable)) {
    return {
      error: via === 'webhook' ? 'missing_text_or_fallback_or_attachments' : 'no_text',
    };
  }
  return faultOfBlocks(listOf(blocks)) ?? faultOfAttachedBlocks(given);
}

function faultOfAttachedBlocks(attachments: readonly unknown[]): MessageFault | null {
  for (const one of attachments) {
    const fault = faultOfBlocks(listOf(fieldsOf(one).blocks));
    if (fault !== null) return fault;
  }
  return null;
}

function isShowable(attachment: unknown): boolean {
  const { text, fallback, blocks, title, pretext, fields, image_url } = fieldsOf(attachment);
  const isText = [text, fallback, title, pretext, image_url].some(isFilled);
  return isText || listOf(blocks).length > 0 || listOf(fields).length > 0;
}

function faultOfBlocks(blocks: readonly unknown[]): MessageFault | null {
  const review = new Review();
  if (blocks.length > limits.blocks)
    review.say(`no more than ${limits.blocks} items allowed`, '/blocks');
  const ids = new Set<unknown>();
  let tables = 0;
  for (const [place, block] of blocks.entries()) {
    const at = `/blocks/${place}`;
    const { block_id: id, type } = fieldsOf(block);
    if (id !== undefined && ids.has(id)) review.say('block_id already exists', `${at}/block_id`);
    ids.add(id);
    if (type === 'table') tables += 1;
    reviewBlock(review, fieldsOf(block), at);
  }
  if (tables > 1) review.say('only one table is allowed', '/blocks');
  if (review.messages.length > 0) return { error: 'invalid_blocks', messages: review.messages };
  return charactersIn(blocks) > limits.blocksText ? { error: 'msg_blocks_too_long' } : null;
}

/** Gathers what is wrong, in the words and the form of Slack's answers. */
class Review {
  readonly messages: string[] = [];

  say(what: string, at: string): void {
    this.messages.push(`[ERROR] ${what} [json-pointer:${at}]`);
  }

  /** A text of at most so many characters; `min` 0 lets it be empty. */
  string(value: unknown, at: string, max: number, min = 1): void {
    if (typeof value !== 'string') this.say('must provide a string', at);
    else if (value.length < min) this.say(`must be more than ${min - 1} characters`, at);
    else if (value.length > max) this.say(`must be less than ${max + 1} characters`, at);
  }

  text(value: unknown, at: string, max: number, kind?: 'plain_text'): void {
    const { type, text } = fieldsOf(value);
    const isKnown = kind === undefined ? type === 'mrkdwn' || type === 'plain_text' : type === kind;
    if (isKnown) this.string(text, `${at}/text`, max);
    else this.say(`unsupported type: ${String(type)}`, `${at}/type`);
  }

  list(value: unknown, at: string, max: number): readonly unknown[] {
    const items = listOf(value);
    if (items.length === 0) this.say('no fewer than 1 items allowed', at);
    if (items.length > max) this.say(`no more than ${max} items allowed`, at);
    return items;
  }
}

type Reviewer = (review: Review, block: Fields, at: string) => void;

const image: Reviewer = (
  review,
  { image_url: url, slack_file: file, alt_text: alt, title },
  at,
) => {
  if (file === undefined) review.string(url, `${at}/image_url`, limits.url);
  review.string(alt, `${at}/alt_text`, limits.imageText);
  if (title !== undefined) review.text(title, `${at}/title`, limits.imageText, 'plain_text');
};

const element: Reviewer = (review, one, at) => {
  if (one.action_id !== undefined) review.string(one.action_id, `${at}/action_id`, limits.id);
  if (one.type === 'image') image(review, one, at);
  if (one.type !== 'button') return;
  review.text(one.text, `${at}/text`, limits.button, 'plain_text');
  if (one.value !== undefined) review.string(one.value, `${at}/value`, limits.buttonValue);
  if (one.url !== undefined) review.string(one.url, `${at}/url`, limits.url);
};

const reviewers: Readonly<Record<string, Reviewer>> = {
  section(review, { text, fields, accessory }, at) {
    if (text === undefined && fields === undefined) review.say('must provide text or fields', at);
    if (text !== undefined) review.text(text, `${at}/text`, limits.section);
    if (fields !== undefined) {
      for (const [place, one] of review.list(fields, `${at}/fields`, limits.fields).entries()) {
        review.text(one, `${at}/fields/${place}`, limits.field);
      }
    }
    if (accessory !== undefined) element(review, fieldsOf(accessory), `${at}/accessory`);
  },
  header: (review, { text }, at) => review.text(text, `${at}/text`, limits.header, 'plain_text'),
  divider: () => {},
  context(review, { elements }, at) {
    const all = review.list(elements, `${at}/elements`, limits.contextElements);
    for (const [place, one] of all.entries()) {
      const where = `${at}/elements/${place}`;
      if (fieldsOf(one).type === 'image') image(review, fieldsOf(one), where);
      else review.text(one, where, limits.section);
    }
  },
  actions(review, { elements }, at) {
    const all = review.list(elements, `${at}/elements`, limits.actionElements);
    for (const [place, one] of all.entries())
      element(review, fieldsOf(one), `${at}/elements/${place}`);
  },
  image,
  markdown: (review, { text }, at) => review.string(text, `${at}/text`, limits.markdown),
  rich_text(review, { elements }, at) {
    if (!Array.isArray(elements)) review.say('must provide an array', `${at}/elements`);
  },
  table(review, { rows }, at) {
    for (const [place, row] of review.list(rows, `${at}/rows`, limits.tableRows).entries()) {
      review.list(row, `${at}/rows/${place}`, limits.tableColumns);
    }
  },
};

function reviewBlock(review: Review, block: Fields, at: string): void {
  const { type, block_id: id } = block;
  if (id !== undefined) review.string(id, `${at}/block_id`, limits.id, 0);
  const reviewer = Object.hasOwn(reviewers, String(type)) ? reviewers[String(type)] : undefined;
  if (reviewer === undefined) review.say(`unsupported type: ${String(type)}`, `${at}/type`);
  else reviewer(review, block, at);
}

/** Of all that is shown: what is under `text`, at any depth. */
function charactersIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + charactersIn(one), 0);
  return Object.entries(fieldsOf(value)).reduce(
    (sum, [name, one]) =>
      sum + (name === 'text' && typeof one === 'string' ? one.length : charactersIn(one)),
    0,
  );
}

const isFilled = (value: unknown): value is string => typeof value === 'string' && value !== '';

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
