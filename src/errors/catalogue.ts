/**
 * Every error code of the program: what it means, what to do about it, and with which exit code a command ends by it.
 * docs/errors.md is written from here. A vendor's folder has its own part: it knows the vendor's words.
 */
import { deployErrors } from './deploys.ts';
import type { ErrorEntries, ErrorPart } from './entry.ts';
import { logErrors } from './log.ts';
import { outsideErrors } from './outside.ts';
import { storeErrors } from './store.ts';
import { usageErrors } from './usage.ts';

const coreErrors = {
  ...usageErrors,
  ...deployErrors,
  ...logErrors,
  ...storeErrors,
  ...outsideErrors,
} as const satisfies ErrorEntries;

/** The codes that belong to no vendor. */
export type CoreCode = keyof typeof coreErrors;

export const coreParts: readonly ErrorPart[] = [
  { title: 'What was asked for, and what it was given', errors: usageErrors },
  { title: 'Deploys', errors: deployErrors },
  { title: 'What the log holds', errors: logErrors },
  { title: 'Where the log is kept', errors: storeErrors },
  { title: 'Git and the vendors', errors: outsideErrors },
];
