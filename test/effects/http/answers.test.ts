/** What a vendor's answer is made of: the code of each refusal, its words, what to do, and by which id it is reported. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ensureOk, malformed, readJson } from '../../../src/effects/http/answers.ts';
import { VendorMalformed, VendorRefused } from '../../../src/effects/http/errors.ts';
import type { HttpRequest, HttpResponse } from '../../../src/effects/http/request.ts';
import { Gate, within } from '../../../src/redaction/gate.ts';
import { vendors } from '../vendors.ts';

const { heroku } = vendors;
const request: HttpRequest = {
  vendor: heroku,
  method: 'GET',
  url: 'https://api.heroku.com/apps/acme?secret=1',
  signal: new AbortController().signal,
};
const ofEndpoint: HttpRequest = { ...request, vendor: 'endpoint', url: 'https://acme.test/up' };
const answer = (over: Partial<HttpResponse>): HttpResponse => ({
  status: 200,
  headers: {},
  body: '',
  ...over,
});

function refusal(over: Partial<HttpResponse>, by = request): VendorRefused {
  try {
    ensureOk(by, answer(over));
  } catch (error) {
    if (error instanceof VendorRefused) return error;
    throw error;
  }
  throw new Error('it is not refused');
}

function misread(body: string, schema: z.ZodType, by = request): VendorMalformed {
  try {
    readJson(by, answer({ body }), schema);
  } catch (error) {
    if (error instanceof VendorMalformed) return error;
    throw error;
  }
  throw new Error('it is understood');
}

describe('a refusal', () => {
  const auth =
    'Check HEROKU_API_KEY: it is missing, wrong or expired, or its account may not do this.';
  const lost = 'Check the name in pipeline.yml, and that the account of HEROKU_API_KEY may see it.';
  const unwell = `See ${heroku.statusPage}; when Heroku is well again, run the same command again.`;
  const limited =
    'Others share the account of HEROKU_API_KEY; run the same command again in a few minutes.';

  it.each<[number, string, string | undefined]>([
    [400, 'E_VENDOR_INVALID', undefined],
    [401, 'E_VENDOR_AUTH', auth],
    [402, 'E_VENDOR_FAILED', unwell],
    [403, 'E_VENDOR_AUTH', auth],
    [404, 'E_VENDOR_NOT_FOUND', lost],
    [406, 'E_VENDOR_INVALID', undefined],
    [409, 'E_VENDOR_CONFLICT', undefined],
    [410, 'E_VENDOR_NOT_FOUND', lost],
    [412, 'E_VENDOR_CONFLICT', undefined],
    [416, 'E_VENDOR_INVALID', undefined],
    [418, 'E_VENDOR_FAILED', unwell],
    [422, 'E_VENDOR_INVALID', undefined],
    [429, 'E_VENDOR_RATE_LIMIT', limited],
    [500, 'E_VENDOR_FAILED', unwell],
    [503, 'E_VENDOR_FAILED', unwell],
    [199, 'E_VENDOR_FAILED', unwell],
  ])('by status %d is %s', (status, code, hint) => {
    const error = refusal({ status });
    expect(error).toMatchObject({
      code,
      status,
      method: 'GET',
      id: null,
      message: `Heroku answered ${status} to GET /apps/acme`,
      details: { vendor: 'heroku', path: '/apps/acme', requestId: null },
    });
    expect(error.hint).toBe(hint);
    expect(refusal({ status }, ofEndpoint).hint).toBeUndefined();
  });

  it.each([200, 204, 299])('is none by status %d', (status) => {
    expect(ensureOk(request, answer({ status })).status).toBe(status);
  });

  it.each<[string, Partial<HttpResponse>, string, string | null]>([
    [
      'an id and a message',
      { body: '{"id":"not_found","message":"No app."}' },
      ': No app.',
      'not_found',
    ],
    ['an error', { body: '{"error":"no_app"}' }, ': no_app', null],
    [
      'a message that is none',
      { body: '{"id":7,"message":{"a":1},"error":"no_app"}' },
      ': no_app',
      null,
    ],
    ['JSON without words', { body: '{"a":1}' }, '', null],
    ['JSON that is no object', { body: '"No app."' }, ': "No app."', null],
    ['null', { body: 'null' }, ': null', null],
    ['text', { body: ' No app.\n' }, ': No app.', null],
    ['a page', { body: '<html>No app.</html>' }, '', null],
    [
      'what calls itself a page',
      { body: 'No app.', headers: { 'content-type': 'text/html' } },
      '',
      null,
    ],
    ['nothing', { body: '' }, '', null],
  ])('says what it says: %s', (_, over, words, id) => {
    const error = refusal({ status: 404, ...over });
    expect(error.message).toBe(`Heroku answered 404 to GET /apps/acme${words}`);
    expect(error.id).toBe(id);
  });
});

it.each<[string, HttpRequest, Record<string, string>, string | null]>([
  ['none', request, { 'x-other': '1' }, null],
  ['the usual one', request, { 'request-id': 'r-1', 'x-request-id': 'r-2' }, 'r-1'],
  ['the other usual one', request, { 'x-request-id': 'r-2' }, 'r-2'],
  [
    'the vendor’s own',
    { ...request, vendor: vendors.github },
    { 'x-github-request-id': 'r-3' },
    'r-3',
  ],
  ['an endpoint’s', ofEndpoint, { 'request-id': 'r-1' }, 'r-1'],
  [
    'one with a secret and a control character in it',
    { ...request, headers: { authorization: 'Bearer HRKU-secret-token-1' } },
    { 'request-id': 'r-HRKU-secret-token-1\u001b[2J' },
    'r-[secret] [2J',
  ],
  ['another vendor’s, at an endpoint', ofEndpoint, { 'x-github-request-id': 'r-3' }, null],
])('a request is reported by its id: %s', (_, by, headers, requestId) => {
  expect(refusal({ status: 500, headers }, by).details).toMatchObject({ requestId });
  const error = malformed(by, 'it is odd', answer({ status: 202, headers }));
  expect(error.details).toMatchObject({ requestId, status: 202 });
});

describe('an answer that cannot be understood', () => {
  const schema = z.object({ app: z.object({ name: z.string() }) });

  it.each<[string, string, z.ZodType]>([
    ['it is empty', ' \n', schema],
    ['it is not JSON', '{', schema],
    ['Invalid input: expected object, received null', 'null', schema],
    ['app.name: Invalid input: expected string, received number', '{"app":{"name":7}}', schema],
    ['1: Invalid input: expected string, received number', '["a",7]', z.array(z.string())],
  ])('is told: %s', (why, body, of) => {
    const error = misread(body, of);
    expect(error.message).toBe(`Heroku’s answer to GET /apps/acme cannot be understood: ${why}`);
    expect(error.hint).toBe(
      'Nothing is assumed from such an answer. Run the same command again; if it stays so, report it with the request id.',
    );
    expect(error.details).toEqual({
      vendor: 'heroku',
      method: 'GET',
      path: '/apps/acme',
      status: 200,
      requestId: null,
    });
  });

  it('of an endpoint is told by its URL, once', () => {
    const { message } = misread('', schema, ofEndpoint);
    expect(message).toBe('https://acme.test/up’s answer to GET cannot be understood: it is empty');
  });

  it('and that did not come whole has no status', () => {
    expect(malformed(request, 'it is cut').details).toMatchObject({
      status: null,
      requestId: null,
    });
  });
});

it('of a path nothing is shown from where it is encoded on', () => {
  const url = 'https://api.heroku.com/apps/acme/%73ecret?a=1';
  expect(refusal({ status: 400 }, { ...request, url }).details).toMatchObject({
    path: '/apps/acme/…',
  });
});

it('no part of a secret is shown where the words are cut', () => {
  const by = { ...request, headers: { authorization: 'Bearer HRKU-secret-token-1' } };
  for (let length = 270; length < 310; length++) {
    const { message } = refusal(
      { status: 400, body: `${'x'.repeat(length)} HRKU-secret-token-1` },
      by,
    );
    expect(message).not.toContain('HRKU');
  }
});

describe('what a vendor repeats of a request is not shown', () => {
  const gate = new Gate();
  gate.hide('secret-of-process-1');
  const webhook = 'https://hooks.slack.com/services/T0123456/B0123456/XXXXXXXXXXXX';
  it.each<[string, HttpRequest, string]>([
    [
      'a token of six characters',
      { ...request, headers: { authorization: 'Bearer abc-12' } },
      'abc-12',
    ],
    ...['x-api-key', 'cookie', 'x-signature', 'x-secret', 'private-token'].map(
      (name): [string, HttpRequest, string] => [
        `the header ${name}`,
        { ...request, headers: { [name]: 'abc-12' } },
        'abc-12',
      ],
    ),
    ...['ana-lima', 'pass%21word', 'pass!word', 'query%2Fsecret', 'query/secret'].map(
      (part): [string, HttpRequest, string] => [
        `of its URL ${part}`,
        { ...request, url: 'https://ana-lima:pass%21word@a.test/x?of=query%2Fsecret' },
        part,
      ],
    ),
    [
      'a value of its query',
      { ...request, url: 'https://a.test/x?page=2&token=query-secret' },
      'query-secret',
    ],
    [
      'the first part of a secret path',
      { ...request, vendor: vendors.slack, url: webhook },
      'T0123456',
    ],
    ['its last part', { ...request, vendor: vendors.slack, url: webhook }, 'XXXXXXXXXXXX'],
    ['a secret of the process', request, 'secret-of-process-1'],
  ])('%s', (_, by, secret) => {
    within(gate, () => {
      const { message } = refusal({ status: 400, body: `no ${secret} here` }, by);
      expect(message).toContain(': no [secret] here');
      expect(malformed(by, `it is of ${secret}`).message).toContain(': it is of [secret]');
    });
  });
});
