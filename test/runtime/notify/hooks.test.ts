/** Hooks by the outbox, on a real log and real HTTP: each with its own place, nothing twice, nothing lost unsaid. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HooksSettings } from '../../../src/effects/channels/hooks/config.ts';
import { open as openHooks } from '../../../src/effects/channels/hooks/open.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import { schemaNumbers } from '../../../src/machine/event-schemas.ts';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { createNotifier, type Notifier, together } from '../../../src/runtime/notify/notifier.ts';
import { readUndelivered } from '../../../src/runtime/notify/read-undelivered.ts';
import { rosterKeeper } from '../../../src/runtime/notify/roster.ts';
import type { EventLog, JsonObject } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { type Receiver, startReceiver } from '../../effects/channels/hooks/receiver.ts';
import { sample } from '../../machine/samples.ts';

const lane = 'acme-web';
let receiver: Receiver;
let other: Receiver;
let folder: string;
let log: EventLog;
const lines: string[] = [];

beforeEach(async () => {
  receiver = await startReceiver();
  other = await startReceiver(receiver.secret);
  folder = mkdtempSync(join(tmpdir(), 'lockstep-hooks-'));
  log = await openLog(`sqlite:${join(folder, 'log.db')}`);
});
afterEach(async () => {
  await log.close();
  await receiver.close();
  await other.close();
  rmSync(folder, { recursive: true, force: true });
  lines.length = 0;
});

/** Another run with these hooks, as each job of a CI has one. */
function run(
  hooks: HooksSettings,
  startAt: number | 'head' = 0,
  { env = {}, unset = [] }: { env?: Record<string, string>; unset?: readonly string[] } = {},
): Notifier {
  const ports = { clock: systemClock, folder, env: { PATH: process.env.PATH, ...env } };
  const channels = openHooks(hooks, { SECRET: receiver.secret }, ports);
  expect(channels.flatMap((one) => ('unset' in one ? one.unset : []))).toEqual(unset);
  return together([
    ...channels.flatMap((channel) =>
      'unset' in channel
        ? []
        : createNotifier({
            ...{ log, channel, lane, startAt },
            ports: {
              http: receiver.http,
              clock: systemClock,
              progress: (line) => lines.push(line),
            },
            owner: { host: 'here', run: randomUUID() },
            leaseMs: 60_000,
          }),
    ),
    rosterKeeper(log, lane, channels),
  ]);
}

async function write(deploy: string, ...events: readonly DomainEvent[]): Promise<string[]> {
  const news = events.map(({ type, data }) => ({
    id: randomUUID(),
    type,
    schema: schemaNumbers.get(type) ?? 1,
    data: (type === 'deploy.requested' ? { ...data, deploy, lane } : data) as unknown as JsonObject,
    metadata: {},
  }));
  await log.append([{ stream: `deploy/${deploy}`, expected: 'any', events: news }]);
  return news.map(({ id }) => id);
}

const begun = [sample('deploy.requested'), sample('lock.acquired'), sample('deploy.observed')];
const idsOf = ({ taken }: Receiver): string[] => taken.map(({ body }) => JSON.parse(body).id);
const byUrl = { on: '*', url: '', secret: 'SECRET' };
const hook = (more: Partial<HooksSettings[number]> = {}): HooksSettings[number] => ({
  ...byUrl,
  url: receiver.url,
  ...more,
});
const unwell = (of: Receiver, status = 503): void => {
  of.answer = (_, response) => {
    response.writeHead(status).end('later, please');
    return true;
  };
};
const well = (of: Receiver): void => {
  of.answer = () => false;
};

