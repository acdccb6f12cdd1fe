/** Hears from the operating system that somebody writes to a log's WAL; the log is looked at now and then all the same. */
import { type FSWatcher, watch } from 'node:fs';

/**
 * From the first that is heard of a write to the look, in milliseconds. What is written is seen once it is on the disk,
 * and of many writes in a row not each is a reason to look.
 */
const settleMs = 10;

export class WalWatch {
  readonly #file: string;
  readonly #heard: () => void;
  #watcher: FSWatcher | null = null;
  #isStarted = false;
  #isLive = false;
  #settling: NodeJS.Timeout | null = null;

  /** @param file the log's; its locks are on that and on its `-shm`, so whoever closes its `-wal` takes none away */
  constructor(file: string, heard: () => void) {
    this.#file = file;
    this.#heard = heard;
  }

  /** Something was heard: before that, a file system that tells nothing looks like one on which nothing happens. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Once it cannot be watched, it is not tried again: whoever waits looks by itself. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    try {
      this.#watcher = watch(`${this.#file}-wal`, { persistent: false });
      this.#watcher.on('change', (what) => (what === 'change' ? this.#changed() : this.close()));
      this.#watcher.on('error', () => this.close());
    } catch {
      // No watch is left to be had, or there is no WAL.
    }
  }

  #changed(): void {
    this.#isLive = true;
    this.#settling ??= setTimeout(() => {
      this.#settling = null;
      this.#heard();
    }, settleMs).unref();
  }

  close(): void {
    this.#isStarted = true;
    this.#isLive = false;
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#watcher?.close();
    this.#watcher = null;
  }
}
