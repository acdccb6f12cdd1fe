/**
 * A host as small as one can be: a place is a folder, a release a folder in it, and the symbolic link `current` says which
 * one runs. It is switched by one rename, so that at every instant exactly one release runs.
 *
 *   FOLDERS/artifacts/ID/          what was built, once, for every place
 *   FOLDERS/PLACE/releases/12/     release.json, and `files`, a link to what it is made of
 *   FOLDERS/PLACE/current          -> releases/12
 *   FOLDERS/PLACE/lock             who deploys there now
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

export class Place {
  /** @param folder of all places; @param name of this one */
  constructor(folder, name) {
    this.artifacts = join(folder, 'artifacts');
    this.folder = join(folder, name);
    this.releasesFolder = join(this.folder, 'releases');
    mkdirSync(this.releasesFolder, { recursive: true });
    mkdirSync(this.artifacts, { recursive: true });
  }

  /** The number of what runs; null where nothing does. */
  get running() {
    try {
      return Number(basename(readlinkSync(join(this.folder, 'current'))));
    } catch (error) {
      if (error.code === 'ENOENT') return null;
      throw error;
    }
  }

  /** Every release there is, newest first, with its state. */
  releases() {
    const numbers = readdirSync(this.releasesFolder).filter((name) => /^\d+$/.test(name));
    const all = new Map(numbers.map((name) => [Number(name), this.read(Number(name))]));
    const { running } = this;
    // Each says what ran when it was made: the others never ran.
    const ran = new Set();
    for (let at = running; at !== null && at !== undefined; at = all.get(at)?.previous) ran.add(at);
    const holder = this.holder();
    const stateOf = (number) => {
      if (number === running) return 'running';
      if (ran.has(number)) return 'earlier';
      return holder?.release === number ? 'pending' : 'failed';
    };
    return [...all.values()]
      .sort((a, b) => b.number - a.number)
      .map((one) => ({
        ...one,
        state: stateOf(one.number),
        gone: !this.has(one.artifact.id),
      }));
  }

  read(number) {
    return JSON.parse(
      readFileSync(join(this.releasesFolder, String(number), 'release.json'), 'utf8'),
    );
  }

  /** Keeps files as an artifact, once for each content. */
  keep(bytes, unpack) {
    const digest = createHash('sha256').update(bytes).digest('hex');
    const id = digest.slice(0, 16);
    const kept = join(this.artifacts, id);
    if (!existsSync(kept)) {
      const half = join(this.artifacts, `.${randomUUID()}`);
      mkdirSync(half);
      unpack(half);
      try {
        renameSync(half, kept);
      } catch (error) {
        // Somebody else was faster, with the same content.
        if (!existsSync(kept)) throw error;
        rmSync(half, { recursive: true });
      }
    }
    return { kind: 'folder', id, digest: `sha256:${digest}` };
  }

  has(artifact) {
    return existsSync(join(this.artifacts, artifact));
  }

  /** Makes a release that does not run yet, and gives its number. */
  make(release) {
    const newest = this.releases()[0]?.number ?? 0;
    const number = newest + 1;
    const half = join(this.releasesFolder, `.${randomUUID()}`);
    mkdirSync(half);
    symlinkSync(join(this.artifacts, release.artifact.id), join(half, 'files'));
    const whole = { number, previous: this.running, ...release };
    writeFileSync(join(half, 'release.json'), JSON.stringify(whole));
    this.claim(number);
    renameSync(half, join(this.releasesFolder, String(number)));
    return number;
  }

  /** From here on that release runs, and no other. */
  switchTo(number) {
    const link = join(this.folder, `.${randomUUID()}`);
    symlinkSync(join('releases', String(number)), link);
    renameSync(link, join(this.folder, 'current'));
  }

  /**
   * Only one deploys at a time. False: somebody does. A holder that is dead holds nothing. Two that find it dead at one
   * instant could both begin; the lane's lock keeps them apart before.
   */
  lock(pid = process.pid) {
    const mine = join(this.folder, `.${randomUUID()}`);
    writeFileSync(mine, JSON.stringify({ pid, release: null }));
    try {
      if (this.holder() === null) rmSync(join(this.folder, 'lock'), { force: true });
      linkSync(mine, join(this.folder, 'lock'));
      return true;
    } catch (error) {
      if (error.code === 'EEXIST') return false;
      throw error;
    } finally {
      rmSync(mine);
    }
  }

  unlock() {
    rmSync(join(this.folder, 'lock'), { force: true });
  }

  /** Says which release it is that is being made. */
  claim(release) {
    const held = this.holder();
    if (held === null) return;
    const next = join(this.folder, `.${randomUUID()}`);
    writeFileSync(next, JSON.stringify({ ...held, release }));
    renameSync(next, join(this.folder, 'lock'));
  }

  /** Who deploys there now; null where nobody that lives does. */
  holder() {
    try {
      const held = JSON.parse(readFileSync(join(this.folder, 'lock'), 'utf8'));
      return isAlive(held.pid) ? held : null;
    } catch {
      return null;
    }
  }
}

/** One that has ended, and that nobody asked how, is dead too (state Z in Linux's /proc/PID/stat). */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/^\d+ \(.*\) [ZX]/s.test(readFileSync(stat, 'utf8'));
}
