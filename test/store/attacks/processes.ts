/** Processes that attack one log together. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { bundled } from '../bundled.ts';

/** A process running one of this folder's scripts, spoken to line by line. */
export class Attacker {
  readonly #child;
  readonly #over: Promise<unknown[]>;
  #out = '';
  #trouble = '';

  /** @param script of this folder */
  static async start(script: string, args: readonly string[]): Promise<Attacker> {
    const { file, env } = await bundled(join(import.meta.dirname, script));
    return new Attacker(file, args, env);
  }

  private constructor(file: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, [file, ...args], { stdio: 'pipe', env });
    this.#over = once(this.#child, 'close');
    // What is said to a process that has just ended is lost; its exit code tells why it ended.
    this.#child.stdin.on('error', () => {});
    this.#child.stdout.on('data', (text: Buffer) => {
      this.#out += text;
    });
    this.#child.stderr.on('data', (text: Buffer) => {
      this.#trouble += text;
    });
  }

  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    let isOver = false;
    const over = this.#over.then(() => {
      isOver = true;
    });
    for (;;) {
      const end = this.#out.indexOf('\n');
      if (end !== -1) {
        const line = this.#out.slice(0, end);
        this.#out = this.#out.slice(end + 1);
        return line;
      }
      if (isOver) throw new Error(`it ended without a word: ${this.#trouble}`);
      await Promise.race([once(this.#child.stdout, 'data'), over]);
    }
  }

  /** Ends its input, and waits for its end. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    const [code] = await this.#over;
    if (code !== 0) throw new Error(`it ended with ${code}: ${this.#trouble}`);
  }
}
