/** The words of hooks in `pipeline.yml`. */
import { z } from 'zod';
import { isPrivate } from '../../http/plain.ts';
import { hookName } from './identity.ts';
import { patternFault } from './patterns.ts';

const variable = z
  .string()
  .regex(/^(?!whsec_)[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable');

const url = z
  .string()
  .regex(/^https?:\/\/[^/\s@]+(\/[^\s#]*)?$/, {
    error: 'a URL that begins with https://, without a name or password in it',
    abort: true,
  })
  .refine((text) => URL.canParse(text) && isPrivate(new URL(text)), {
    error:
      'has to begin with https://; only on this machine (127.0.0.1, localhost) may it be http://',
  });

const hook = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,39}$/, 'a name of small letters, digits and dashes')
      .optional()
      .describe('by which the log and `status` know it; left out, it is known by its target'),
    on: z
      .union([z.string(), z.array(z.string()).min(1, 'has to have an event')], {
        error: 'has to be an event, a pattern such as production.*, or a list of them',
      })
      .describe(
        'the events that it is told of, * stands for anything: production.*; `*` alone is every event of deploys, and orders of people are lane.*, rollback.* and lock.broken',
      ),
    url: url.optional().describe('gets each event as a signed POST'),
    urlFrom: variable
      .optional()
      .describe('the environment variable with the URL, where that is a secret as a whole'),
    secret: z
      .union([variable, z.array(variable).min(1, 'has to have a name')], {
        error: 'has to be the name of an environment variable, or a list of names',
      })
      .optional()
      .describe(
        'the environment variable with the secret (whsec_…) that a URL’s events are signed with; with several, by each',
      ),
    run: z
      .string()
      .regex(/\S/, 'a command')
      .optional()
      .describe('a command, as /bin/sh takes it, that gets each event on its standard input'),
    env: z
      .array(variable)
      .optional()
      .describe(
        'environment variables that the command gets besides those that every program needs',
      ),
  })
  .superRefine((one, context) => {
    const issue = (path: (string | number)[], message: string, input?: unknown) =>
      context.addIssue({ code: 'custom', path, message, input });
    const isList = Array.isArray(one.on);
    for (const [at, pattern] of [one.on].flat().entries()) {
      const fault = patternFault(pattern);
      if (fault !== null) issue(isList ? ['on', at] : ['on'], `has to ${fault}`, pattern);
    }
    const ways = [one.url, one.urlFrom, one.run].filter((way) => way !== undefined);
    if (ways.length !== 1) issue([], 'has to have one of url, urlFrom and run');
    if (one.run === undefined && one.secret === undefined)
      issue(
        [],
        'has to have a secret: the environment variable with what its events are signed with',
      );
    if (one.run !== undefined && one.secret !== undefined)
      issue(['secret'], 'signs what goes to a URL; what goes to a command is not signed');
    if (one.run === undefined && one.env !== undefined)
      issue(['env'], 'is for a command, and this hook has none');
  });

/** Two of one name would be one to the log. */
export const schema = z.array(hook).superRefine((hooks, context) => {
  const places = new Map<string, number>();
  for (const [at, one] of hooks.entries()) {
    const name = hookName(one);
    const before = places.get(name);
    if (before === undefined) places.set(name, at);
    else {
      const same = one.name === undefined ? 'target' : 'name';
      const message = `has the ${same} of hook ${before + 1} of the list: give ${same === 'name' ? 'it another' : 'it a name of its own'}, or put both into one`;
      context.addIssue({ code: 'custom', path: [at], message });
    }
  }
});

export type HooksSettings = z.output<typeof schema>;
export type HookSettings = HooksSettings[number];
