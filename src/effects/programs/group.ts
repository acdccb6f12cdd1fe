/** The process group of a program: asked to end, and seen to. None outlives this process, however that ends by itself. */

const running = new Set<Group>();
process.on('exit', () => {
  for (const group of running) group.kill();
});

/** Of a process that was started as the leader of a group. */
export class Group {
  readonly #pid: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ pid }: { readonly pid?: number | undefined }) {
    this.#pid = pid;
    running.add(this);
  }

  /** Asks it to end, and sees to it. */
  stop(afterMs: number): void {
    this.#send('SIGTERM');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send('SIGKILL'), afterMs);
  }

  /** Its leader has ended, and what that began may go on. */
  letGo(): void {
    clearTimeout(this.#timer);
    running.delete(this);
  }

  kill(): void {
    clearTimeout(this.#timer);
    if (running.delete(this)) this.#send('SIGKILL');
  }

  #send(signal: NodeJS.Signals): void {
    if (this.#pid === undefined) return;
    try {
      process.kill(-this.#pid, signal);
    } catch {
      // Nobody of it is left.
    }
  }
}
