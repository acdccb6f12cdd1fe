/** Events and stores for the tests of the log. */
import { randomUUID } from 'node:crypto';
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
