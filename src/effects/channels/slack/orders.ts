/** What Slack is told of an order for a lane. Pure. */
import { dateAndTime } from '../../../format/time.ts';
import { tellOrder } from '../../../machine/orders.ts';
import type { OrderNews } from '../channel.ts';
import { context, type SlackMessage, section } from './blocks.ts';
import { signs } from './lines.ts';
import { cutEscaped, escapeText, sectionMax, textMax } from './text.ts';

/** One message, with who ordered it and why. @param isOld then it says when it was */
export function orderMessage(
  { lane, order, time }: Pick<OrderNews, 'lane' | 'order' | 'time'>,
  isOld: boolean,
): SlackMessage {
  const { headline, detail, tone } = tellOrder(order);
  const text = cutEscaped(`*${escapeText(lane)}* ${escapeText(headline)}`, sectionMax - 50);
  const more = [
    ...(isOld ? [`Ordered ${dateAndTime(time)}, told only now`] : []),
    ...(detail === null ? [] : [detail]),
  ];
  return {
    text: cutEscaped(escapeText(`${lane}: ${headline}`), textMax),
    blocks: [
      section(`${signs[tone]} ${text}`),
      ...more.map((line) => context(cutEscaped(escapeText(line), sectionMax))),
    ],
  };
}
