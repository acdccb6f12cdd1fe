/** The flags that every command has. */
import { UsageError } from '../../errors/error.ts';

export interface GlobalFlags {
  config?: string;
  store?: string;
  json?: boolean;
  color?: boolean;
  debug?: boolean;
}

/** @throws UsageError E_USAGE a flag of nothing: a script's variable that was not set */
export function given(flag: string, value: string | undefined): string | undefined {
  if (value?.trim() !== '') return value;
  throw new UsageError('E_USAGE', `${flag} is given, but with nothing`, {
    hint: `Give it a value, or leave ${flag} out for its default.`,
  });
}

/** @throws UsageError E_USAGE no whole number from 1, or more than can be counted */
export function countGiven(flag: string, value: string): number {
  const count = Number(value);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  const most = Number.isInteger(count) && count >= 1 ? ` to ${Number.MAX_SAFE_INTEGER}` : '';
  throw new UsageError('E_USAGE', `${flag} takes a whole number from 1${most}, not ${value}`);
}
