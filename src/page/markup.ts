/** HTML and SVG as tagged templates, in which text of others is always escaped. */
import type { html } from 'hono/html';

export { html, raw } from 'hono/html';

/** Awaited where it is written out. */
export type Markup = ReturnType<typeof html>;
