/** Slack's words in `pipeline.yml`. */
import { z } from 'zod';
import { type EventType, eventSchemas } from '../../../machine/events.ts';
import { levels } from './level.ts';
import { templateFault } from './templates.ts';

/**
 * One or several, with blanks between them: Slack calls nobody for a name that is written as people type it
 * (https://docs.slack.dev/messaging/formatting-message-text, "Mentioning").
 */
const slackMentions =
  /^<(!here|!channel|!everyone|!subteam\^S[A-Z0-9]+(\|[^<>|]*)?|@[UW][A-Z0-9]+(\|[^<>|]*)?)>( +<(!here|!channel|!everyone|!subteam\^S[A-Z0-9]+(\|[^<>|]*)?|@[UW][A-Z0-9]+(\|[^<>|]*)?)>)*$/;

const messageMax = 2_000;

const template = z
  .string()
  .regex(/\S/, 'words')
  .max(messageMax, `has to have ${messageMax} characters at most`)
  .superRefine((text, context) => {
    const fault = templateFault(text);
    if (fault !== null) context.addIssue(`has to ${fault}`);
  });

const messages = z
  .strictObject(
    Object.fromEntries(
      Object.keys(eventSchemas).map((type) => [
        type,
        template.optional().describe(`the words for ${type}`),
      ]),
    ) as Record<EventType, z.ZodOptional<typeof template>>,
  )
  .prefault({})
  .describe('the team’s own words for an event, in Slack’s mrkdwn, with {field} for a value');

/** Slack's names have none of these (https://docs.slack.dev/reference/methods/conversations.create). A webhook's address is a secret. */
const channel = z.string().regex(/^#?[^\s#,@/:]{1,80}$/, 'one channel, as #NAME or by its id');

export const schema = z.strictObject({
  channel: channel.describe('the channel, as #NAME or by its id'),
  level: z
    .enum(levels)
    .default('steps')
    .describe(
      'steps: everything; outcomes: what became of each deploy; problems: what needs a person, and that it is over',
    ),
  oncall: z
    .string()
    .regex(
      slackMentions,
      'what Slack notifies by: <!here> or <!channel>, <!subteam^S0123ABCD> for a group, <@U0123ABCD> for a person',
    )
    .optional()
    .describe('who is mentioned when something breaks, as Slack writes it: <!subteam^S0ONCALL>'),
  mentionAuthors: z
    .boolean()
    .default(false)
    .describe(
      'whether a failure mentions who wrote its commits, by their e-mail addresses; a bot’s token with users:read.email',
    ),
  messages,
});

export type SlackSettings = z.output<typeof schema>;
