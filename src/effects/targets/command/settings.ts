/** What a deploy is pinned to of a place that a team's programs serve: the programs, by their words, and what is waived. */
import { z } from 'zod';
import type { TargetSettings } from '../../../machine/events.ts';

const words = z.array(z.string()).min(1);

export const waivable = ['order', 'rollback'] as const;

const settingsSchema = z.object({
  /** `staging`, `canary` or `production`. */
  environment: z.string(),
  deploy: words,
  current: words.nullable(),
  health: words.nullable(),
  restore: words.nullable(),
  /** What cannot be read without `current`. */
  waive: z.array(z.enum(waivable)),
});

export type CommandSettings = z.infer<typeof settingsSchema>;

export const readSettings = ({ settings }: TargetSettings): CommandSettings =>
  settingsSchema.parse(settings);
