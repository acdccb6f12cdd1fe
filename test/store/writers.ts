/** Processes that write to a log. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { bundled } from './bundled.ts';

const script = await bundled(join(import.meta.dirname, 'writer.ts'));

/** A process that writes to the log: see `writer.ts`. Every line that it prints is one acknowledged append. */
export interface Writer {
  readonly process: ChildProcess;
  readonly acknowledged: () => readonly string[];
  /** Resolves when it is over, with its exit code or its signal. */
  readonly over: Promise<string>;
  /** Resolves when it has printed this many lines, or is over. */
  printed(lines: number): Promise<void>;
}

export function startWriter(url: string, name: string, mode: string, count: number): Writer {
  const child = spawn(process.execPath, [script.file, url, name, mode, String(count)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: script.env,
  });
  let out = '';
  let trouble = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    trouble += text;
  });
  // The last piece is no line yet: a killed process may leave half of one.
  const acknowledged = () => out.split('\n').slice(0, -1);
  const over = once(child, 'close').then(([code, signal]) =>
    code === 0 || signal !== null ? String(signal ?? code) : `${code}: ${trouble}`,
  );
  return {
    process: child,
    acknowledged,
    over,
    async printed(lines) {
      let isOver = false;
      const end = over.then(() => {
        isOver = true;
      });
      while (!isOver && acknowledged().length < lines) {
        await Promise.race([once(child.stdout, 'data'), end]);
      }
    },
  };
}
