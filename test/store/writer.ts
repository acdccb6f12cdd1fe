/**
 * A process that appends to a log until it is done or killed: `writer.ts URL NAME MODE COUNT`.
 *
 * Modes: `any` appends to a stream that all share; `exact` counts on the version it read last and
 * reads again after a conflict; `pair` writes two streams at once; `take` counts up a number under
 * a lease, and releases it.
 */
import { type EventLog, VersionConflict } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { anEvent } from './events.ts';

type Mode = (log: EventLog, name: string, n: number) => Promise<void>;

const modes: Record<string, Mode> = {
  async any(log, name, n) {
    await log.append([{ stream: 'shared', expected: 'any', events: [event(name, n)] }]);
  },
  async exact(log, name, n) {
    for (;;) {
      const version = (await log.readStream('shared')).length;
      try {
        await log.append([{ stream: 'shared', expected: version, events: [event(name, n)] }]);
        return;
      } catch (error) {
        if (!(error instanceof VersionConflict)) throw error;
      }
    }
  },
  async pair(log, name, n) {
    await log.append([
      { stream: `${name}/left`, expected: n - 1, events: [event(name, n, 'left')] },
      { stream: `${name}/right`, expected: n - 1, events: [event(name, n, 'right')] },
    ]);
  },
  async take(log, name, n) {
    for (;;) {
      const lease = await log.take('counter', { name }, 60_000);
      if (lease === null) {
        await log.changed({ timeoutMs: 60_000 });
        continue;
      }
      const { resource, token } = lease;
      // Nothing but the lease guards the number between these two.
      const { position } = await log.checkpoint('counter');
      await log.append(
        [{ stream: 'counter', expected: 'any', events: [event(name, n, `token ${token}`)] }],
        { fence: { resource, token } },
      );
      await log.saveCheckpoint(
        'counter',
        { position: position + 1, state: {} },
        { resource, token },
      );
      await log.release({ resource, token });
      return;
    }
  },
};

const event = (name: string, n: number, what = 'it') =>
  anEvent({ name, n }, `${name}-${n}-${what}`);

const [url = '', name = '', modeName = '', count = '0'] = process.argv.slice(2);
const mode = modes[modeName];
if (mode === undefined) throw new Error(`no mode ${modeName}`);
const log = await openLog(url);
for (let n = 1; n <= Number(count); n++) {
  await mode(log, name, n);
  process.stdout.write(`${n}\n`);
}
await log.close();
