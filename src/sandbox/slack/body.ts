/** What a request to Slack carries: JSON, or a form with JSON in its fields, as Slack's own clients send it. */
import type { Context } from 'hono';

export type SlackBody = Readonly<Record<string, unknown>>;

/** Slack's name for what is wrong with the request, or its content. */
export type ReadBody =
  | { readonly error: string }
  | { readonly body: SlackBody; readonly isCharsetMissing: boolean };

const jsonFields = ['blocks', 'attachments', 'metadata'];

export async function readBody(c: Context): Promise<ReadBody> {
  const type = c.req.header('content-type') ?? '';
  const text = await c.req.text();
  if (type === '') return text === '' ? read({}) : { error: 'missing_post_type' };
  if (type.includes('json')) {
    const value = parsed(text === '' ? '{}' : text);
    if (value === undefined) return { error: 'invalid_json' };
    const body = objectOf(value);
    return body === null
      ? { error: 'json_not_object' }
      : read(unpacked(body), !/charset/i.test(type));
  }
  if (!type.includes('x-www-form-urlencoded')) return { error: 'invalid_post_type' };
  return read(unpacked(Object.fromEntries(new URLSearchParams(text))));
}

/** A webhook's: JSON whatever its type says, or a form with it all in the field `payload`. */
export async function readPayload(c: Context): Promise<SlackBody | null> {
  const text = await c.req.text();
  const isForm = (c.req.header('content-type') ?? '').includes('x-www-form-urlencoded');
  const json = isForm ? new URLSearchParams(text).get('payload') : text;
  return objectOf(parsed(json ?? ''));
}

const read = (body: SlackBody, isCharsetMissing = false): ReadBody => ({ body, isCharsetMissing });

/** Forms have nothing but text in them: lists are JSON there, and yes is `true`. */
function unpacked(body: SlackBody): SlackBody {
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      if (value === 'true' || value === 'false')
        return [name, name === 'text' ? value : value === 'true'];
      if (typeof value !== 'string' || !jsonFields.includes(name)) return [name, value];
      return [name, parsed(value) ?? value];
    }),
  );
}

function objectOf(value: unknown): SlackBody | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as SlackBody) : null;
}

/** Undefined: no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
