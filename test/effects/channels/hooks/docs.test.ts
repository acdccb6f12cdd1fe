/** docs/hooks.md holds: its configurations are taken, its receiver accepts what is sent, its recipes run. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Memory, News } from '../../../../src/effects/channels/channel.ts';
import { schema } from '../../../../src/effects/channels/hooks/config.ts';
import {
  deployEnvelopeSchema,
  envelopeSchema,
  orderEnvelopeOf,
} from '../../../../src/effects/channels/hooks/envelope.ts';
import { open as openHooks } from '../../../../src/effects/channels/hooks/open.ts';
import { systemClock } from '../../../../src/effects/clock.ts';
import type { DomainEvent } from '../../../../src/machine/events.ts';
import { samples } from '../../../../src/machine/samples.ts';
import { orderSamples } from '../../../machine/order-samples.ts';
import { variants } from '../../../machine/samples.ts';
import { type Received, type Receiver, startReceiver } from './receiver.ts';

const root = join(import.meta.dirname, '../../../..');
const page = readFileSync(join(root, 'docs/hooks.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text,
  );

let folder: string;
let receiver: Receiver;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-hooks-docs-'));
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

const requested = { type: 'deploy.requested', data: samples['deploy.requested'] } as const;
const newsOf = (event: DomainEvent): News => ({
  id: '0190a0b0-0000-7000-8000-000000000001',
  deploy: '502-1a5f89db',
  position: 7,
  version: 3,
  time: '2026-01-05T13:04:05.678Z',
  history: event.type === 'deploy.requested' ? [event] : [requested, event],
  state: 'failed',
  nextTime: null,
  since: async () => ({ wentOn: false, shipped: null, follower: null }),
  head: async () => 'log head 00@1',
});
const failed = { type: 'deploy.failed', data: samples['deploy.failed'] } as const;

/** Delivers by the hook of that example which has this target. */
async function deliver(
  text: string,
  find: 'url' | 'run',
  env: Record<string, string>,
): Promise<unknown> {
  const hooks = schema
    .parse(parse(text).notify.hooks)
    .map((hook) => (hook.url === undefined ? hook : { ...hook, url: receiver.url }));
  const hook = hooks.filter((one) => one[find] !== undefined);
  const ports = { clock: systemClock, folder, env: { PATH: process.env.PATH, ...env } };
  const [channel] = openHooks(hook, { DEPLOYS_HOOK_SECRET: receiver.secret }, ports);
  if (channel === undefined || 'unset' in channel) throw new Error('there is no such hook');
  const { http } = receiver;
  const signal = new AbortController().signal;
  let left: unknown = null;
  await channel.deliver(newsOf(failed), {
    ports: { http, signal, progress: () => {} },
    memory: {},
    assertHeld: async () => {},
    remember: async (_: Memory) => {},
    leftOut: (error) => {
      left = error;
    },
  });
  return left;
}

const [config = '', chat = ''] = blocks('yaml');

describe('the receiver of the page', () => {
  it('takes what is sent, and nothing that was changed or is old', async () => {
    expect(await deliver(config, 'url', {})).toBeNull();
    const [sent] = receiver.taken as [Received];
    const [code = ''] = blocks('js');
    const file = join(folder, 'receiver.mjs');
    writeFileSync(file, code);
    const { isFromLockstep } = await import(pathToFileURL(file).href);
    const { headers, body } = sent;
    expect(isFromLockstep(headers, body, receiver.secret)).toBe(true);
    expect(isFromLockstep(headers, body.replace('502', '503'), receiver.secret)).toBe(false);
    const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    expect(isFromLockstep(headers, body, other)).toBe(false);
    for (const name of ['webhook-id', 'webhook-timestamp']) {
      const later = name === 'webhook-id' ? 'another' : String(Number(headers[name]) + 1);
      expect(isFromLockstep({ ...headers, [name]: later }, body, receiver.secret)).toBe(false);
    }
    const old = {
      ...headers,
      'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 301),
    };
    expect(isFromLockstep(old, body, receiver.secret)).toBe(false);
  });
});

describe('the event of the page', () => {
  const published = JSON.parse(readFileSync(join(root, 'schema/hook-event.schema.json'), 'utf8'));
  const isValid = new Ajv({ allErrors: true }).compile(published);

  it('is what is sent, of every type of event', async () => {
    const { envelopeOf } = await import('../../../../src/effects/channels/hooks/envelope.ts');
    const all = [
      ...Object.entries(samples).map(([type, data]) => ({ type, data }) as DomainEvent),
      ...variants,
    ];
    for (const event of all) {
      const sent = JSON.parse(JSON.stringify(envelopeOf(newsOf(event))));
      expect(envelopeSchema.safeParse(sent).error, event.type).toBeUndefined();
      expect(isValid(sent), JSON.stringify(isValid.errors)).toBe(true);
    }
    expect(all.length).toBeGreaterThan(20);
    for (const order of orderSamples) {
      const same = { id: 'an-id', position: 9, version: 4, time: new Date().toISOString() };
      const sent = orderEnvelopeOf({ ...same, lane: 'acme-web', order });
      expect(envelopeSchema.safeParse(sent).error, order.type).toBeUndefined();
      expect(isValid(sent), JSON.stringify(isValid.errors)).toBe(true);
      expect(sent.order).toMatchObject({ reason: 'incident 4711' });
    }
  });

  it('has a row for each field', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| .{10,} \|$/gm)].map(([, name]) => name);
    expect(rows).toEqual(Object.keys(deployEnvelopeSchema.shape));
  });
});

/** A service that answers so, and keeps what it was sent. */
async function service(status: number) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      bodies.push(text);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, bodies, close: () => new Promise((closed) => server.close(closed)) };
}

const missing = ['jq', 'curl'].filter((name) => spawnSync(name, ['--version']).status !== 0);
if (missing.length > 0)
  process.stderr.write(`recipes of hooks are skipped: ${missing.join(' and ')} not installed\n`);

describe.runIf(missing.length === 0)('a recipe of the page', () => {
  it.each([
    [202, 'delivered'],
    [500, 'tried again'],
    [429, 'tried again'],
    [400, 'left out'],
  ])('that pages somebody makes of %i: %s', async (status, outcome) => {
    const [script = ''] = blocks('sh');
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/page-someone'), script);
    chmodSync(join(folder, 'bin/page-someone'), 0o755);
    const pager = await service(status);
    // The page’s own hook hands on no more than the key.
    const withUrl = config.replace('env: [PAGER_KEY]', 'env: [PAGER_KEY, PAGER_URL]');
    const told = await deliver(withUrl, 'run', { PAGER_KEY: 'k', PAGER_URL: pager.url })
      .then((left) => (left === null ? 'delivered' : 'left out'))
      .catch(() => 'tried again');
    await pager.close();
    expect(told).toBe(outcome);
    expect(JSON.parse(pager.bodies[0] ?? '')).toMatchObject({
      routing_key: 'k',
      dedup_key: '502-1a5f89db',
      payload: { source: requested.data.lane },
    });
  });

  it('that posts to a chat says what happened', async () => {
    const room = await service(200);
    expect(await deliver(chat, 'run', { CHAT_URL: room.url })).toBeNull();
    await room.close();
    expect(JSON.parse(room.bodies[0] ?? '').text).toContain('failed while');
  });
});
