/**
 * `taker-process.ts URL NAME COUNT MANNER`: takes a resource for a millisecond, dawdles, and appends
 * under its token, until its input ends; prints a line when it was overtaken so often. `unfenced` is
 * the control.
 */
import { setTimeout } from 'node:timers/promises';
import { FencedOff } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';

const [url = '', name = '', count = '0', manner = ''] = process.argv.slice(2);
const log = await openLog(url);
let isOver = false;
process.stdin.resume().on('end', () => {
  isOver = true;
});
let overtaken = 0;
function countOne(): void {
  overtaken++;
  if (overtaken === Number(count)) process.stdout.write(`${overtaken}\n`);
}
for (let n = 1; !isOver; n++) {
  const lease = await log.take('r', { name }, 1);
  if (lease === null) {
    await setTimeout(1);
    continue;
  }
  const { resource, token } = lease;
  await setTimeout(Math.random() * 8);
  const event = { id: `${name} ${n}`, type: 'thing.happened', data: { token }, metadata: {} };
  const options = manner === 'unfenced' ? {} : { fence: { resource, token } };
  if (manner === 'unfenced' && (await log.lease(resource))?.token !== token) countOne();
  try {
    await log.append([{ stream: 'r', expected: 'any', events: [event] }], options);
  } catch (error) {
    if (!(error instanceof FencedOff)) throw error;
    countOne();
  }
}
await log.close();
