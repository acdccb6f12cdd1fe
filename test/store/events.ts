/** Events, stores and processes for the tests of the log. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject, NewEvent, RecordedEvent } from '../../src/store/log.ts';

export function anEvent(data: JsonObject = {}, id: string = randomUUID()): NewEvent {
  return { id, type: 'thing.happened', data, metadata: { actor: 'ada' } };
}

export const events = (count: number): NewEvent[] =>
  Array.from({ length: count }, (_, n) => anEvent({ n }));

/** `stream@version` of each, for comparing orders at a glance. */
export const places = (recorded: readonly RecordedEvent[]): string[] =>
  recorded.map(({ stream, version }) => `${stream}@${version}`);

export interface TestStore {
  readonly url: string;
  remove(): Promise<void>;
}

export async function sqliteStore(): Promise<TestStore & { readonly file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-store-'));
  const file = join(folder, 'log.db');
  return { file, url: `sqlite:${file}`, remove: () => rm(folder, { recursive: true }) };
}

const compiled = join(tmpdir(), 'lockstep-compiled');

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
  const script = join(import.meta.dirname, 'writer.ts');
  const child = spawn(process.execPath, [script, url, name, mode, String(count)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Compiling what it imports takes most of a short writer's time.
    env: { NODE_COMPILE_CACHE: compiled, ...process.env },
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
