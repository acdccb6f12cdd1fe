/**
 * `crowd-writer.ts FILE NAME COUNT MANNER`: as many appends as it can, and how long each took, printed
 * in the end as JSON with the errors that reached it. `deferred` is the control: a plain `begin`.
 */
import Database from 'better-sqlite3';
import { openLog } from '../../../src/store/open.ts';

const [file = '', name = '', count = '0', manner = ''] = process.argv.slice(2);
const tookMs: number[] = [];
const errors: string[] = [];
const append = manner === 'deferred' ? deferred() : await throughTheLog();
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  void appendAll();
});

async function appendAll(): Promise<void> {
  for (let n = 1; n <= Number(count); n++) {
    const startedAt = performance.now();
    try {
      await append(n);
    } catch (error) {
      errors.push(String((error as { code?: string }).code));
    }
    tookMs.push(performance.now() - startedAt);
  }
  process.stdout.write(`${JSON.stringify({ tookMs, errors })}\n`);
}

async function throughTheLog(): Promise<(n: number) => Promise<unknown>> {
  const log = await openLog(`sqlite:${file}`);
  return (n) => {
    const event = { id: `${name} ${n}`, type: 'thing.happened', data: { n }, metadata: {} };
    return log.append([
      { stream: n % 2 === 0 ? 'shared' : name, expected: 'any', events: [event] },
    ]);
  };
}

/** Reads before it writes, without having said that it will. */
function deferred(): (n: number) => Promise<unknown> {
  const handle = new Database(file, { timeout: 5_000 });
  handle.pragma('journal_mode = wal');
  handle.exec('create table if not exists t (x integer primary key, name text)');
  const last = handle.prepare('select max(x) from t').pluck();
  const insert = handle.prepare('insert into t values (?, ?)');
  const transaction = handle.transaction(() => insert.run(Number(last.get() ?? 0) + 1, name));
  return async () => transaction.deferred();
}
