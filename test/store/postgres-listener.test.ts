/** What is believed of a connection that hears of writes: from the answer to LISTEN on, and until it ends. */
import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { PostgresListener } from '../../src/store/postgres/listener.ts';
import type { PostgresSession } from '../../src/store/postgres/session.ts';

/** A session whose server answers when the test says so. */
class ToldSession {
  readonly client = Object.assign(new EventEmitter(), {
    query: (sql: string) => {
      this.acts.push(sql);
      return this.listening.promise;
    },
  });
  readonly acts: string[] = [];
  readonly listening = Promise.withResolvers<void>();

  async connected() {
    this.acts.push('connect');
    return this.client;
  }
  drop(): void {
    this.acts.push('drop');
  }
  async close(): Promise<void> {
    this.acts.push('close');
    this.client.emit('end');
  }
}

let sessions: ToldSession[];
let heard: number[];
let turns: boolean[];
let listener: PostgresListener;
beforeEach(() => {
  [sessions, heard, turns] = [[], [], []];
  listener = new PostgresListener(
    () => {
      const session = new ToldSession();
      sessions.push(session);
      return session as unknown as PostgresSession;
    },
    {
      heard: (revision) => heard.push(revision),
      turned: () => turns.push(listener.isLive),
    },
  );
});

const settled = () => new Promise((resolve) => setImmediate(resolve));
async function started(): Promise<ToldSession> {
  listener.start();
  await settled();
  const [session] = sessions;
  if (session === undefined) throw new Error('nothing was connected');
  return session;
}

describe('who listens', () => {
  it('is believed from the answer on, until the connection ends; each of both is told', async () => {
    const session = await started();
    expect(session.acts).toEqual(['connect', 'listen lockstep']);
    expect(listener.isLive).toBe(false);
    session.listening.resolve();
    await settled();
    expect(listener.isLive).toBe(true);
    session.client.emit('end');
    await settled();
    expect(listener.isLive).toBe(false);
    expect(turns).toEqual([true, false]);
    await listener.close();
  });

  it('tells of the revisions that it hears, from its first word on', async () => {
    const session = await started();
    for (const payload of ['7', '8']) session.client.emit('notification', { payload });
    expect(heard).toEqual([7, 8]);
    await listener.close();
  });

  it('gives up a connection that does not take LISTEN, and is not believed', async () => {
    const session = await started();
    session.listening.reject(new Error('no'));
    await settled();
    expect(session.acts.at(-1)).toBe('drop');
    expect(listener.isLive).toBe(false);
    await listener.close();
  });

  it('is one, however often it is started, and none once it was closed', async () => {
    const session = await started();
    listener.start();
    session.listening.resolve();
    await settled();
    await listener.close();
    await settled();
    expect([session.acts.at(-1), listener.isLive]).toEqual(['close', false]);
    listener.start();
    await settled();
    expect(sessions).toHaveLength(1);
    const never = new PostgresListener(
      () => {
        throw new Error('it connects');
      },
      { heard: () => {}, turned: () => {} },
    );
    await never.close();
    never.start();
  });
});
