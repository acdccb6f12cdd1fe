/** What the channel keeps from one delivery to the next. */
import { z } from 'zod';
import { environmentNames } from '../../../machine/events.ts';

const state = z.enum(['in_progress', 'success', 'failure', 'inactive']).nullable().default(null);
export const shownSchema = z.object({
  /** Of the deployment on GitHub; null: there is none that we know of. */
  id: z.number().nullable().default(null),
  /** What it shows. */
  state,
});
export const carriedSchema = shownSchema.extend({
  number: z.number(),
  sha: z.string(),
  isCommented: z.boolean().default(false),
});
export const deploySchema = z.object({
  environments: z.partialRecord(z.enum(environmentNames), shownSchema).default({}),
  carried: z.array(carriedSchema).default([]),
});
export const memorySchema = z.object({
  /** Those that are not over, the oldest first. */
  deploys: z.record(z.string(), deploySchema).default({}),
  /** The deployments of what went live last, or of the rollback since then; they show it until something else runs. */
  live: z
    .object({
      deploy: z.string(),
      commit: z.string(),
      own: z.number(),
      carried: z.array(z.number()),
    })
    .nullable()
    .default(null),
});

export type Shown = z.output<typeof shownSchema>;
export type Carried = z.output<typeof carriedSchema>;
export type Kept = z.output<typeof memorySchema>;
