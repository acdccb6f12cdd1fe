/** What a hook is given of an event: one JSON document, the same by a URL and by a command. */
import { z } from 'zod';
import { schemaNumbers } from '../../../machine/event-schemas.ts';
import { type OrderType, tellOrder } from '../../../machine/orders.ts';
import { tell } from '../../../machine/story.ts';
import type { News, OrderNews } from '../channel.ts';

const text = z.string();
const link = text.nullable();

const fields = {
  envelope: z.literal(1).describe('the version of this document'),
  id: text.describe('the event’s own, a UUID: the same however often it is delivered'),
  type: text.describe(
    'what happened: an event of docs/statechart.md, such as `deploy.failed`, or an order, such as `lane.disabled`',
  ),
  schema: z.int().positive().describe('the number of the schema that `data` has, by the type'),
  time: text.describe('when it was recorded: ISO 8601, UTC'),
  deploy: text.describe('the deploy’s id; null of an order'),
  lane: text.describe('the lane’s name, `app` in `pipeline.yml`'),
  position: z
    .int()
    .positive()
    .describe('the event’s place in the whole log; it grows, and orders events of all deploys'),
  version: z
    .int()
    .positive()
    .describe('the event’s place in its deploy, 1 for the first; an order’s in its lane'),
  state: text
    .nullable()
    .describe('the state of the deploy that it led to; null where the event changed none'),
  tone: z
    .enum(['good', 'bad', 'neutral', 'waiting'])
    .describe('what it means to people; `waiting`: for a person'),
  headline: text.describe('the event in one line of words; they may change with any version'),
  detail: text.nullable().describe('what else helps, of one or several lines'),
  commit: z
    .strictObject({ sha: text, title: text, author: text })
    .describe(
      'what is deployed: the full id, the first line of the message, who wrote it; null of an order',
    ),
  branch: text.describe('the branch that is deployed; null of an order'),
  build: z
    .strictObject({
      provider: text,
      label: text,
      attempt: z.int().positive(),
      job: text.nullable(),
      workflow: text.nullable(),
    })
    .describe('the CI’s build that asked for the deploy; null of an order'),
  links: z
    .strictObject({ build: link, commit: link, compare: link })
    .describe(
      'for people: the CI’s build, the commit, and what is new against production; null where it is not known',
    ),
  order: z
    .null()
    .describe(
      'of an order who gave it (`actor`), what was seen of them (`observed`) and why (`reason`); null of a deploy’s event',
    ),
  data: z.record(text, z.unknown()).describe('what the log keeps of the event'),
};

/** An event of a deploy. Fields are added under the same number; one that changes or goes takes the next. */
export const deployEnvelopeSchema = z.strictObject(fields);

const none = z.null();
/** A person's order for a lane: of no deploy. */
export const orderEnvelopeSchema = z.strictObject({
  ...fields,
  ...{ deploy: none, state: none, commit: none, branch: none, build: none },
  links: z.strictObject({ build: none, commit: none, compare: none }),
  order: z.strictObject({ actor: text, observed: text, reason: text }),
});

export const envelopeSchema = z.union([deployEnvelopeSchema, orderEnvelopeSchema]);

export type Envelope = z.output<typeof envelopeSchema>;

export function envelopeOf(news: News): z.output<typeof deployEnvelopeSchema> {
  const { id, deploy, position, version, time, history, state } = news;
  const { lane, branch, commit, build, settings } = history[0].data;
  const event = history.at(-1) ?? history[0];
  const { headline, detail, tone } = tell(event);
  const { url, ...named } = build;
  const observed = history.findLast((one) => one.type === 'deploy.observed');
  const { repository } = settings;
  return {
    envelope: 1,
    id,
    type: event.type,
    schema: schemaNumbers.get(event.type) ?? 1,
    ...{ time, deploy, lane, position, version, state, tone, headline, detail, commit, branch },
    build: named,
    links: {
      build: url,
      commit: repository === null ? null : `${repository}/commit/${commit.sha}`,
      compare: observed?.data.notes.compareUrl ?? null,
    },
    data: event.data,
    order: null,
  };
}

export function orderEnvelopeOf(news: OrderNews): z.output<typeof orderEnvelopeSchema> {
  const { id, position, version, time, lane, order } = news;
  const { actor, observed, reason } = order.data;
  const { headline, detail, tone } = tellOrder(order);
  return {
    envelope: 1,
    id,
    type: order.type satisfies OrderType,
    schema: schemaNumbers.get(order.type) ?? 1,
    ...{ time, lane, position, version, tone, headline, detail },
    ...{ deploy: null, state: null, commit: null, branch: null, build: null },
    links: { build: null, commit: null, compare: null },
    data: order.data,
    order: { actor, observed, reason },
  };
}
