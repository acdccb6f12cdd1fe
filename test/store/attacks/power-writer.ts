/**
 * A process that appends and prints what was acknowledged: `power-writer.ts FILE COUNT SYNCHRONOUS`.
 *
 * The WAL is written back every few rows, so that checkpoints and a WAL that starts over come up.
 */
import { openInside } from './inside.ts';

const [file = '', count = '0', synchronous = 'full'] = process.argv.slice(2);
const { connection, log } = await openInside(file, { rowsPerWriteBack: 9 });
connection.handle.pragma(`synchronous = ${synchronous}`);
const event = (id: string) => ({ id, type: 'thing.happened', data: { id }, metadata: {} });
for (let n = 1; n <= Number(count); n++) {
  const fence = { resource: 'r', token: n - 1 };
  await log.append(
    [
      { stream: 'left', expected: n - 1, events: [event(`${n} left`)] },
      { stream: 'right', expected: n - 1, events: [event(`${n} right`)] },
    ],
    {
      ...(n > 1 && { fence, release: fence }),
      grant: { resource: 'r', token: n, owner: {}, ttlMs: 60_000 },
    },
  );
  process.stdout.write(`${n}\n`);
}
await log.close();
