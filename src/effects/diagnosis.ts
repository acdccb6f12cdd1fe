/** What a check-up looks at, and what it finds: whoever knows a vendor hands in what can be asked of it. */

/** One thing that is looked at. */
export interface Diagnosis {
  /** Unique in the check-up, the kind’s name and a word: `command.programs`. */
  readonly id: string;
  /** What is looked at, in a few words. */
  readonly subject: string;
  /** Why it matters to a deploy. */
  readonly why: string;
  /** What was found, a finding for each that is worth a line; none: it does not apply. What it throws could not be asked. */
  look(): Promise<readonly Finding[]>;
}

export interface Finding {
  /** `unknown`: it could not be asked, which is no “ok”. `error`: a deploy would break, or ship what nobody meant. */
  readonly verdict: 'ok' | 'warning' | 'error' | 'unknown';
  readonly found: string;
  /** How it is mended; null where nothing is to be done. */
  readonly remedy: string | null;
  /** A calculation that can be checked, line by line. */
  readonly sums?: readonly string[];
}

export const ok = (found: string, sums?: readonly string[]): Finding => ({
  verdict: 'ok',
  found,
  remedy: null,
  ...(sums === undefined ? {} : { sums }),
});
export const warning = (found: string, remedy: string, sums?: readonly string[]): Finding => ({
  verdict: 'warning',
  found,
  remedy,
  ...(sums === undefined ? {} : { sums }),
});
export const fault = (found: string, remedy: string, sums?: readonly string[]): Finding => ({
  verdict: 'error',
  found,
  remedy,
  ...(sums === undefined ? {} : { sums }),
});
export const unknown = (found: string, remedy: string | null = null): Finding => ({
  verdict: 'unknown',
  found,
  remedy,
});
