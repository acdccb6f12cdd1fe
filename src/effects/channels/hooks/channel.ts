/** One hook as a channel: each of the list has its own place in the log, so that none waits for another. */
import type { Channel, ChannelFault, Delivery, Memory } from '../channel.ts';
import { type Envelope, envelopeOf, orderEnvelopeOf } from './envelope.ts';
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
  async function hand(
    envelope: Envelope,
    { ports, memory, assertHeld, leftOut }: Delivery,
  ): Promise<Memory> {
    await assertHeld();
    try {
      await send(envelope, ports);
    } catch (error) {
      if (hookFault(error) !== 'event') throw error;
      leftOut(error);
    }
    return memory;
  }
  return {
    name,
    title,
    wants: matching(patterns),
    faultOf: (error): ChannelFault => (hookFault(error) === 'setup' ? 'setup' : 'passing'),
    deliver: (news, delivery) => hand(envelopeOf(news), delivery),
    announce: (news, delivery) => hand(orderEnvelopeOf(news), delivery),
  };
}
