/** The vendors, for a command that only asks: whatever would write is refused before it is sent. */
import { systemClock } from '../../effects/clock.ts';
import { createHttpClient } from '../../effects/http/client.ts';
import { undiciTransport } from '../../effects/http/undici-transport.ts';
import type { Ports } from '../../effects/ports.ts';

export interface Asking {
  /** @param timeoutMs how long a vendor's answer is of use */
  ports(timeoutMs: number, progress?: (line: string) => void): Ports;
  close(): Promise<void>;
}

export function openAsking(notice: (line: string) => void): Asking {
  const transport = undiciTransport();
  const clock = systemClock;
  const http = createHttpClient({
    transport: transport.send,
    clock,
    random: Math.random,
    beforeWrite: async () => {
      throw new Error('a command that only asks was about to write');
    },
    notice,
  });
  return {
    ports: (timeoutMs, progress = notice) => ({
      http,
      clock,
      signal: AbortSignal.timeout(timeoutMs),
      progress,
      deadlineMs: clock.ran() + timeoutMs,
    }),
    close: () => transport.close(),
  };
}
