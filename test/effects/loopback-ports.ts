/** Ports for tests that ask a small server on 127.0.0.1: real HTTP, a clock that jumps, what was told. */
import { createHttpClient } from '../../src/effects/http/client.ts';
import { undiciTransport } from '../../src/effects/http/undici-transport.ts';
import type { Ports } from '../../src/effects/ports.ts';
import { createVirtualClock } from './virtual-clock.ts';

export interface LoopbackPorts extends Ports {
  readonly told: readonly string[];
  readonly stop: AbortController;
  close(): Promise<void>;
}

/** Deadlines of `holdMs` or more never come: no answer from this machine needs longer than a retry's pause. */
export function createLoopbackPorts({ holdMs = 25_000 } = {}): LoopbackPorts {
  const transport = undiciTransport();
  const clock = createVirtualClock({ holdMs });
  const told: string[] = [];
  const stop = new AbortController();
  const progress = (line: string): void => void told.push(line);
  const http = createHttpClient({
    transport: transport.send,
    clock,
    random: () => 0,
    beforeWrite: async () => {},
    notice: progress,
  });
  return { http, clock, signal: stop.signal, progress, told, stop, close: () => transport.close() };
}
