/** Fields that are written in one way in all of `pipeline.yml`. */
import { z } from 'zod';
import { parseDuration } from '../../format/duration.ts';

/** Written like `90s`; milliseconds when read. */
export const duration = (description: string, standard: string) =>
  z
    .string('a duration such as 500ms, 90s, 60m or 2h')
    .regex(/^\d{1,9}(ms|s|m|h)$/, 'a duration such as 500ms, 90s, 60m or 2h')
    .default(standard)
    .describe(`${description} (${standard} when left out)`)
    .transform((text) => parseDuration(text) ?? 0);

export const url = z
  .string()
  .regex(/^https?:\/\/[^/\s@]+(\/\S*)?$/, {
    error: 'a URL that begins with http:// or https://, without a name or password in it',
    abort: true,
  })
  .refine((text) => URL.canParse(text), 'has to be a URL');
