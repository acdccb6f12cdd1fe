/** The log on a server is taken away or put back older under a process that has it open: its next write is refused. */
import { describe, expect, it } from 'vitest';
import { StoreReplaced, StoreUnavailable } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { events } from '../store/events.ts';
import { storeFixture } from '../store/fixture.ts';
import { writes, writesTo } from '../store/writes.ts';
import { execute } from './server.ts';
import { usePostgres } from './use-postgres.ts';

const { open, store } = storeFixture(usePostgres().store);

const drop = () => execute(store().url, 'drop schema lockstep cascade');
const startAgain = async (count: number) => {
  const log = await openLog(store().url);
  const batch = { stream: 'deploy/x', expected: 'any' as const, events: events(count) };
  if (count > 0) await log.append([batch]);
  await log.close();
};
/** As after a fail-over to a server that had not heard of the last events yet. */
const forget = (condition: string) =>
  execute(
    store().url,
    `alter table lockstep.events disable trigger user;
     delete from lockstep.events where ${condition};
     alter table lockstep.events enable trigger user`,
  );

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  'its schema is dropped': drop,
  'its schema is dropped and made again, empty': async () => {
    await drop();
    await startAgain(0);
  },
  'its schema is dropped and made again, with other events': async () => {
    await drop();
    await startAgain(5);
  },
  'its last event is lost': () => forget('position = 3'),
  'its last events are lost, and others took their places': async () => {
    await forget('position >= 2');
    await startAgain(4);
  },
  'all its events are lost': () => forget('true'),
};

describe.each(Object.entries(ways))('%s:', (_name, take) => {
  it.each(writes)('%s is refused', async (write) => {
    const log = await open();
    const { [write]: work } = await writesTo(log);
    await take();
    const error: unknown = await work().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnavailable);
    if (take !== drop) expect(error).toBeInstanceOf(StoreReplaced);
  });
});

it('an event that was only read counts as seen, too', async () => {
  const [log, other] = [await open(), await open()];
  await log.append([{ stream: 'lane/a', expected: 'none', events: events(1) }]);
  await other.append([{ stream: 'lane/a', expected: 1, events: events(1) }]);
  await log.readStream('lane/a');
  await forget('position = 2');
  await expect(log.take('run/b', {}, 60_000)).rejects.toBeInstanceOf(StoreReplaced);
});
