/** The control service over HTTP: `POST /<verb>` with its input, `GET /state`, `GET /requests`, `GET /` for the verbs. */
import { type Verb, verbs } from './control.ts';

export interface ControlServiceOptions {
  /** The verbs, by name. */
  readonly control: ReadonlyMap<string, (input: never) => unknown>;
  readonly state: () => unknown;
  readonly requests: () => unknown;
}

/** 404 with the list for a verb that there is not, 422 for an input that is not its own. */
export async function answerControl(
  request: Request,
  { control, state, requests }: ControlServiceOptions,
): Promise<Response> {
  const name = new URL(request.url).pathname.slice(1);
  const names = [...control.keys()];
  if (request.method === 'GET') {
    if (name === '') return Response.json({ verbs: names });
    if (name === 'state') return Response.json(state());
    if (name === 'requests') return Response.json(requests());
  }
  const act = control.get(name);
  if (request.method !== 'POST' || act === undefined) {
    return Response.json({ error: `no such verb: ${name}`, verbs: names }, { status: 404 });
  }
  try {
    const text = await request.text();
    const input: unknown = text === '' ? {} : JSON.parse(text);
    const checked = Object.hasOwn(verbs, name) ? verbs[name as Verb].parse(input) : input;
    return Response.json({ done: name, result: act(checked as never) ?? null });
  } catch (error) {
    return Response.json({ error: String(error) }, { status: 422 });
  }
}
