/**
 * A process that appends until it is killed: `kill-writer.ts URL NAME [lying]`. It prints a number
 * once that append is acknowledged; the lying one, for the control, before it asks for it.
 */
import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { openLog } from '../../../src/store/open.ts';

const [url = '', name = '', manner = ''] = process.argv.slice(2);
/** It waits where the reader is slow: `process.stdout` would keep lines here, and they would go with the process. */
const tell = (n: number) => writeSync(1, `${n}\n`);
const event = (n: number, half: string) => {
  const id = `${name} ${n} ${half}`;
  return { id, type: 'thing.happened', data: { id }, metadata: {} };
};
const log = await openLog(url);
const append = (n: number) =>
  log.append([
    { stream: `${name} left`, expected: n - 1, events: [event(n, 'left')] },
    { stream: `${name} right`, expected: n - 1, events: [event(n, 'right')] },
  ]);

const [last] = (await log.readStream(`${name} right`)).slice(-1);
const done = last?.version ?? 0;
// Whether its last append was acknowledged, a killed writer cannot know. Asking again has to be harmless.
if (done > 0 && (await append(done)).outcome !== 'alreadyAppended') process.exit(1);
for (let n = done + 1; ; n++) {
  if (manner === 'lying') {
    tell(n);
    await setImmediate();
  }
  await append(n);
  if (manner !== 'lying') tell(n);
}
