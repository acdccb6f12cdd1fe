/** What sends traces: loaded once there is something to send. */
import { systemClock } from '../../effects/clock.ts';
import { createHttpClient } from '../../effects/http/client.ts';
import { undiciTransport } from '../../effects/http/undici-transport.ts';
import { sendTraces } from '../../effects/telemetry/otlp.ts';
import type { OtlpReceiver } from '../../effects/telemetry/vendor.ts';

export interface TraceSender {
  /** Resolves when it was taken. @throws VendorUnreachable, VendorRefused, LockstepError E_TRACES_REJECTED */
  send(body: string): Promise<void>;
  close(): Promise<void>;
}

const timeoutMs = 120_000;

export function openTraceSender(
  receiver: OtlpReceiver,
  notice: (line: string) => void,
): TraceSender {
  const transport = undiciTransport();
  const http = createHttpClient({
    transport: transport.send,
    clock: systemClock,
    random: Math.random,
    // Nothing there is the lane's.
    beforeWrite: async () => {},
    notice,
  });
  return {
    send: (body) => sendTraces(receiver, body, { http, signal: AbortSignal.timeout(timeoutMs) }),
    close: () => transport.close(),
  };
}
