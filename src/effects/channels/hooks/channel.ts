/** One hook as a channel: each of the list has its own place in the log, so that none waits for another. */
import type { Channel, ChannelFault, Delivery, Memory, News } from '../channel.ts';
import { type Envelope, envelopeOf } from './envelope.ts';
import { hookFault } from './errors.ts';
import { matching } from './patterns.ts';

export interface HookOptions {
  readonly name: string;
  readonly title: string;
  readonly patterns: readonly string[];
  /** Hands an event over, once. @throws what `hookFault` explains */
  readonly send: (envelope: Envelope, ports: Delivery['ports']) => Promise<void>;
}

export function createHook({ name, title, patterns, send }: HookOptions): Channel {
  return {
    name,
    title,
    wants: matching(patterns),
    faultOf: (error): ChannelFault => (hookFault(error) === 'setup' ? 'setup' : 'passing'),
    async deliver(news: News, { ports, memory, assertHeld, leftOut }: Delivery): Promise<Memory> {
      await assertHeld();
      try {
        await send(envelopeOf(news), ports);
      } catch (error) {
        if (hookFault(error) !== 'event') throw error;
        leftOut(error);
      }
      return memory;
    },
  };
}
