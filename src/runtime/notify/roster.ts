/**
 * Which channels a lane's last run had. A channel that was taken out of the configuration keeps its checkpoint: put in
 * again, it goes on there. By this, nobody is told of it meanwhile.
 */
import { z } from 'zod';
import type { Channel } from '../../effects/channels/channel.ts';
import type { EventLog, JsonObject } from '../../store/log.ts';
import type { Notifier } from './notifier.ts';

const entrySchema = z.object({
  /** Its name. */
  channel: z.string(),
  /** For people. */
  title: z.string(),
});
const rosterSchema = z.object({ channels: z.array(entrySchema).default([]) });

export type RosterEntry = z.output<typeof entrySchema>;

const consumerOf = (lane: string): string => `channels/${lane}`;

/** Empty where no run has kept one. */
export async function readRoster(log: EventLog, lane: string): Promise<readonly RosterEntry[]> {
  const { state } = await log.checkpoint(consumerOf(lane));
  const read = rosterSchema.safeParse(state);
  return read.success ? read.data.channels : [];
}

/** Keeps it, beside the run: nothing depends on it but what people are shown. */
export function rosterKeeper(
  log: EventLog,
  lane: string,
  channels: readonly Pick<Channel, 'name' | 'title'>[],
): Notifier {
  let keeping = Promise.resolve();
  const keep = async (): Promise<void> => {
    const now = channels.map(({ name, title }) => ({ channel: name, title }));
    const before = await readRoster(log, lane);
    if (JSON.stringify(before) === JSON.stringify(now)) return;
    const state = { channels: now } as JsonObject;
    await log.saveCheckpoint(consumerOf(lane), { position: await log.head(), state });
  };
  const start = () => {
    keeping = keep().catch(() => {});
  };
  return {
    start,
    async drain() {
      start();
      await keeping;
    },
    async flush() {
      await keeping;
      return 'done';
    },
  };
}