describe('what cannot be delivered', () => {
  it('because a command’s variable is not set is told by the next run that has it', async () => {
    const paging = {
      ...{ on: '*', env: ['PAGER_KEY'] },
      run: 'test -n "$PAGER_KEY" || exit 1; echo "$PIPELINE_EVENT_ID" >> told',
    };
    const has = { env: { PAGER_KEY: 'k' } };
    const told = () => readFileSync(join(folder, 'told'), 'utf8').trim().split('\n');
    const ids = await write('501-aaaaaaaa', ...begun);
    await run([paging], 0, has).drain();
    ids.push(...(await write('502-bbbbbbbb', ...begun)));
    await run([paging], 'head', { unset: ['PAGER_KEY'] }).drain();
    expect(told()).toEqual(ids.slice(0, begun.length));
    await run([paging], 'head', has).drain();
    expect(told()).toEqual(ids);
    expect(await readUndelivered(log)).toEqual([]);
  });

  it('waits, is kept with its reason, and is delivered in order by a later run', async () => {
    const ids = [
      ...(await write('501-aaaaaaaa', ...begun)),
      ...(await write('502-bbbbbbbb', ...begun)),
    ];
    unwell(receiver);
    await run([hook()]).drain();
    const [first, ...none] = await readUndelivered(log);
    expect(none).toEqual([]);
    expect(first).toMatchObject({
      lane,
      title: `hook ${receiver.url.slice('http://'.length)}`,
      waiting: {
        event: { id: ids[0], type: 'deploy.requested', deploy: '501-aaaaaaaa', position: 1 },
        tries: 1,
        code: 'E_HOOK_LATER',
        message: expect.stringContaining('answered 503: later, please'),
      },
    });
    await run([hook()]).drain();
    const [second] = await readUndelivered(log);
    expect(second?.waiting).toMatchObject({ tries: 2, since: first?.waiting?.since });
    well(receiver);
    await run([hook()]).drain();
    expect(idsOf(receiver)).toEqual(ids);
    expect(await readUndelivered(log)).toEqual([]);
  });

  it('has the same id however often it is sent, and a signature of the time when it is', async () => {
    const [id] = await write('501-aaaaaaaa', sample('deploy.requested'));
    unwell(receiver);
    await run([hook()]).drain();
    await sleep(1_100);
    well(receiver);
    await run([hook()]).drain();
    const [before, after] = receiver.requests;
    expect([before, after].map((one) => one?.headers['webhook-id'])).toEqual([id, id]);
    expect(before?.headers['webhook-timestamp']).not.toBe(after?.headers['webhook-timestamp']);
    expect(receiver.taken).toHaveLength(1);
  });

  it.each([410, 400, 413, 422])(
    'and is refused by %i is left out, with its reason, and the next one is sent',
    async (status) => {
      const ids = await write('501-aaaaaaaa', ...begun);
      unwell(receiver, status);
      receiver.answer = ({ body }, response) => {
        if (JSON.parse(body).type !== 'lock.acquired') return false;
        response.writeHead(status).end('not this one');
        return true;
      };
      await run([hook()]).drain();
      expect(idsOf(receiver)).toEqual([ids[0], ids[2]]);
      const [{ leftOut = [], leftOutCount, waiting } = {}] = await readUndelivered(log);
      expect({ leftOutCount, waiting }).toEqual({ leftOutCount: 1, waiting: null });
      expect(leftOut[0]).toMatchObject({ event: { id: ids[1], type: 'lock.acquired' } });
      expect(leftOut[0]?.reason).toContain(`answered ${status}: not this one`);
      await run([hook()]).drain();
      expect(receiver.requests).toHaveLength(3);
    },
  );

  it.each([401, 403, 404])(
    'and is refused by %i waits: whoever mends the secret or the address loses no event',
    async (status) => {
      const ids = await write('501-aaaaaaaa', ...begun);
      unwell(receiver, status);
      await run([hook()]).drain();
      expect(receiver.requests).toHaveLength(1);
      const [{ waiting, leftOutCount } = {}] = await readUndelivered(log);
      expect({ code: waiting?.code, leftOutCount }).toEqual({
        code: 'E_HOOK_UNKNOWN',
        leftOutCount: 0,
      });
      well(receiver);
      await run([hook()]).drain();
      expect(idsOf(receiver)).toEqual(ids);
    },
  );

  it.each([408, 425, 429, 500, 503])('and meets a %i is no refusal', async (status) => {
    await write('501-aaaaaaaa', ...begun);
    unwell(receiver, status);
    await run([hook()]).drain();
    expect(receiver.requests).toHaveLength(1);
    expect((await readUndelivered(log))[0]?.waiting?.code).toBe('E_HOOK_LATER');
  });

  it('and is sent elsewhere by a redirect goes nowhere', async () => {
    await write('501-aaaaaaaa', ...begun);
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.answer = (_, response) => {
        response.writeHead(status, { location: other.url }).end();
        return true;
      };
      await run([hook()]).drain();
    }
    expect(other.requests).toEqual([]);
    expect((await readUndelivered(log))[0]?.waiting).toMatchObject({
      code: 'E_HOOK_MOVED',
      tries: 5,
    });
  });

  it('when the run ends is told so, within the time that the run gives it', async () => {
    await write('501-aaaaaaaa', ...begun);
    receiver.answer = () => true;
    const hanging = run([
      hook(),
      { on: '*', run: "trap '' TERM; echo $$ > pid; while :; do sleep 1; done" },
    ]);
    hanging.start();
    while (receiver.requests.length === 0 || !pidOf()) await sleep(10);
    expect(await hanging.flush(50)).toBe('timedOut');
    let found = await readUndelivered(log);
    while (found.length < 2) found = await sleep(10).then(() => readUndelivered(log));
    for (const { waiting } of found) {
      expect(waiting).toMatchObject({ event: { position: 1 }, tries: 0 });
      expect(waiting?.message).toContain('the run ended before it was told');
    }
    // Its group has nobody any more, once the system has buried them.
    while (isThere(-Number(pidOf()))) await sleep(5);
  });
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const pidOf = (): string => {
  try {
    return readFileSync(join(folder, 'pid'), 'utf8').trim();
  } catch {
    return '';
  }
};

describe('each hook of a list', () => {
  it('has its own place: one that is dead holds up no other', async () => {
    const ids = await write('501-aaaaaaaa', ...begun);
    unwell(receiver);
    const hooks = [hook(), hook({ url: other.url }), { on: '*', run: 'cat > last.json' }];
    await run(hooks).drain();
    expect(idsOf(other)).toEqual(ids);
    expect(JSON.parse(readFileSync(join(folder, 'last.json'), 'utf8')).id).toBe(ids[2]);
    well(receiver);
    await run(hooks).drain();
    expect(idsOf(receiver)).toEqual(ids);
    expect(idsOf(other)).toEqual(ids);
  });

  it('keeps it wherever it stands, and while it is not there, and another begins anew', async () => {
    const [a, b] = [hook(), hook({ url: other.url })];
    const first = await write('501-aaaaaaaa', ...begun);
    unwell(other);
    await run([a, b]).drain();
    const second = await write('502-bbbbbbbb', ...begun);
    // Nobody is told of one that was taken out.
    await run([a]).drain();
    expect(await readUndelivered(log)).toEqual([]);
    well(other);
    await run([b, a]).drain();
    expect(idsOf(receiver)).toEqual([...first, ...second]);
    expect(idsOf(other)).toEqual([...first, ...second]);
    const anew = run([{ ...b, name: 'anew' }, a], 'head');
    const third = await write('503-cccccccc', ...begun);
    await anew.drain();
    expect(idsOf(other)).toEqual([...first, ...second, ...third]);
    // By its name it is the same, wherever it goes.
    await write('504-dddddddd', ...begun);
    await run([a, { ...hook(), name: 'anew' }]).drain();
    expect(receiver.taken).toHaveLength(4 * 3 + 3);
  });

  it('is told of what it asks for alone, in its order', async () => {
    const failed = sample('deploy.failed');
    const [requested] = await write('501-aaaaaaaa', ...begun);
    const [one] = await write('501-aaaaaaaa', failed);
    const rest = await write('502-bbbbbbbb', ...begun, failed, sample('production.held'));
    const on = ['deploy.*ed', '*.held'];
    await run([hook({ on })]).drain();
    expect(idsOf(receiver)).toEqual([
      requested,
      ...(await observed('501-aaaaaaaa')),
      one,
      rest[0],
      rest[2],
      rest[3],
      rest[4],
    ]);
  });

  it('goes over what is none of its own once, not at every run', async () => {
    for (let at = 0; at < 60; at++)
      await write(
        `${at}-aaaaaaaa`,
        ...begun,
        ...begun.slice(1),
        ...begun.slice(1),
        ...begun.slice(1),
      );
    const settings = [hook({ on: 'deploy.failed', name: 'failures' })];
    await run(settings).drain();
    expect((await log.checkpoint(`hooks/failures/${lane}`)).position).toBe(await log.head());
    const [id] = await write('1-aaaaaaaa', sample('deploy.failed'));
    await run(settings).drain();
    expect(idsOf(receiver)).toEqual([id]);
  });
});

async function observed(deploy: string): Promise<string[]> {
  const events = await log.readStream(`deploy/${deploy}`);
  return events.filter(({ type }) => type === 'deploy.observed').map(({ id }) => id);
}

describe('an endpoint', () => {
  it('that takes an event and never ends its answer has taken it', async () => {
    const ids = await write('501-aaaaaaaa', ...begun);
    receiver.answer = (request, response) => {
      receiver.taken.push(request);
      response.writeHead(200).write('and so on');
      return true;
    };
    await run([hook()]).drain();
    expect(idsOf(receiver)).toEqual(ids);
    expect(await readUndelivered(log)).toEqual([]);
  });

  it('that refuses without an end is read as far as its words may go', async () => {
    await write('501-aaaaaaaa', sample('deploy.requested'));
    let written = 0;
    receiver.answer = (_, response) => {
      response.writeHead(400);
      const more = (): void => {
        do written += 4_000;
        while (response.write('no! '.repeat(1_000)));
        response.once('drain', more);
      };
      more();
      return true;
    };
    await run([hook()]).drain();
    expect((await readUndelivered(log))[0]?.leftOut).toHaveLength(1);
    // What is on the way in the system’s buffers; the client’s own bound for any answer is 32 MiB.
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });
});
