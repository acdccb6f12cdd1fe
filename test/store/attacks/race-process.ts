/** `race-process.ts URL RACERS`: for each version that it reads, that many appends at once; prints what they came to. */
import { createInterface } from 'node:readline';
import { openLog } from '../../../src/store/open.ts';
import { race } from './race.ts';

const [url = '', racers = '1'] = process.argv.slice(2);
const log = await openLog(url);
process.stdout.write('ready\n');
for await (const version of createInterface(process.stdin)) {
  const outcomes = await race([log], Number(racers), 'a', Number(version));
  process.stdout.write(`${JSON.stringify(outcomes)}\n`);
}
await log.close();
