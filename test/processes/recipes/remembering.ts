/** Programs whose answers are asked for once until something is changed: a process each costs more than all else here. */
import type {
  ProgramEnd,
  ProgramStart,
  Programs,
  RunningProgram,
} from '../../../src/effects/targets/command/program.ts';

export class Remembering implements Programs {
  readonly #programs: Programs;
  readonly #said = new Map<string, Uint8Array>();

  constructor(programs: Programs) {
    this.#programs = programs;
  }

  check(words: readonly string[]): void {
    this.#programs.check(words);
  }

  file(bytes: Uint8Array) {
    return this.#programs.file(bytes);
  }

  /** Something was changed. */
  forget(): void {
    this.#said.clear();
  }

  start(program: ProgramStart): RunningProgram {
    const { LOCKSTEP_OPERATION: operation = '' } = program.told;
    if (operation === 'deploy' || operation === 'restore') this.forget();
    const known = this.#said.get(operation);
    if (known !== undefined) {
      const ended = Promise.resolve().then((): ProgramEnd => {
        program.onOutput('stdout', known);
        return { code: 0, signal: null };
      });
      return { ended, stop: () => {} };
    }
    const parts: Uint8Array[] = [];
    const running = this.#programs.start({
      ...program,
      onOutput: (from, bytes) => {
        if (from === 'stdout') parts.push(bytes);
        program.onOutput(from, bytes);
      },
    });
    const keep = (end: ProgramEnd) => {
      const text = Buffer.concat(parts);
      const isRead = operation === 'current' || operation === 'health';
      // What is under way changes by itself.
      if (isRead && end.code === 0 && !text.includes('"pending"')) this.#said.set(operation, text);
      return end;
    };
    return { ...running, ended: running.ended.then(keep) };
  }

  /** What a program says on its standard output, line by line. */
  async once(words: readonly string[], told: ProgramStart['told']): Promise<unknown[]> {
    const parts: Uint8Array[] = [];
    const onOutput = (from: string, bytes: Uint8Array) => {
      if (from === 'stdout') parts.push(bytes);
    };
    await this.start({ words, told, onOutput }).ended;
    const lines = Buffer.concat(parts).toString().split('\n');
    return lines.filter((line) => line !== '').map((line): unknown => JSON.parse(line));
  }
}
