/** Slack's Web API and its webhooks as the HTTP client has to know them. */
import type { VendorFacts } from '../../http/vendor-facts.ts';

export const botToken = 'SLACK_BOT_TOKEN';
/** A webhook's whole address, which is a secret. */
export const webhook = 'SLACK_WEBHOOK_URL';

export const slack = {
  id: 'slack',
  name: 'Slack',
  tokenVariable: `${botToken} or ${webhook}`,
  urlVariable: 'SLACK_API_URL',
  statusPage: 'https://slack-status.com',
  // A message is no write that the lane's lock protects.
  isFenced: false,
  isMessaging: true,
  // Whoever knows a webhook's path may post to it.
  isSecretPath: (pathname) => !pathname.startsWith('/api/'),
  requestIdHeader: 'x-slack-req-id',
} as const satisfies VendorFacts;
