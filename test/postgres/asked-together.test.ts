/** What an append asks its server: seven messages in three goes, however many looks it takes. */
import { Writable } from 'node:stream';
import type { Client } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { sendTogether } from '../../src/store/postgres/session.ts';
import { anEvent, events, type TestStore } from '../store/events.ts';
import { MeddlingProxy, type Message } from './proxy.ts';
import { usePostgres } from './use-postgres.ts';

const { store: created } = usePostgres();

let store: TestStore;
let proxy: MeddlingProxy;
beforeEach(async () => {
  store = await created();
  proxy = await MeddlingProxy.before(store.url);
});
afterEach(async () => {
  await proxy.close();
  await store.remove();
});

/** What ends each: of a simple one it is the statement itself. */
const isAsked = ({ from, type }: Message) => from === 'client' && /[QS]/.test(type);
/** Where the server waits for what is asked next. */
const isAnswered = ({ from, type }: Message) => from === 'server' && type === 'Z';

it('asks as many as there are things to do: begin with its limits, the lock, all looks, three writes, commit', async () => {
  const log = await openLog(proxy.url, { projections });
  const fence = await log.take('lane/a', { host: 'a' }, 60_000);
  if (fence === null) throw new Error('it is free');
  await log.append([{ stream: 'deploy/a', expected: 0, events: [anEvent()] }], { fence });
  let asked = 0;
  let answered = 0;
  proxy.at(1, {
    interference: (message) => {
      if (isAsked(message)) asked++;
      else answered++;
    },
    wanted: (message) => isAsked(message) || isAnswered(message),
    times: 100,
  });
  const moved = { ...anEvent(), metadata: { transition: { from: 'a', to: 'b', settled: false } } };
  await log.append([{ stream: 'deploy/a', expected: 1, events: [moved] }], { fence });
  proxy.leaveAlone();
  expect({ asked, answered }).toEqual({ asked: 7, answered: 7 });
  await log.close();
});

it('looks for more events than one statement has room for', async () => {
  const log = await openLog(store.url);
  const many = [{ stream: 'a', expected: 0 as const, events: events(1_700) }];
  const first = await log.append(many);
  expect(await log.append(many)).toEqual({ outcome: 'alreadyAppended', events: first.events });
  await log.close();
});

it('sends what is asked in one turn in one go', async () => {
  const goes: string[][] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      goes.push([String(chunk)]);
      done();
    },
    writev(chunks, done) {
      goes.push(chunks.map(({ chunk }) => String(chunk)));
      done();
    },
  });
  sendTogether({ connection: { stream } } as unknown as Client);
  for (const one of ['begin', 'lock', 'look']) stream.write(one);
  await new Promise((resolve) => setImmediate(resolve));
  stream.write('commit');
  expect(goes).toEqual([['begin', 'lock', 'look'], ['commit']]);
});
