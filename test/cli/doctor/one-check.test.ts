/** Checks of a check-up by themselves: what an endpoint answers, a lease that is given back, a timer that is called off. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Config } from '../../../src/cli/config/config.ts';
import { endpointChecks } from '../../../src/cli/doctor/endpoint-checks.ts';
import { examine } from '../../../src/cli/doctor/examine.ts';
import { type StoreInput, storeChecks } from '../../../src/cli/doctor/store-checks.ts';
import { ok } from '../../../src/effects/diagnosis.ts';
import type { HttpRequest } from '../../../src/effects/http/request.ts';

afterEach(() => vi.useRealTimers());

describe('an endpoint', () => {
  const revision = { header: 'X-Revision' };
  it.each<[string, number, Record<string, string>, string]>([
    ['as it should, whatever the case of its header', 200, { 'x-revision': 'a' }, 'ok'],
    ['without its header', 200, {}, 'error'],
    ['by a redirect', 302, { 'x-revision': 'a' }, 'warning'],
    ['with another success', 204, { 'x-revision': 'a' }, 'warning'],
    ['with a failure', 503, {}, 'warning'],
  ])('that answers %s', async (_, status, headers, verdict) => {
    const asked: HttpRequest[] = [];
    const send = async (request: HttpRequest) => {
      asked.push(request);
      return { status, headers, body: '' };
    };
    const endpoints = [{ url: 'https://acme.test/', status: 200, revision }];
    const verify = { endpoints };
    const config = {
      staging: { verify },
      canary: null,
      production: { verify },
    } as unknown as Config;
    const ports = { http: { send }, signal: new AbortController().signal } as never;
    const check = endpointChecks(config, ports).find(({ id }) => id === 'endpoints.production');
    const findings = await check?.look();
    expect(findings?.map((one) => one.verdict)).toEqual([verdict]);
    expect(asked).toMatchObject([{ vendor: 'endpoint', attemptsMax: 1, timeoutMs: 10_000 }]);
  });
});

it('the lease that shows that the log can be written is given back', async () => {
  const lease = { id: 'doctor' };
  const released: unknown[] = [];
  const log = {
    take: async () => lease,
    release: async (one: unknown) => released.push(one),
    head: async () => 7,
    close: async () => {},
  };
  const config = { app: 'acme-web' };
  const given = { storeUrl: 'sqlite:x', config, openLog: async () => log };
  const input = given as unknown as StoreInput;
  const { checks, close } = storeChecks(input);
  const writable = checks.find(({ id }) => id === 'store.writable');
  expect(await writable?.look()).toMatchObject([{ verdict: 'ok' }]);
  expect(released).toEqual([lease]);
  await close();
});

it('a check that is over is waited for no longer', async () => {
  vi.useFakeTimers();
  const look = async () => [ok('it is right')];
  await examine([{ id: 'a', subject: 'b', why: 'c', look }]);
  expect(vi.getTimerCount()).toBe(0);
});
