/** How much one read takes, over all of its pages: bounded, and without a stack that overflows. */
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createCircleCi } from '../../../src/effects/ci/circleci.ts';
import { createHttpClient } from '../../../src/effects/http/client.ts';
import { ReadBudget, VendorTooLarge } from '../../../src/effects/http/pages.ts';
import { undiciTransport } from '../../../src/effects/http/undici-transport.ts';
import { HerokuApi } from '../../../src/effects/targets/heroku/api.ts';
import { type Asked, type Reply, startAnsweringServer } from '../answering-server.ts';
import { toldFailureOf } from '../lockstep-error.ts';
import { createVirtualClock } from '../virtual-clock.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function stage(answer: (asked: Asked, before: number) => Reply) {
  const server = await startAnsweringServer(answer);
  const transport = undiciTransport();
  closers.push(() => transport.close(), server.close);
  const clock = createVirtualClock({ holdMs: 30_000 });
  const http = createHttpClient({
    transport: transport.send,
    clock,
    random: () => 0.5,
    beforeWrite: async () => {},
    notice: () => {},
  });
  const ports = { http, clock, signal: new AbortController().signal, progress: () => {} };
  return { server, ports };
}

/** An array of so many times the text, as JSON. */
const many = (count: number, text: string): string => `[${Array(count).fill(text).join(',')}]`;
const item = z.looseObject({});

describe('a list of Heroku', () => {
  const list = async (answer: (asked: Asked, before: number) => Reply) => {
    const { server, ports } = await stage(answer);
    const api = new HerokuApi({ baseUrl: server.url, token: 'token' });
    return { server, listed: api.list('/apps', item, ports) };
  };

  it('of 800,000 items in one answer is too large, and overflows no stack', async () => {
    const { listed } = await list(() => ({ status: 200, body: many(800_000, '{}') }));
    const error = await toldFailureOf(listed);
    expect(error).toBeInstanceOf(VendorTooLarge);
    expect(error.code).toBe('E_VENDOR_TOO_LARGE');
    expect(error.message).toContain('/apps');
  });

  it('is read whole as long as it is within the bounds', async () => {
    const pages = 40;
    const { listed, server } = await list((_, before) => ({
      status: before + 1 < pages ? 206 : 200,
      headers: before + 1 < pages ? { 'next-range': `id ${before}..; max=1000` } : {},
      body: many(1_000, '{"a":1}'),
    }));
    expect((await listed).length).toBe(40_000);
    expect(server.asked).toHaveLength(pages);
  });

  it('ends at 64 MiB over all pages', async () => {
    const large = `[{"a":"${'x'.repeat(10 * 1024 * 1024)}"}]`;
    const { listed, server } = await list((_, before) => ({
      status: 206,
      headers: { 'next-range': `id ${before}..` },
      body: large,
    }));
    expect((await toldFailureOf(listed)).message).toContain('64 MiB');
    expect(server.asked).toHaveLength(7);
  });

  it('ends after forty pages', async () => {
    const { listed, server } = await list((_, before) => ({
      status: 206,
      headers: { 'next-range': `id ${before}..` },
      body: '[{}]',
    }));
    expect((await toldFailureOf(listed)).code).toBe('E_VENDOR_TOO_LARGE');
    expect(server.asked).toHaveLength(40);
  });
});

describe('the builds of CircleCI', () => {
  const builds = async (answer: (asked: Asked) => Reply) => {
    const { server, ports } = await stage(answer);
    const circleci = createCircleCi({
      baseUrl: server.url,
      token: 't',
      projectSlug: 'gh/acme/web',
    });
    return circleci.builds({ job: 'deploy', branch: 'master' }, ports);
  };
  const pipeline = '{"id":"p","number":1,"vcs":{"branch":"master","revision":"a"}}';
  const workflow = '{"id":"w","pipeline_id":"p","status":"running","created_at":""}';
  const page = (items: string): Reply => ({
    status: 200,
    body: `{"items":${items},"next_page_token":null}`,
  });

  it.each(['pipeline', 'workflow', 'job'])(
    'with 800,000 %ss are too large, and overflow no stack',
    async (of) => {
      const error = await toldFailureOf(
        builds(({ path }) => {
          const what = /\/job$/.test(path)
            ? 'job'
            : /\/workflow$/.test(path)
              ? 'workflow'
              : 'pipeline';
          const count = what === of ? 800_000 : 1;
          if (what === 'job') return page(many(count, '{"name":"a","status":"b"}'));
          if (what === 'pipeline') return page(many(of === what ? 300_000 : 1, pipeline));
          return page(many(of === what ? 300_000 : 1, workflow));
        }),
      );
      expect(error.code).toBe('E_VENDOR_TOO_LARGE');
    },
  );

  it('share one bound over all of their lists', async () => {
    const error = await toldFailureOf(
      builds(({ path }) => {
        if (path.endsWith('/job')) return page(many(4_000, '{"name":"a","status":"b"}'));
        return page(path.endsWith('/workflow') ? many(1, workflow) : many(20, pipeline));
      }),
    );
    expect(error.code).toBe('E_VENDOR_TOO_LARGE');
    expect(ReadBudget.itemsMax).toBe(50_000);
  });
});
