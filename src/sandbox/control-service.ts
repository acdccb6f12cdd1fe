/**
 * The control service over HTTP: `POST /<verb>` with its input as JSON, `GET /state`, `GET /requests`, `GET /` for the
 * verbs and what they take; each with `Authorization: Bearer <token>`, which is another one whenever a sandbox starts.
 */
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type Verb, verbs } from './control.ts';

export interface ControlServiceOptions {
  /** The verbs, by name. */
  readonly control: ReadonlyMap<string, (input: never) => unknown>;
  readonly token: string;
  readonly state: () => unknown;
  readonly requests: () => unknown;
}

/**
 * 401 without the token; 415 for an input that does not say that it is JSON; 404, with the list of verbs,
 * for a verb that does not exist; 422 for an input that the verb does not take.
 */
export async function answerControl(
  request: Request,
  { control, token, state, requests }: ControlServiceOptions,
): Promise<Response> {
  if (!isAuthorized(request, token)) {
    const error = 'wants Authorization: Bearer and the SANDBOX_TOKEN that the sandbox printed';
    return Response.json({ error }, { status: 401, headers: { 'www-authenticate': 'Bearer' } });
  }
  const name = new URL(request.url).pathname.slice(1);
  const names = [...control.keys()];
  if (request.method === 'GET') {
    if (name === '') return Response.json({ verbs: names, inputs: inputsOf(names) });
    if (name === 'state') return Response.json(state());
    if (name === 'requests') return Response.json(requests());
  }
  const act = control.get(name);
  if (request.method !== 'POST' || act === undefined) {
    return Response.json({ error: `no such verb: ${name}`, verbs: names }, { status: 404 });
  }
  if (!isJson(request)) {
    return Response.json({ error: 'wants content-type: application/json' }, { status: 415 });
  }
  try {
    const text = await request.text();
    const input: unknown = text === '' ? {} : JSON.parse(text);
    const checked = Object.hasOwn(verbs, name) ? verbs[name as Verb].parse(input) : input;
    return Response.json({ done: name, result: act(checked as never) ?? null });
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    return Response.json({ error: why, takes: inputsOf([name])[name] }, { status: 422 });
  }
}

/** What each verb takes, as JSON Schema. */
const inputsOf = (names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    names
      .filter((name) => Object.hasOwn(verbs, name))
      .map((name) => [name, z.toJSONSchema(verbs[name as Verb], { io: 'input' }).properties ?? {}]),
  );

function isAuthorized(request: Request, token: string): boolean {
  const given = Buffer.from(request.headers.get('authorization') ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function isJson(request: Request): boolean {
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';');
  return type.trim().toLowerCase() === 'application/json';
}
