/** HTML and SVG as tagged templates, in which text of others is always escaped. */
import type { html } from 'hono/html';
import { visible } from '../redaction/unseen.ts';

export { html, raw } from 'hono/html';

/** Awaited where it is written out. */
export type Markup = ReturnType<typeof html>;

/** A whole page as it is sent: what nobody sees in text of others, and what turns the text after it round, can be seen. */
export async function written(page: Markup): Promise<string> {
  return String(await page)
    .split('\n')
    .map(visible)
    .join('\n');
}
