/** The log is taken away under a run, in every way there is and between any two events: nothing more is asked of a vendor. */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLog } from '../../src/store/open.ts';
import { often } from '../store/attacks/seed.ts';
import { events as someEvents } from '../store/events.ts';
import { atEvent } from './at-event.ts';
import { type Ended, type Job, Stage } from './stage.ts';

const folder = (stage: Stage): string => dirname(stage.logFile);
const file = (stage: Stage): string => stage.logFile;

/** Another log of ours, whole and closed. @returns its file */
async function anotherLog(stage: Stage, size: number): Promise<string> {
  const other = join(stage.folder, 'other.db');
  const log = await openLog(`sqlite:${other}`);
  await log.append([{ stream: 'deploy/x', expected: 'none', events: someEvents(size) }]);
  await log.close();
  return other;
}

type Take = (stage: Stage) => void | Promise<void>;

/** Every way to take a log away that leaves something else, or nothing, at its place. */
const ways: Readonly<Record<string, Take>> = {
  'its file is moved away': (stage) => renameSync(file(stage), `${file(stage)}.old`),
  'its file is deleted': (stage) => rmSync(file(stage)),
  'its folder is deleted': (stage) => rmSync(folder(stage), { recursive: true }),
  'its folder is moved, and an empty one made': (stage) => {
    renameSync(folder(stage), `${folder(stage)}.old`);
    mkdirSync(folder(stage));
  },
  'its -wal is deleted': (stage) => rmSync(`${file(stage)}-wal`),
  'its -wal is emptied': (stage) => truncateSync(`${file(stage)}-wal`),
  'its -shm is deleted': (stage) => rmSync(`${file(stage)}-shm`),
  'all three files are deleted': (stage) => {
    for (const part of ['', '-wal', '-shm']) rmSync(file(stage) + part);
  },
  'all three are moved, and another run makes a new log': async (stage) => {
    for (const part of ['', '-wal', '-shm'])
      renameSync(file(stage) + part, `${file(stage)}.old${part}`);
    await stage.makeLog();
  },
  'another log is moved to its place, beside the -wal': async (stage) => {
    renameSync(await anotherLog(stage, 3), file(stage));
  },
  'a small log is copied over its file': async (stage) => {
    writeFileSync(file(stage), '');
    copyFileSync(await anotherLog(stage, 1), file(stage));
  },
  'its file is emptied': (stage) => truncateSync(file(stage)),
  'it is a link to another log now': async (stage) => {
    const other = await anotherLog(stage, 3);
    rmSync(file(stage));
    symlinkSync(other, file(stage));
  },
  'a copy of it is put back in its place': (stage) => {
    cpSync(file(stage), `${file(stage)}.copy`);
    renameSync(`${file(stage)}.copy`, file(stage));
  },
};
const names = Object.keys(ways);

/** What the vendors were asked to change. */
function writes(stage: Stage): unknown {
  const { apps, promotions } = stage.state();
  return { builds: apps['acme-staging']?.builds.map(({ id }) => id), promotions };
}

function expectNoticed(ended: Ended): void {
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 1 });
  expect(ended.stderr).toMatch(/E_STORE_(REPLACED|IO|CORRUPT)/);
}

describe('the log is taken away while staging is verified', { timeout: 90_000 }, () => {
  // What a run has open is the same in whichever process: the first way is tried on one of its own, and so is each below.
  it.each(names)('%s: production is not written, exit 1', async (name) => {
    const stage = await Stage.set();
    try {
      stage.hold();
      const commit = stage.commit('The first');
      const isProcess = name === names[0];
      const job = isProcess ? stage.startAdvance(501, commit) : stage.startAdvanceHere(501, commit);
      await job.saw('staging v4 is up');
      await ways[name]?.(stage);
      stage.letGo();
      expectNoticed(await job.ended);
      expect(stage.state().promotions).toEqual([]);
    } finally {
      await stage.strike();
    }
  });

  it('a log that SQLite itself writes back goes on', async () => {
    const stage = await Stage.set();
    try {
      stage.hold();
      const job = stage.startAdvance(501, stage.commit('The first'));
      await job.saw('staging v4 is up');
      const { default: Database } = await import('better-sqlite3');
      const handle = new Database(file(stage));
      for (const mode of ['passive', 'full', 'restart', 'truncate']) {
        handle.pragma(`wal_checkpoint(${mode})`);
      }
      handle.close();
      stage.letGo();
      expect(await job.ended).toMatchObject({ exit: 0 });
      expect(stage.state().promotions).toHaveLength(1);
    } finally {
      await stage.strike();
    }
  });
});

/** Every third of the events of a deploy that goes live, by night each, less the last one: after that there is nothing to notice. */
const boundaries = Array.from({ length: 13 }, (_, i) => i + 1).filter((n) => n % often(3, 1) === 0);

/** The job has stopped itself, and what was on its way to a vendor has arrived. */
async function stopped({ process: { pid } }: Job): Promise<void> {
  const isStopped = () => /^\d+ \(.*\) T/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  while (!isStopped()) await new Promise((soon) => setTimeout(soon, 10));
  await new Promise((later) => setTimeout(later, 300));
}

describe.concurrent('the log is taken away right after event', { timeout: 180_000 }, () => {
  it.each(boundaries)('%i: nothing more is asked of a vendor, exit 1', async (count) => {
    const take = ways[names[count % names.length] ?? ''];
    const stage = await Stage.set();
    try {
      stage.sandbox.control.fault({ service: 'heroku', kind: 'delay', delayMs: 60, times: 10_000 });
      const commit = stage.commit('The first');
      const job = stage.startAdvance(
        501,
        commit,
        atEvent({ build: 501, commit, count }, 'SIGSTOP'),
      );
      await stopped(job);
      expect(stage.eventCount(501, commit)).toBe(count);
      await take?.(stage);
      const before = writes(stage);
      job.process.kill('SIGCONT');
      expectNoticed(await job.ended);
      expect(writes(stage)).toEqual(before);
    } finally {
      await stage.strike();
    }
  });
});
