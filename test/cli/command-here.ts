/**
 * The command line within this process. Its modules are its own, as a process's are: its gate knows no
 * secret but those of its environment and of its runs.
 */
import { Writable } from 'node:stream';
import { vi } from 'vitest';
import type * as Main from '../../src/cli/main.ts';
import { systemClock } from '../../src/effects/clock.ts';
import type { Clock } from '../../src/effects/ports.ts';

export interface EndedHere {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class CommandHere {
  readonly #env: NodeJS.ProcessEnv;
  readonly #folder: string;
  readonly #clock: Clock;

  /** Whatever is imported from the sources after this belongs to it. */
  constructor(folder: string, env: Readonly<Record<string, string>>, clock = systemClock) {
    vi.resetModules();
    this.#clock = clock;
    this.#folder = folder;
    this.#env = { PATH: process.env.PATH, HOME: folder, ...env };
  }

  /** Everything that the run under way has printed. */
  printed = (): string => '';

  run(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<EndedHere> {
    return this.#within(args, more, (command) => command.run().then(({ exit }) => exit));
  }

  /** What the command prints of an error that comes out of its work. */
  tell(args: readonly string[], error: unknown): Promise<EndedHere> {
    return this.#within(args, {}, async (command) => command.told(error));
  }

  async #within(
    args: readonly string[],
    more: Readonly<Record<string, string>>,
    use: (command: Main.Invocation) => Promise<number>,
  ): Promise<EndedHere> {
    const before = { env: process.env, folder: process.cwd() };
    const [out, err] = [kept(), kept()];
    this.printed = () => out.text() + err.text();
    process.env = { ...this.#env, ...more };
    process.chdir(this.#folder);
    try {
      const { commandOf } = await import('../../src/cli/main.ts');
      const around = { stdout: out.stream, stderr: err.stream, env: process.env };
      const exit = await use(commandOf(args, around as Main.Surroundings, this.#clock));
      return { exit, stdout: out.text(), stderr: err.text() };
    } finally {
      process.chdir(before.folder);
      process.env = before.env;
    }
  }
}

function kept(): { stream: Writable; text: () => string } {
  let all = '';
  const stream = new Writable({
    write(chunk, _, done) {
      all += String(chunk);
      done();
    },
  });
  return { stream, text: () => all };
}
