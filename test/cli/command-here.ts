/**
 * The command line within this process, one run at a time: a run has the environment and the current
 * folder to itself, of which a process has one each.
 */
import { Writable } from 'node:stream';
import { commandOf, type HostProcess, type Invocation } from '../../src/cli/main.ts';
import type { Clock } from '../../src/effects/clock.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { Gate, within } from '../../src/redaction/gate.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface EndedHere {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class CommandHere {
  readonly #env: NodeJS.ProcessEnv;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #columns: number | null;
  /** As a process has one: it knows no secret but those of its environment and of its runs. */
  readonly gate = new Gate();
  /** The run that began last, of any of these. */
  static #last: Promise<unknown> = Promise.resolve();

  /** @param columns of the terminal that its output is; left out: it is none */
  constructor(
    folder: string,
    env: Readonly<Record<string, string>>,
    { clock = systemClock, columns = null }: { clock?: Clock; columns?: number | null } = {},
  ) {
    this.#clock = clock;
    this.#columns = columns;
    this.#folder = folder;
    this.#env = { PATH: process.env.PATH, HOME: folder, ...env };
  }

  /** Everything that the run under way has printed. */
  printed = (): string => '';
  /** Told whenever it prints. */
  onPrint = (): void => {};

  /** @param more variables beside its own; one of `undefined` is not set */
  run(args: readonly string[], more: Environment = {}, folder?: string): Promise<EndedHere> {
    const ended = CommandHere.#last.then(() =>
      this.#within(args, more, (command) => command.run().then(({ exit }) => exit), folder),
    );
    CommandHere.#last = ended.catch(() => {});
    return ended;
  }

  /** What the command prints of an error that comes out of its work. */
  tell(args: readonly string[], error: unknown): Promise<EndedHere> {
    return this.#within(args, {}, async (command) => command.told(error));
  }

  async #within(
    args: readonly string[],
    more: Environment,
    use: (command: Invocation) => Promise<number>,
    folder = this.#folder,
  ): Promise<EndedHere> {
    const before = { env: process.env, folder: process.cwd() };
    const told = () => this.onPrint();
    const [out, err] = [kept(this.#columns, told), kept(this.#columns, told)];
    this.printed = () => out.text() + err.text();
    const all = Object.entries({ ...this.#env, ...more });
    process.env = Object.fromEntries(all.filter(([, value]) => value !== undefined));
    process.chdir(folder);
    try {
      const around = { stdout: out.stream, stderr: err.stream, env: process.env };
      const exit = await within(this.gate, () =>
        use(commandOf(args, around as HostProcess, this.#clock)),
      );
      return { exit, stdout: out.text(), stderr: err.text() };
    } finally {
      process.chdir(before.folder);
      process.env = before.env;
    }
  }
}

function kept(
  columns: number | null,
  onPrint: () => void,
): { stream: Writable; text: () => string } {
  let all = '';
  const stream = new Writable({
    write(chunk, _, done) {
      all += String(chunk);
      onPrint();
      done();
    },
  });
  if (columns !== null) Object.assign(stream, { isTTY: true, columns });
  return { stream, text: () => all };
}
