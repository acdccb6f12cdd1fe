/** The least that taking a log in can be: each line parsed and inserted. `node bench/bare-import.ts LINES FILE` */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { bareTable } from './bare.ts';

const [lines = '', file = ''] = process.argv.slice(2);
const { handle, insert } = bareTable(file);
const begin = handle.prepare('begin immediate');
const commit = handle.prepare('commit');
let count = 0;
for await (const line of createInterface({ input: createReadStream(lines) })) {
  if (count % 1_000 === 0) begin.run();
  insert(JSON.parse(line));
  if (++count % 1_000 === 0) commit.run();
}
if (handle.inTransaction) commit.run();
handle.close();
