/** Slack's words in `pipeline.yml`. */
import { z } from 'zod';

/**
 * One or several, with blanks between them: Slack calls nobody for a name that is written as people type it
 * (https://docs.slack.dev/messaging/formatting-message-text, "Mentioning").
 */
const slackMentions =
  /^<(!here|!channel|!everyone|!subteam\^S[A-Z0-9]+(\|[^<>|]*)?|@[UW][A-Z0-9]+(\|[^<>|]*)?)>( +<(!here|!channel|!everyone|!subteam\^S[A-Z0-9]+(\|[^<>|]*)?|@[UW][A-Z0-9]+(\|[^<>|]*)?)>)*$/;

export const schema = z.strictObject({
  channel: z.string().min(1).describe('the channel that is told, by its name or its id'),
  oncall: z
    .string()
    .regex(
      slackMentions,
      'what Slack notifies by: <!here> or <!channel>, <!subteam^S0123ABCD> for a group, <@U0123ABCD> for a person',
    )
    .optional()
    .describe('who is mentioned when something breaks, as Slack writes it: <!subteam^S0ONCALL>'),
});

export type SlackSettings = z.output<typeof schema>;
