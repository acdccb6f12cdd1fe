/** Every single way to spoil a vendor's answer: its JSON by its schema, and what comes over the wire instead of it. */
import { z } from 'zod';
import { comparisonSchema, runsSchema } from '../../../src/effects/history/github.ts';
import type { HttpResponse } from '../../../src/effects/http/request.ts';
import {
  appSchema,
  buildSchema,
  couplingSchema,
  dynoSchema,
  featureSchema,
  formationSchema,
  imagesSchema,
  promotionSchema,
  promotionTargetSchema,
  releaseSchema,
  slugSchema,
  sourceSchema,
} from '../../../src/effects/targets/heroku/schemas.ts';
import {
  type Json,
  type JsonMutation,
  jsonMutations,
  type Kin,
  type Path,
  type Shape,
} from './json-mutations.ts';
import { isRead } from './schemas.ts';

export interface AnswerMutation {
  readonly name: string;
  readonly harmless: boolean;
  readonly needs: keyof Kin | null;
  /** Null where there is nothing to spoil. */
  readonly change: (answer: HttpResponse, kin: Kin) => HttpResponse | null;
}

/** By the path of the request; what is in none is spoilt in every field. */
const schemas: readonly (readonly [RegExp, z.ZodType])[] = [
  [/\/releases(\/[^/]+)?$/, releaseSchema],
  [/\/builds(\/[^/]+)?$/, buildSchema],
  [/\/slugs\/[^/]+$/, slugSchema],
  [/\/oci-images\/[^/]+$/, imagesSchema],
  [/\/pipeline-couplings$/, couplingSchema],
  [/^\/apps\/[^/]+$/, appSchema],
  [/\/promotion-targets$/, promotionTargetSchema],
  [/^\/pipeline-promotions(\/[^/]+)?$/, promotionSchema],
  [/\/dynos$/, dynoSchema],
  [/\/formation$/, formationSchema],
  [/\/features\/[^/]+$/, featureSchema],
  [/\/sources$/, sourceSchema],
  [/\/compare\//, comparisonSchema],
  [/\/runs$/, runsSchema],
];
/** Lists whose order nobody asked for and nobody may go by. */
const unordered = /\/(dynos|formation|promotion-targets)$/;
/** What the code that reads the answer to a request of this path can see of it. */
export function shapeOf(path: string): Shape {
  const schema = schemas.find(([pattern]) => pattern.test(path))?.[1];
  return {
    isRead: (at: Path) => schema === undefined || isRead(schema, at),
    isUnordered: (at: Path) => at.length === 0 && unordered.test(path),
  };
}

/** Whether the code that reads the answer gets past its schema; it may be refused for more than that. */
export function fits(path: string, { status, body }: HttpResponse): boolean {
  const schema = schemas.find(([pattern]) => pattern.test(path))?.[1];
  if (schema === undefined || status >= 300) return true;
  try {
    const value = JSON.parse(body) as Json;
    return (isList(path) ? z.array(schema) : schema).safeParse(value).success;
  } catch {
    return false;
  }
}

const isList = (path: string): boolean =>
  /\/(releases|builds|promotion-targets|dynos|formation)$/.test(path);

export function* answerMutations(
  path: string,
  { body, headers }: HttpResponse,
): Generator<AnswerMutation> {
  const isJson = headers['content-type']?.includes('json') === true;
  if (isJson) {
    const value = JSON.parse(body) as Json;
    for (const one of jsonMutations(value, shapeOf(path))) yield ofJson(one);
  } else {
    for (const name of Object.keys(headers).filter((name) => name.startsWith('x-')))
      yield* ofHeader(name);
  }
  yield* ofWire(isJson);
}

function ofJson({ change, ...mutation }: JsonMutation): AnswerMutation {
  return {
    ...mutation,
    change(answer, kin) {
      const spoilt = change(JSON.parse(answer.body) as Json, kin);
      return spoilt === undefined ? null : { ...answer, body: JSON.stringify(spoilt) };
    },
  };
}

const html =
  '<!DOCTYPE html><html><head><title>Application Error</title></head><body>error</body></html>';

function* ofWire(isJson: boolean): Generator<AnswerMutation> {
  const say = (name: string, change: (answer: HttpResponse) => HttpResponse): AnswerMutation => ({
    name: `the wire: ${name}`,
    harmless: false,
    needs: null,
    change,
  });
  const page = { 'content-type': 'text/html' };
  // Of an endpoint the status may be all that is asked: it is left as it is.
  const status = (answer: HttpResponse): number => (isJson ? 200 : answer.status);
  yield say('no body', (answer) => ({ ...answer, status: status(answer), body: '' }));
  yield say('204', ({ headers }) => ({ status: 204, headers, body: '' }));
  yield say('a page of HTML', (answer) => ({
    status: status(answer),
    headers: page,
    body: html,
  }));
  yield say('half of the body', (answer) => ({
    ...answer,
    body: answer.body.slice(0, answer.body.length / 2),
  }));
  yield say('404', () => ({ status: 404, headers: {}, body: '{"id":"not_found","message":"no"}' }));
  if (!isJson) return;
  yield say('206 without Next-Range', ({ body, headers: { 'next-range': _, ...headers } }) => ({
    status: 206,
    headers,
    body,
  }));
  yield say('an error with status 200', ({ headers }) => ({
    status: 200,
    headers,
    body: '{"id":"not_found","message":"no"}',
  }));
}

function* ofHeader(name: string): Generator<AnswerMutation> {
  const header = (what: string, change: (value: string) => string | undefined): AnswerMutation => ({
    name: `${name}: ${what}`,
    harmless: false,
    needs: null,
    change({ headers: { [name]: value, ...headers }, ...answer }) {
      if (value === undefined) return null;
      const after = change(value);
      return { ...answer, headers: after === undefined ? headers : { ...headers, [name]: after } };
    },
  });
  yield header('dropped', () => undefined);
  yield header('emptied', () => '');
  yield header('cut short', (value) => value.slice(0, 4));
  yield header('doubled', (value) => `${value}, ${value}`);
}
