/** Taking a whole log in, beside a program that parses the same lines and inserts them, and keeps no promise. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, type Figure, type Size, takeTurns } from './bench.ts';
import { lengthen } from './long-log.ts';
import { compared, measured } from './process.ts';
import { BenchStage } from './stage.ts';

const bare = join(import.meta.dirname, 'bare-import.ts');

async function run({ events }: Size): Promise<Figure[]> {
  const stage = await BenchStage.set();
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  try {
    await stage.advance(1, stage.commit('Change 1'));
    await lengthen(stage.store, { events, lane: 'acme-web' });
    const lines = join(folder, 'log.jsonl');
    await stage.pipeline('export', '--output', lines);
    const [mine, theirs] = [join(folder, 'import.db'), join(folder, 'bare.db')];
    const into = async <T>(file: string, work: () => Promise<T>): Promise<T> => {
      for (const end of ['', '-wal', '-shm']) await rm(file + end, { force: true });
      return work();
    };
    const { imported, inserted } = await takeTurns(3, {
      imported: () =>
        into(mine, () => stage.pipeline('import', lines, '--store', `sqlite:${mine}`)),
      inserted: () => into(theirs, () => measured([bare, lines, theirs])),
    });
    const what = `import of ${events.toLocaleString('en')} events`;
    const peer = { what: 'a bare parse and insert', runs: inserted };
    return compared(what, imported, peer, { time: { times: 1.5 }, memory: { most: 150 } });
  } finally {
    await rm(folder, { recursive: true });
    await stage.strike();
  }
}

export const bench: Bench = {
  about:
    '`pipeline import` of an exported log into a new file, beside a program that only parses the lines and inserts their values with a prepared statement, a thousand in one transaction.',
  missed:
    'each event is parsed twice, held against its place and its hash, inserted with its three indexes and taken in by the read models; the bare program parses and inserts into a table with one. The file is read twice: nothing is taken in before all of it was found to follow. Of the processor’s time, about: a quarter is the system’s, most of it for pages that go into the WAL and from there into the file, for an event’s id is anywhere in its index; a sixth is SQLite’s own; a tenth each is reading the lines’ JSON and collecting what they leave; a fifteenth is their text made again and the hashes over it.',
  run,
};
