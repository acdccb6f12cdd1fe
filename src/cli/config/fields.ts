/** Fields that are written in one way in all of `pipeline.yml`. */
import { z } from 'zod';
import { fitsHeader } from '../../effects/http/header-value.ts';
import { parseDuration } from '../../format/duration.ts';

const durationWords = 'a duration such as 500ms, 90s, 60m or 2h';
const durationText = z.string(durationWords).regex(/^\d{1,9}(ms|s|m|h)$/, durationWords);
const limitWords = 'a duration longer than 0, such as 500ms, 90s, 60m or 2h';
const limitText = z.string(limitWords).regex(/^(?=.*[1-9])\d{1,9}(ms|s|m|h)$/, limitWords);

const ofStandard = (text: z.ZodString, description: string, standard: string) =>
  text
    .default(standard)
    .describe(`${description} (${standard} when left out)`)
    .transform((written) => parseDuration(written) ?? 0);

/** Written like `90s`; milliseconds when read. For 0s nothing is done. */
export const duration = (description: string, standard: string) =>
  ofStandard(durationText, description, standard);

/** As a duration, and longer than 0: what may take no time at all has always taken too long. */
export const timeLimit = (description: string, standard: string) =>
  ofStandard(limitText, description, standard);

export const url = z
  .string()
  .regex(/^https?:\/\/[^/\s@]+(\/\S*)?$/, {
    error: 'a URL that begins with http:// or https://, without a name or password in it',
    abort: true,
  })
  .refine((text) => URL.canParse(text), 'has to be a URL');

/** A token (RFC 9110, sections 5.1 and 5.6.2): no answer has a header of another name. */
export const headerName = z
  .string()
  .regex(
    /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
    'the name of a header: letters, digits and dashes, without a space or a colon',
  );

/** What is around it is no part of a value (RFC 9110, section 5.5). */
export const headerValue = z
  .string()
  .refine(
    (text) => text === text.trim() && fitsHeader(text),
    'has to be what a header can hold: one line, without spaces around it',
  );

/** As `git check-ref-format --branch` takes it (https://git-scm.com/docs/git-check-ref-format). */
export const branchName = z
  .string()
  .refine(
    isBranchName,
    'has to be the name of a branch, as git takes it: without spaces and any of ~ ^ : ? * [ \\, such as master',
  );

function isBranchName(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git refuses them
  const hasOther = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\s/.test(text);
  const parts = text.split('/');
  const isOdd = parts.some((part) => part === '' || part.startsWith('.') || part.endsWith('.lock'));
  return !(hasOther || isOdd || text === '@' || text.startsWith('-') || text.endsWith('.'));
}
